//! Commands as short lines, so that a test reads as a list of what follows.

use std::fmt::Write;

use peerflow_model::{Change, CoordinatorState, Fate, LedgerRow, Mail, MailKind, RunId};

use super::store::Store;
use crate::{Answer, Command};

/// A run by its workflow's name, its number among that workflow's instances, and its run.
pub(super) fn run(store: &Store, id: &RunId) -> String {
    let Some(instance) = store.instances.get(id) else {
        return format!("unknown {id}");
    };
    let mut of_workflow: Vec<_> = store
        .instances
        .values()
        .filter(|other| other.workflow == instance.workflow && other.id.run == 1)
        .map(|other| other.id.instance.clone())
        .collect();
    of_workflow.sort();
    let number = of_workflow.iter().position(|other| *other == id.instance);
    let number = number.map_or(0, |at| at + 1);
    format!("{}{number}#{}", instance.workflow, id.run)
}

/// One line for a command; `store` holds the changes already.
pub(super) fn command(store: &Store, command: &Command) -> String {
    let attempt = |id: &peerflow_model::AttemptId| {
        let visit = &id.visit;
        format!(
            "{}/{}.{}.{}",
            run(store, &visit.run),
            visit.step,
            visit.visit,
            id.attempt
        )
    };
    match command {
        Command::Persist(each) => change(store, each),
        Command::Dispatch(dispatch) => {
            format!(
                "dispatch {} to {}",
                attempt(&dispatch.attempt),
                dispatch.node
            )
        }
        Command::Kill {
            attempt: id,
            node,
            reason,
        } => format!("kill {} on {node}: {reason}", attempt(id)),
        Command::Acknowledge { attempt: id, node } => {
            format!("acknowledge {} to {node}", attempt(id))
        }
        Command::Reply { result, .. } => match result {
            Ok(Answer::Registered { outcome, notes, .. }) => {
                format!("reply {outcome:?} {notes:?}")
            }
            Ok(Answer::Instances(ids)) => format!("reply {} instances", ids.len()),
            Ok(Answer::Done(text)) => format!("reply {text}"),
            Err(refusal) => format!("refuse {}", refusal.message),
        },
        Command::Warn(text) => format!("warn {text}"),
    }
}

fn change(store: &Store, change: &Change) -> String {
    match change {
        Change::PutWorkflow(record) => format!("workflow {}", record.name),
        Change::DeleteWorkflow(name) => format!("delete workflow {name}"),
        Change::PutCoordinator(record) => format!("coordinator {}", record.name),
        Change::DeleteCoordinator(name) => format!("delete coordinator {name}"),
        Change::PutCoordinatorState(each) => state(each),
        Change::DeleteCoordinatorState(key) => format!("delete state of {key}"),
        Change::PutInstance(instance) => with_message(
            format!(
                "instance {} {:?}{}",
                run(store, &instance.id),
                instance.status,
                if instance.ending.is_some() {
                    " ending"
                } else {
                    ""
                }
            ),
            &instance.message,
        ),
        Change::DeleteInstance(_) => "delete instance".to_owned(),
        Change::PutVisit(visit) => with_message(
            format!(
                "visit {}/{}.{} {:?}",
                run(store, &visit.id.run),
                visit.id.step,
                visit.id.visit,
                visit.status
            ),
            &visit.message,
        ),
        Change::PutAttempt(attempt) => format!(
            "attempt {}/{}.{}.{} {:?} on {}",
            run(store, &attempt.id.visit.run),
            attempt.id.visit.step,
            attempt.id.visit.visit,
            attempt.id.attempt,
            attempt.status,
            attempt.node
        ),
        Change::PutLedger(row) => ledger(row),
        Change::PutLedgerGap(gap) => format!(
            "gap {} {} to {}: {} {}",
            gap.coordinator.name, gap.from, gap.to, gap.count, gap.fate
        ),
        Change::PutBlood(blood) => {
            let remaining: Vec<&str> = blood.remaining.keys().map(|name| name.as_str()).collect();
            let stopped = if blood.stopped { " stopped" } else { "" };
            format!("blood {} remaining {remaining:?}{stopped}", blood.root)
        }
        Change::DeleteBlood(_) => "delete blood".to_owned(),
        Change::PutMail(due) => mail(due),
        Change::PutReading(reading) => format!("reading {}", reading.value),
        Change::PutPlan(rows) => format!("plan of {} rows", rows.len()),
        Change::PutAnswer { key, .. } => format!("answer {key}"),
        Change::PutOffer { path, .. } => format!("offer {path}"),
        Change::PutSetting { key, value } => format!("setting {key}={value}"),
        Change::PutLink(link) => format!("link {} {}", link.kind.as_str(), link.name),
        Change::DeleteLink(key) => format!("delete link {} {}", key.kind.as_str(), key.name),
        Change::PutRestoration(Some(found)) => {
            let order = found.last_queue_order;
            format!("restoration epoch {} up to {order:?}", found.epoch.0)
        }
        Change::PutRestoration(None) => "restoration over".to_owned(),
    }
}

fn ledger(row: &LedgerRow) -> String {
    let fate = match &row.fate {
        Fate::Held => "held".to_owned(),
        Fate::Ran { .. } => "ran".to_owned(),
        Fate::Skipped { reason } => format!("skipped: {reason}"),
        Fate::Missed { reason } => format!("missed: {reason}"),
    };
    format!("ledger {} {} {fate}", row.workflow, row.instant)
}

fn mail(mail: &Mail) -> String {
    let kind = match &mail.kind {
        MailKind::Outcome { .. } => "outcome".to_owned(),
        MailKind::RetryFailed { .. } => "retry failed".to_owned(),
        MailKind::RetryRecovered { .. } => "retry recovered".to_owned(),
        MailKind::DataExceeded { warning, .. } => format!("data exceeded: {warning}"),
    };
    format!("mail {kind} of {} to {:?}", mail.workflow, mail.receivers)
}

fn state(state: &CoordinatorState) -> String {
    let mut text = format!("state of {}", state.key);
    if let Some(enabled) = state.enabled {
        text += if enabled { " on" } else { " off" };
    }
    if let Some(held) = state.held_time {
        write!(text, " held {held}").unwrap();
    }
    if !state.ready.is_empty() {
        let ready: Vec<&str> = state.ready.keys().map(|name| name.as_str()).collect();
        write!(text, " ready {ready:?}").unwrap();
    }
    text
}

fn with_message(text: String, message: &str) -> String {
    if message.is_empty() {
        text
    } else {
        format!("{text}: {message}")
    }
}
