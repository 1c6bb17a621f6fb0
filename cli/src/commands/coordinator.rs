//! `coordinator …`: standalone coordinators.

use http::Method;
use peerflow_node::http::types::{Coordinator, CoordinatorSummary, InstancesCreated};

use super::ask_done;
use super::check::{Expected, check};
use super::schedule::show_coordinator;
use super::workflow::{add, all_pages};
use crate::args::CoordinatorCommand;
use crate::client::{Ask, segment, typed};
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::session::Session;
use crate::style::time;
use crate::table::Rows;

pub(super) async fn coordinator(
    session: &Session,
    command: CoordinatorCommand,
) -> Result<Exit, Error> {
    let at = |name: &str| format!("/coordinators/{}", segment(name));
    match command {
        CoordinatorCommand::Add(documents) => {
            add(session, &documents.files, Expected::Coordinator).await
        }
        CoordinatorCommand::Check(documents) => {
            check(session, &documents.files, Expected::Coordinator).await
        }
        CoordinatorCommand::List { key } => list(session, key).await,
        CoordinatorCommand::Info { name, xml } => info(session, &at(&name), xml).await,
        CoordinatorCommand::Del { name } => ask_done(session, Method::DELETE, at(&name)).await,
        CoordinatorCommand::Trigger { name } => trigger(session, &at(&name)).await,
        CoordinatorCommand::Reset { name } => {
            ask_done(session, Method::POST, format!("{}/reset", at(&name))).await
        }
        CoordinatorCommand::Enable { name } => {
            ask_done(session, Method::POST, format!("{}/enable", at(&name))).await
        }
        CoordinatorCommand::Disable { name } => {
            ask_done(session, Method::POST, format!("{}/disable", at(&name))).await
        }
    }
}

async fn list(session: &Session, key: Option<String>) -> Result<Exit, Error> {
    let raw = all_pages(&session.client()?, "/coordinators", &[("key", key)]).await?;
    let items: Vec<CoordinatorSummary> = typed(&raw["items"])?;
    session.output.show(&raw, || {
        let language = session.output.language;
        if items.is_empty() {
            return language.no_coordinators();
        }
        let header = [
            language.label_name(),
            language.label_folder(),
            language.label_creator(),
            language.label_updated(),
            language.label_description(),
        ];
        let mut rows = Rows::under(&header, session.output.terminal);
        for item in items {
            rows.row(vec![
                item.name.into(),
                item.dir.into(),
                item.creator.into(),
                time(item.updated_at).into(),
                item.description.into(),
            ]);
        }
        rows.render()
    })?;
    Ok(Exit::Done)
}

async fn info(session: &Session, path: &str, xml: bool) -> Result<Exit, Error> {
    let client = session.client()?;
    if xml {
        session
            .output
            .text(&client.text(&Ask::get(format!("{path}/xml"))).await?)?;
        return Ok(Exit::Done);
    }
    let raw = client.value(&Ask::get(path)).await?;
    let coordinator: Coordinator = typed(&raw)?;
    session
        .output
        .show(&raw, || show(&session.output, &coordinator))?;
    Ok(Exit::Done)
}

fn show(output: &Output, coordinator: &Coordinator) -> String {
    let language = output.language;
    let summary = &coordinator.summary;
    let mut facts = Rows::plain(output.terminal);
    facts.fact(language.label_name(), summary.name.clone());
    facts.fact(language.label_folder(), summary.dir.clone());
    facts.fact(language.label_description(), summary.description.clone());
    facts.fact(language.label_creator(), summary.creator.clone());
    facts.fact(language.label_created(), time(summary.created_at));
    facts.fact(language.label_updated(), time(summary.updated_at));
    let coordinator = show_coordinator(language, output.terminal, &coordinator.coordinator);
    format!(
        "{}\n{}\n{coordinator}",
        facts.render(),
        language.title_coordinator()
    )
}

async fn trigger(session: &Session, path: &str) -> Result<Exit, Error> {
    let raw = session
        .client()?
        .value(&Ask::write(Method::POST, format!("{path}/trigger")))
        .await?;
    let created: InstancesCreated = typed(&raw)?;
    session.output.show(&raw, || {
        let made = created
            .instances
            .iter()
            .map(|id| session.output.language.instance_made(id));
        made.collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Done)
}
