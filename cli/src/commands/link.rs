//! `link …`: databases and file systems that workflows name.

mod given;

use http::Method;
use peerflow_node::http::types::{Link, LinkGiven, LinkOutcome, LinkSaved, LinkTrial};

use self::given::{database, files};
use super::ask_done;
use super::workflow::all_pages;
use crate::args::{DbLinkCommand, FileLinkCommand, LinkCommand, LinkDelArgs};
use crate::client::{Ask, query, segment, typed};
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::session::Session;
use crate::style::{Tone, clean, time};
use crate::table::{Field, Rows};

/// Where links to databases are.
const DB: &str = "/links/db";
/// Where links to files are.
const FILE: &str = "/links/file";

pub(super) async fn link(session: &Session, command: LinkCommand) -> Result<Exit, Error> {
    let language = session.output.language;
    match command {
        LinkCommand::Db(DbLinkCommand::Add(args)) => {
            let given = database(language, args.url, args.common, true)?;
            save(session, Method::POST, DB.to_owned(), &given).await
        }
        LinkCommand::Db(DbLinkCommand::Update(args)) => {
            let at = at(DB, &args.common.name);
            let given = database(language, args.url, args.common, false)?;
            save(session, Method::PUT, at, &given).await
        }
        LinkCommand::Db(DbLinkCommand::List) => list(session, DB).await,
        LinkCommand::Db(DbLinkCommand::Test(which)) => test(session, at(DB, &which.name)).await,
        LinkCommand::Db(DbLinkCommand::Del(which)) => delete(session, DB, which).await,
        LinkCommand::File(FileLinkCommand::Add(args)) => {
            let mut given = files(language, args.common, true)?;
            (given.host, given.port) = (args.host, args.port);
            save(session, Method::POST, FILE.to_owned(), &given).await
        }
        LinkCommand::File(FileLinkCommand::Update(args)) => {
            let at = at(FILE, &args.common.name);
            let mut given = files(language, args.common, false)?;
            (given.host, given.port) = (args.host, args.port);
            save(session, Method::PUT, at, &given).await
        }
        LinkCommand::File(FileLinkCommand::List) => list(session, FILE).await,
        LinkCommand::File(FileLinkCommand::Test(which)) => {
            test(session, at(FILE, &which.name)).await
        }
        LinkCommand::File(FileLinkCommand::Del(which)) => delete(session, FILE, which).await,
    }
}

fn at(list: &str, name: &str) -> String {
    format!("{list}/{}", segment(name))
}

async fn save(
    session: &Session,
    method: Method,
    path: String,
    given: &LinkGiven,
) -> Result<Exit, Error> {
    let output = &session.output;
    let ask = Ask::write(method, path).json(given)?;
    let raw = session.client()?.value(&ask).await?;
    let saved: LinkSaved = typed(&raw)?;
    let language = output.language;
    if output.is_table() {
        for warning in &saved.warnings {
            output.note(&language.warning(clean(&language.told(warning))));
        }
    }
    output.show(&raw, || {
        let name = clean(&saved.name);
        match saved.outcome {
            LinkOutcome::Added => language.added(name),
            LinkOutcome::Updated => language.updated(name),
            LinkOutcome::Unchanged => language.unchanged(name),
        }
    })?;
    Ok(Exit::Done)
}

async fn list(session: &Session, path: &str) -> Result<Exit, Error> {
    let raw = all_pages(&session.client()?, path, &[]).await?;
    let links: Vec<Link> = typed(&raw["items"])?;
    session
        .output
        .show(&raw, || table(&session.output, links))?;
    Ok(Exit::Done)
}

fn table(output: &Output, links: Vec<Link>) -> String {
    let language = output.language;
    if links.is_empty() {
        return language.no_links();
    }
    let header = [
        language.label_name(),
        language.label_type(),
        language.label_address(),
        language.label_username(),
        language.label_secrets(),
        language.label_updated(),
        language.label_description(),
    ];
    let mut rows = Rows::under(&header, output.terminal);
    for link in links {
        let secrets = if link.has_secrets {
            language.yes()
        } else {
            language.no()
        };
        rows.row(vec![
            link.name.clone().into(),
            link.system.clone().into(),
            address(&link).into(),
            link.username.into(),
            secrets.into(),
            time(link.updated_at).into(),
            link.description.into(),
        ]);
    }
    rows.render()
}

/// Where a link leads.
fn address(link: &Link) -> String {
    match (&link.jdbc_url, &link.host, link.port) {
        (Some(url), ..) => url.clone(),
        (None, Some(host), Some(port)) => format!("{host}:{port}"),
        (None, host, _) => host.clone().unwrap_or_default(),
    }
}

async fn test(session: &Session, path: String) -> Result<Exit, Error> {
    let output = &session.output;
    let ask = Ask::write(Method::POST, format!("{path}/test"));
    let raw = session.client()?.value(&ask).await?;
    let trial: LinkTrial = typed(&raw)?;
    output.show(&raw, || {
        let language = output.language;
        let told = language.told(&trial.message);
        let (verdict, tone) = if trial.ok {
            (language.reachable(), Tone::Good)
        } else {
            (language.unreachable(), Tone::Bad)
        };
        let mut facts = Rows::plain(output.terminal);
        facts.fact(language.label_name(), trial.name.clone());
        facts.fact(language.label_node(), trial.node.clone());
        facts.fact(language.label_state(), Field::toned(verdict, tone));
        facts.fact(language.label_message(), clean(&told).into_owned());
        facts.render()
    })?;
    Ok(if trial.ok { Exit::Done } else { Exit::Failed })
}

async fn delete(session: &Session, list: &str, which: LinkDelArgs) -> Result<Exit, Error> {
    let force = which.force.then(|| "true".to_owned());
    let query = query(&[("force", force)]);
    let path = format!("{}{query}", at(list, &which.name));
    ask_done(session, Method::DELETE, path).await
}
