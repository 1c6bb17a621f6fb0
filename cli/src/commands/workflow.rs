//! `workflow …`.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use http::Method;
use peerflow_node::http::types::{
    AttachedFile, InstanceCreated, Outcome, Registered, Run, Trigger, WorkflowSummary,
};
use peerflow_workflow::{Diagnostics, Document, WorkflowDocument};
use serde_json::{Value, json};

use super::check::{Expected, check};
use super::{ask_done, wait, workflow_info};
use crate::args::WorkflowCommand;
use crate::client::{Ask, Client, query, segment, typed};
use crate::document_file::{DocumentFile, attached_paths, find_attached};
use crate::error::{Error, Exit};
use crate::language::Language;
use crate::output::Output;
use crate::session::Session;
use crate::style::{Tone, clean};

/// Attached files may have so many bytes.
const MAX_ATTACHED_BYTES: u64 = 64 * 1024 * 1024;

pub(super) async fn workflow(session: &Session, command: WorkflowCommand) -> Result<Exit, Error> {
    let at = |name: &str| format!("/workflows/{}", segment(name));
    match command {
        WorkflowCommand::Add(documents) => add(session, &documents.files, Expected::Workflow).await,
        WorkflowCommand::Check(documents) => {
            check(session, &documents.files, Expected::Workflow).await
        }
        WorkflowCommand::List { key } => list(session, key).await,
        WorkflowCommand::Info { name, xml } => workflow_info::info(session, &name, xml).await,
        WorkflowCommand::Del { name } => ask_done(session, Method::DELETE, at(&name)).await,
        WorkflowCommand::Trigger {
            name,
            blood,
            skip,
            wait,
        } => {
            let body = Trigger {
                blood,
                skip: skip.into_iter().collect(),
            };
            let ask = Ask::write(Method::POST, format!("{}/trigger", at(&name))).json(&body)?;
            start(session, &ask, wait).await
        }
        WorkflowCommand::Run { name, params, wait } => {
            let body = Run {
                params: params.into_iter().collect(),
            };
            let ask = Ask::write(Method::POST, format!("{}/run", at(&name))).json(&body)?;
            start(session, &ask, wait).await
        }
        WorkflowCommand::Reset { name } => {
            ask_done(session, Method::POST, format!("{}/reset", at(&name))).await
        }
        WorkflowCommand::Enable { name } => {
            ask_done(session, Method::POST, format!("{}/enable", at(&name))).await
        }
        WorkflowCommand::Disable { name } => {
            ask_done(session, Method::POST, format!("{}/disable", at(&name))).await
        }
    }
}

/// Starts an instance by `ask`; shows its id, or with `waited` itself until it ends.
pub(super) async fn start(session: &Session, ask: &Ask, waited: bool) -> Result<Exit, Error> {
    let raw = session.client()?.value(ask).await?;
    let created: InstanceCreated = typed(&raw)?;
    if waited {
        return wait(session, &created.instance).await;
    }
    session.output.show(&raw, || {
        session.output.language.instance_made(&created.instance)
    })?;
    Ok(Exit::Done)
}

/// Registers documents, each with its files; goes on after one that is refused.
pub(super) async fn add(
    session: &Session,
    files: &[PathBuf],
    expected: Expected,
) -> Result<Exit, Error> {
    let output = &session.output;
    let client = session.client()?;
    let mut answers = Vec::new();
    let mut exit = Exit::Done;
    for path in files {
        match add_one(&client, output, path, expected).await {
            Ok(raw) => answers.push(raw),
            // Without a peer or a master the others would fare no better.
            Err(error) if error.is_passing() => return Err(error),
            Err(error) if files.len() == 1 => return Err(error),
            Err(error) => {
                super::report(output, &error);
                exit = Exit::Failed;
            }
        }
    }
    if !output.is_table() {
        output.raw(&match <[Value; 1]>::try_from(answers) {
            Ok([only]) if files.len() == 1 => only,
            Ok([only]) => json!([only]),
            Err(several) => Value::Array(several),
        })?;
    }
    Ok(exit)
}

