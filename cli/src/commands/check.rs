//! `workflow check` and `coordinator check`: what is wrong with documents, without registering them.

use std::path::PathBuf;

use http::Method;
use jiff::tz::TimeZone;
use peerflow_model::CoordinatorKind;
use peerflow_node::http::types::{Check, DocumentFault, ScheduleInfo, Time};
use peerflow_workflow::{Coordinator, Document};
use serde_json::{Value, json};

use super::schedule::show_schedule;
use crate::client::{Ask, Client, typed};
use crate::document_file::{DocumentFile, attached_paths};
use crate::error::{Error, Exit};
use crate::language::Language;
use crate::output::Output;
use crate::session::Session;
use crate::style::clean;

/// The root a document should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Workflow,
    Coordinator,
}

/// What is found out about one document.
struct Finding {
    raw: Value,
    check: Check,
    /// Whether a peer said so, who knows other workflows.
    by_peer: bool,
}

/// Checks all files, by a peer too where one answers.
pub(super) async fn check(
    session: &Session,
    paths: &[PathBuf],
    _expected: Expected,
) -> Result<Exit, Error> {
    let output = &session.output;
    let mut client = Some(session.client()?);
    let mut answers = Vec::new();
    let mut exit = Exit::Done;
    let mut alone = false;
    for path in paths {
        let file = match DocumentFile::open(path, output.language) {
            Ok(file) => file,
            Err(error) if paths.len() == 1 => return Err(error),
            Err(error) => {
                super::report(output, &error);
                exit = Exit::Failed;
                continue;
            }
        };
        let finding = find(&mut client, &file).await?;
        alone |= !finding.by_peer;
        if !finding.check.valid {
            exit = Exit::Failed;
        }
        if output.is_table() {
            show(output, &file, &finding)?;
        } else {
            answers.push(with_file(finding, &file));
        }
    }
    if alone && output.is_table() {
        output.note(&output.language.checked_alone());
    }
    if !output.is_table() {
        output.raw(&json!({ "items": answers }))?;
    }
    Ok(exit)
}

/// Asks the peer; once none is reachable, nobody.
async fn find(client: &mut Option<Client>, file: &DocumentFile) -> Result<Finding, Error> {
    if let Some(asked) = client
        && file.is_utf8
    {
        let ask = Ask::get("/workflows/check")
            .query_with(Method::POST)
            .body("application/xml", file.xml.clone());
        match asked.value(&ask).await {
            Ok(raw) => {
                return Ok(Finding {
                    check: typed(&raw)?,
                    raw,
                    by_peer: true,
                });
            }
            Err(Error::Refused(problem)) if problem.status == 413 => {}
            Err(error) if error.is_passing() => *client = None,
            Err(error) => return Err(error),
        }
    }
    let check = alone(file);
    let raw = serde_json::to_value(&check).map_err(|error| Error::Answer(error.to_string()))?;
    Ok(Finding {
        raw,
        check,
        by_peer: false,
    })
}

fn with_file(finding: Finding, file: &DocumentFile) -> Value {
    let mut raw = finding.raw;
    if let Some(fields) = raw.as_object_mut() {
        fields.insert("file".to_owned(), json!(file.shown()));
        fields.insert("checked_by_peer".to_owned(), json!(finding.by_peer));
    }
    raw
}

/// What can be said without a peer.
fn alone(file: &DocumentFile) -> Check {
    let diagnostics = match &file.read {
        Ok((_, warnings)) => warnings,
        Err(wrong) => wrong,
    };
    let (errors, warnings) = DocumentFault::split(diagnostics);
    let mut check = Check {
        valid: file.read.is_ok(),
        errors,
        warnings,
        notes: Vec::new(),
        kind: None,
        name: None,
        parameters_needed: Default::default(),
        schedule: None,
        files: Vec::new(),
    };
    match &file.read {
        Ok((Document::Workflow(document), _)) => {
            let workflow = document.workflow();
            check.kind = Some(CoordinatorKind::Workflow);
            check.name = Some(workflow.name.to_string());
            check.parameters_needed = document.parameters_to_give();
            check.schedule = workflow
                .coordinator
                .as_ref()
                .and_then(|coordinator| schedule_of(coordinator, workflow.timezone.as_deref()));
            check.files = attached_paths(workflow).into_iter().collect();
        }
        Ok((Document::Coordinator(document), _)) => {
            check.kind = Some(CoordinatorKind::Standalone);
            check.name = Some(document.coordinator.name.to_string());
            check.parameters_needed = document.coordinator.parameters_needed();
            check.schedule = schedule_of(&document.coordinator, None);
        }
        Err(_) => {}
    }
    check
}

