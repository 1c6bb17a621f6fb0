//! `instance …`.

use http::Method;
use jiff::civil::{Date, DateTime, Time as CivilTime};
use jiff::tz::TimeZone;
use peerflow_model::{InstanceStatus, TriggerKind, VisitStatus};
use peerflow_node::http::types::{Instance, InstancePage, Release, Rerun};
use serde_json::json;

use super::workflow::start;
use super::{ask_done, log, wait, workflow_info};
use crate::args::{InstanceCommand, SearchArgs};
use crate::client::{Ask, query, segment, typed};
use crate::error::{Error, Exit};
use crate::language::Language;
use crate::output::Output;
use crate::progress::{Frame, draw};
use crate::session::Session;
use crate::style::{duration, elapsed, instance_status, instance_tone, optional_time, time};
use crate::table::{Field, Rows};

pub(super) async fn instance(session: &Session, command: InstanceCommand) -> Result<Exit, Error> {
    let at = |id: &str| format!("/instances/{}", segment(id));
    match command {
        InstanceCommand::Info { id, log, xml } => info(session, &at(&id), log, xml).await,
        InstanceCommand::Log { id, step, follow } => log::log(session, &id, step, follow).await,
        InstanceCommand::Wait { id } => wait(session, &id).await,
        InstanceCommand::Search(args) => search(session, args).await,
        InstanceCommand::Kill { id } => {
            ask_done(session, Method::POST, format!("{}/kill", at(&id))).await
        }
        InstanceCommand::Release {
            id,
            step,
            visit,
            fail,
        } => {
            let release = Release {
                step,
                visit,
                run_again: !fail,
            };
            let ask = Ask::write(Method::POST, format!("{}/release", at(&id))).json(&release)?;
            let raw = session.client()?.value(&ask).await?;
            super::show_done(&session.output, &raw)?;
            Ok(Exit::Done)
        }
        InstanceCommand::Del { id } => ask_done(session, Method::DELETE, at(&id)).await,
        InstanceCommand::Rerun {
            id,
            recover,
            as_was,
            wait,
        } => {
            let ask = Ask::write(Method::POST, format!("{}/rerun", at(&id)))
                .json(&Rerun { recover, as_was })?;
            start(session, &ask, wait).await
        }
    }
}

async fn info(session: &Session, path: &str, with_log: bool, xml: bool) -> Result<Exit, Error> {
    let client = session.client()?;
    if xml {
        session
            .output
            .text(&client.text(&Ask::get(format!("{path}/xml"))).await?)?;
        return Ok(Exit::Done);
    }
    let mut raw = client.value(&Ask::get(path)).await?;
    let instance: Instance = typed(&raw)?;
    if !with_log {
        session
            .output
            .show(&raw, || show(&session.output, &instance))?;
        return Ok(Exit::Done);
    }
    if session.output.is_table() {
        session.output.text(&show(&session.output, &instance))?;
        session
            .output
            .text(&format!("\n{}", session.output.language.title_log()))?;
        log::print_all(&client, &session.output, &instance.summary.id, None).await?;
        return Ok(Exit::Done);
    }
    let lines = log::collect_all(&client, &instance.summary.id).await?;
    if let Some(fields) = raw.as_object_mut() {
        fields.insert("log".to_owned(), json!(lines));
    }
    session.output.raw(&raw)?;
    Ok(Exit::Done)
}

fn show(output: &Output, instance: &Instance) -> String {
    let (language, summary) = (output.language, &instance.summary);
    let mut facts = Rows::plain(output.terminal);
    facts.fact(language.label_id(), summary.id.clone());
    facts.fact(language.label_workflow(), summary.workflow.clone());
    facts.fact(language.label_run(), summary.run.to_string());
    let status = instance_status(language, summary.status);
    facts.fact(
        language.label_status(),
        Field::toned(status, instance_tone(summary.status)),
    );
    facts.fact(language.label_message(), language.told(&summary.message));
    facts.fact(language.label_trigger(), trigger(language, summary.trigger));
    let coordinator = summary
        .coordinator
        .as_ref()
        .map(|coordinator| coordinator.name.clone());
    facts.fact(
        language.label_coordinator(),
        coordinator.unwrap_or_default(),
    );
    facts.fact(language.label_logical_time(), time(summary.logical_time));
    facts.fact(language.label_created(), time(summary.created_at));
    facts.fact(language.label_started(), optional_time(summary.started_at));
    facts.fact(language.label_ended(), optional_time(summary.ended_at));
    let took = elapsed(summary.started_at, summary.ended_at, crate::now()).map(duration);
    facts.fact(language.label_took(), took.unwrap_or_default());
    facts.fact(
        language.label_skip(),
        summary.skip.iter().cloned().collect::<Vec<_>>().join(", "),
    );
    let mut text = facts.render();
    if is_held(instance) {
        text.push_str(&format!("\n{}\n", language.held(&summary.id)));
    }
    if !summary.params.is_empty() {
        text.push_str(&format!("\n{}\n", language.title_parameters()));
        let mut rows = Rows::plain(output.terminal);
        for (name, value) in &summary.params {
            rows.row(vec![name.clone().into(), value.clone().into()]);
        }
        text.push_str(&rows.render());
    }
    text.push_str(&format!("\n{}\n", language.title_steps()));
    let frame = Frame {
        language,
        colour: output.terminal.colour,
        width: output.terminal.width().map(usize::from),
        height: None,
        now: crate::now(),
    };
    let lines = draw(instance, &frame);
    text.push_str(&lines[1..].join("\n"));
    text
}