async fn add_one(
    client: &Client,
    output: &Output,
    path: &Path,
    expected: Expected,
) -> Result<Value, Error> {
    let file = DocumentFile::open(path, output.language)?;
    match (&file.read, expected) {
        (Ok((Document::Workflow(document), warnings)), Expected::Workflow) => {
            if output.is_table() && !warnings.0.is_empty() {
                show_diagnostics(output, &file, warnings);
            }
            let raw = register(client, output, &file, document).await?;
            show_registered(output, &raw)?;
            Ok(raw)
        }
        (Ok((Document::Coordinator(document), _)), Expected::Coordinator) => {
            let path = format!(
                "/coordinators/{}",
                segment(document.coordinator.name.as_str())
            );
            let ask = Ask::write(Method::PUT, path).body("application/xml", file.xml.clone());
            let raw = client.value(&ask).await?;
            show_registered(output, &raw)?;
            Ok(raw)
        }
        (Ok((Document::Coordinator(_), _)), Expected::Workflow) => {
            Err(Error::Usage(output.language.is_a_coordinator(file.shown())))
        }
        (Ok((Document::Workflow(_), _)), Expected::Coordinator) => {
            Err(Error::Usage(output.language.is_a_workflow(file.shown())))
        }
        (Err(wrong), _) => {
            show_diagnostics(output, &file, wrong);
            Err(Error::Failed(
                output.language.document_refused(file.shown()),
            ))
        }
    }
}

/// Shows errors and warnings with the lines they are about.
pub(super) fn show_diagnostics(output: &Output, file: &DocumentFile, diagnostics: &Diagnostics) {
    let (language, colour) = (output.language, output.terminal.colour);
    let text = language.rendered(diagnostics, &file.shown(), &file.xml, colour);
    output.note(text.trim_end());
}

/// Registers a workflow with the files that it attaches, in one step: their contents are brought before. What is not
/// found is said and left to the node that runs it.
pub(super) async fn register(
    client: &Client,
    output: &Output,
    file: &DocumentFile,
    document: &WorkflowDocument,
) -> Result<Value, Error> {
    let at = format!("/workflows/{}", segment(document.workflow().name.as_str()));
    let here = std::env::current_dir()
        .map_err(|error| Error::Failed(output.language.cannot_read(".", error)))?;
    let mut attached = Vec::new();
    for path in attached_paths(document.workflow()) {
        let Some(found) = find_attached(&path, &file.path, &here) else {
            let language = output.language;
            output.note(&language.warning(language.attached_not_found(&path)));
            continue;
        };
        let (content, executable) = read_attached(output.language, &path, &found)?;
        let upload = format!("{at}/attachments/{}?stage=true", segment(&path));
        let upload = Ask::write(Method::PUT, upload).body("application/octet-stream", content);
        let stored: AttachedFile = typed(&client.value(&upload).await?)?;
        attached.push(json!({
            "path": path, "hash": stored.hash, "size": stored.size, "executable": executable,
        }));
    }
    let attached = (!attached.is_empty()).then(|| Value::Array(attached).to_string());
    let put = format!("{at}{}", query(&[("attachments", attached)]));
    client
        .value(&Ask::write(Method::PUT, put).body("application/xml", file.xml.clone()))
        .await
}

/// The content of an attached file, and whether its owner may execute it.
fn read_attached(language: Language, path: &str, found: &Path) -> Result<(Vec<u8>, bool), Error> {
    let unreadable = |error| Error::Failed(language.cannot_read(found.display(), error));
    let about = std::fs::metadata(found).map_err(unreadable)?;
    if about.len() > MAX_ATTACHED_BYTES {
        return Err(Error::Failed(language.attached_too_large(path)));
    }
    let executable = about.permissions().mode() & 0o100 != 0;
    Ok((std::fs::read(found).map_err(unreadable)?, executable))
}