/// The schedule and its next times, in the zone that the document names or this machine's.
fn schedule_of(coordinator: &Coordinator, timezone: Option<&str>) -> Option<ScheduleInfo> {
    let schedule = coordinator.schedule.as_ref()?;
    let zone = coordinator
        .timezone
        .as_deref()
        .or(timezone)
        .and_then(|name| TimeZone::get(name).ok())
        .unwrap_or_else(TimeZone::system);
    let instant = |local: jiff::civil::DateTime| zone.to_timestamp(local).ok();
    let now = crate::now();
    // "Not before" includes the start itself.
    let start = coordinator
        .start_time
        .and_then(instant)
        .and_then(|start| start.checked_sub(jiff::Span::new().nanoseconds(1)).ok());
    let end = coordinator.end_time.and_then(instant);
    let mut next_fire_times = Vec::new();
    let mut after = start.map_or(now, |start| start.max(now));
    while coordinator.enabled && next_fire_times.len() < 5 {
        let Some(next) = schedule
            .next_after(after, &zone)
            .filter(|next| end.is_none_or(|end| *next <= end))
        else {
            break;
        };
        next_fire_times.push(Time::new(next, &zone));
        after = next;
    }
    Some(ScheduleInfo {
        text: schedule.as_str().to_owned(),
        description: schedule.describe(),
        next_fire_times,
    })
}

fn show(output: &Output, file: &DocumentFile, finding: &Finding) -> Result<(), Error> {
    let language = output.language;
    let check = &finding.check;
    let shown = file.shown();
    let local = match &file.read {
        Ok((_, warnings)) => warnings,
        Err(wrong) => wrong,
    };
    let mut text = language.rendered(local, &shown, &file.xml, output.terminal.colour);
    // A peer of another version may see more.
    let is_new = |fault: &&DocumentFault| !local.0.iter().any(|each| each.message == fault.message);
    for fault in check.errors.iter().filter(is_new) {
        text.push_str(&language.error(place(language, &shown, fault)));
        text.push('\n');
    }
    for fault in check.warnings.iter().filter(is_new) {
        text.push_str(&language.warning(place(language, &shown, fault)));
        text.push('\n');
    }
    for note in &check.notes {
        text.push_str(&language.note(clean(&language.told(note))));
        text.push('\n');
    }
    if !check.valid {
        text.push_str(&language.check_failed(&shown, check.errors.len(), check.warnings.len()));
        return output.text(&text);
    }
    let name = check.name.as_deref().map(clean).unwrap_or_default();
    text.push_str(&match check.kind {
        Some(CoordinatorKind::Standalone) => {
            language.coordinator_fine(&shown, &name, check.warnings.len())
        }
        Some(CoordinatorKind::Workflow) | None => {
            language.workflow_fine(&shown, &name, check.warnings.len())
        }
    });
    text.push('\n');
    if !check.parameters_needed.is_empty() {
        let names: Vec<_> = check
            .parameters_needed
            .iter()
            .map(|name| clean(name))
            .collect();
        text.push_str(&format!(
            "  {}: {}\n",
            language.label_parameters_needed(),
            names.join(", ")
        ));
    }
    if let Some(schedule) = &check.schedule {
        text.push_str(&show_schedule(language, schedule));
    }
    output.text(&text)
}

fn place(language: Language, file: &str, fault: &DocumentFault) -> String {
    let help = if fault.help.is_empty() {
        String::new()
    } else {
        language.in_brackets(clean(&language.told_of_document(&fault.help)))
    };
    format!(
        "{file}:{}:{}: {}{help}",
        fault.line,
        fault.column,
        clean(&language.told_of_document(&fault.message))
    )
}