/// Whether something of it waits for an operator.
fn is_held(instance: &Instance) -> bool {
    match instance.summary.status {
        InstanceStatus::Waiting => instance.summary.message.contains("held for an operator"),
        InstanceStatus::Running => {
            let mut steps = instance.steps.iter();
            steps.any(|step| step.status == VisitStatus::Lost)
        }
        InstanceStatus::Succeeded | InstanceStatus::Failed | InstanceStatus::Killed => false,
    }
}

/// What made an instance, in words.
pub(super) fn trigger(language: Language, kind: TriggerKind) -> String {
    match kind {
        TriggerKind::Cron => language.trigger_cron(),
        TriggerKind::Dependency => language.trigger_dependency(),
        TriggerKind::Trigger => language.trigger_trigger(),
        TriggerKind::Blood => language.trigger_blood(),
        TriggerKind::Run => language.trigger_run(),
    }
}

async fn search(session: &Session, args: SearchArgs) -> Result<Exit, Error> {
    let language = session.output.language;
    let zone = TimeZone::system();
    let from = args
        .from
        .as_deref()
        .map(|text| bound(text, Edge::From, &zone, language))
        .transpose()?;
    let to = args
        .to
        .as_deref()
        .map(|text| bound(text, Edge::To, &zone, language))
        .transpose()?;
    let status = (!args.status.is_empty()).then(|| args.status.join(","));
    let client = session.client()?;
    let mut found = InstancePage {
        items: Vec::new(),
        next: None,
    };
    let mut items = Vec::new();
    loop {
        let left = args.limit as usize - items.len();
        let pairs = [
            ("from", from.clone()),
            ("to", to.clone()),
            ("creator", args.creator.clone()),
            ("status", status.clone()),
            ("key", args.key.clone()),
            ("limit", Some(left.min(1000).to_string())),
            ("cursor", found.next.take()),
        ];
        let raw = client
            .value(&Ask::get(format!("/instances{}", query(&pairs))))
            .await?;
        let page: InstancePage = typed(&raw)?;
        let is_last = page.items.is_empty();
        items.extend(raw["items"].as_array().cloned().unwrap_or_default());
        found.items.extend(page.items);
        found.next = page.next;
        if is_last || found.next.is_none() || items.len() >= args.limit as usize {
            break;
        }
    }
    if args.steps {
        for item in &mut items {
            let Some(id) = item["id"].as_str() else {
                continue;
            };
            let path = format!("/instances/{}", segment(id));
            *item = client.value(&Ask::get(path)).await?;
        }
    }
    let raw = json!({"items": items, "next": found.next});
    session.output.show(&raw, || {
        if found.items.is_empty() {
            return language.no_instances();
        }
        let mut text = workflow_info::instances(language, session.output.terminal, &found.items);
        if found.next.is_some() {
            text.push_str(&language.more_instances());
        }
        text
    })?;
    Ok(Exit::Done)
}

/// Which end of a range a date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    From,
    /// A date without a time means its whole day.
    To,
}

/// A local date, or date and time, as an instant.
fn bound(text: &str, edge: Edge, zone: &TimeZone, language: Language) -> Result<String, Error> {
    let wrong = || Error::Usage(language.no_date(text));
    let local = match text.trim().parse::<Date>() {
        Ok(date) if text.trim().len() <= 10 => {
            let day = if edge == Edge::To {
                date.tomorrow().map_err(|_last_day_of_all| wrong())?
            } else {
                date
            };
            day.to_datetime(CivilTime::midnight())
        }
        _ => text
            .trim()
            .parse::<DateTime>()
            .map_err(|_no_date| wrong())?,
    };
    let instant = zone.to_timestamp(local).map_err(|_out_of_range| wrong())?;
    Ok(instant.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_local_and_the_last_day_counts_whole() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let at = |text: &str, edge| bound(text, edge, &zone, Language::English);
        assert_eq!(
            at("2026-11-20", Edge::From).ok().as_deref(),
            Some("2026-11-19T16:00:00Z")
        );
        assert_eq!(
            at("2026-11-20", Edge::To).ok().as_deref(),
            Some("2026-11-20T16:00:00Z")
        );
        assert_eq!(
            at("2026-11-20 08:30", Edge::To).ok().as_deref(),
            Some("2026-11-20T00:30:00Z")
        );
        assert_eq!(
            at("2026-11-20T08:30:05", Edge::From).ok().as_deref(),
            Some("2026-11-20T00:30:05Z")
        );
        for wrong in [
            "",
            "yesterday",
            "2026-13-01",
            "20.11.2026",
            "2026-11-20 25:00",
        ] {
            assert!(
                matches!(at(wrong, Edge::From), Err(Error::Usage(_))),
                "{wrong:?} was taken"
            );
        }
    }
}