fn show_registered(output: &Output, raw: &Value) -> Result<(), Error> {
    if !output.is_table() {
        return Ok(());
    }
    let language = output.language;
    let registered: Registered = typed(raw)?;
    let name = clean(&registered.name);
    for note in &registered.notes {
        output.note(&language.note(clean(&language.told(note))));
    }
    let text = match registered.outcome {
        Outcome::Added => language.added(&name),
        Outcome::Updated => language.updated(&name),
        Outcome::Unchanged => language.unchanged(&name),
        Outcome::Kept => language.kept(&name),
    };
    output.text(&text)
}

/// All pages of a list, as one answer of the shape of a page.
pub(super) async fn all_pages(
    client: &Client,
    path: &str,
    pairs: &[(&str, Option<String>)],
) -> Result<Value, Error> {
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let mut pairs = pairs.to_vec();
        pairs.push(("limit", Some("1000".to_owned())));
        pairs.push(("cursor", cursor));
        let mut page = client
            .value(&Ask::get(format!("{path}{}", query(&pairs))))
            .await?;
        if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
            items.extend(more);
        }
        cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok(json!({"items": items, "next": null}));
        }
    }
}

async fn list(session: &Session, key: Option<String>) -> Result<Exit, Error> {
    let raw = all_pages(&session.client()?, "/workflows", &[("key", key)]).await?;
    let items: Vec<WorkflowSummary> = typed(&raw["items"])?;
    session
        .output
        .show(&raw, || tree(&items, &session.output))?;
    Ok(Exit::Done)
}

/// Workflows under their folders.
fn tree(items: &[WorkflowSummary], output: &Output) -> String {
    let colour = output.terminal.colour;
    if items.is_empty() {
        return output.language.no_workflows();
    }
    let mut folders: BTreeMap<Vec<&str>, Vec<&WorkflowSummary>> = BTreeMap::new();
    for item in items {
        let folder: Vec<_> = item
            .dir
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        for depth in 0..=folder.len() {
            folders.entry(folder[..depth].to_vec()).or_default();
        }
        folders.entry(folder).or_default().push(item);
    }
    let mut lines = vec![output.language.workflows_below(items.len())];
    for (folder, mut inside) in folders {
        if let Some(name) = folder.last() {
            let line = format!("{}{}/", "  ".repeat(folder.len() - 1), clean(name));
            lines.push(Tone::Busy.paint(&line, colour));
        }
        inside.sort_by(|left, right| left.name.cmp(&right.name));
        for item in inside {
            let mut line = format!("{}{}", "  ".repeat(folder.len()), clean(&item.name));
            if !item.description.is_empty() {
                line.push_str(&format!(
                    "  {}",
                    Tone::Quiet.paint(&clean(&item.description), colour)
                ));
            }
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Format;
    use crate::output::Terminal;

    #[test]
    fn workflows_stand_under_their_folders() {
        let item = |name: &str, dir: &str| {
            serde_json::from_value(
                json!({"name": name, "dir": dir, "creator": "c", "description": "", "hash": "",
                "created_at": "2026-11-20T01:00:00Z", "updated_at": "2026-11-20T01:00:00Z"}),
            )
            .expect("a summary")
        };
        let items = [
            item("b", "/example/depends"),
            item("a", "/example"),
            item("top", "/"),
            item("日报", "/example"),
        ];
        let output = Output {
            format: Format::Table,
            language: Language::English,
            terminal: Terminal {
                size: None,
                colour: false,
            },
        };
        let shown = tree(&items, &output);
        let lines: Vec<_> = shown.lines().skip(1).collect();
        assert_eq!(
            lines,
            ["top", "example/", "  a", "  日报", "  depends/", "    b"]
        );
    }
}
