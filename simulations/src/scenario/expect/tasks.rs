//! What is expected of runs and their tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peerflow_model::{Attempt, AttemptId, AttemptStatus, Change, InstanceStatus, NodeId};
use peerflow_node::format_duration;

use super::Unmet;
use crate::history::{Entry, TaskFate, What};

/// How many runs succeeded.
pub(super) fn succeeded_runs(entries: &[Entry]) -> usize {
    let succeeded = changes(entries).filter_map(|(_, change)| match change {
        Change::PutInstance(run) if run.status == InstanceStatus::Succeeded => Some(&run.id),
        _ => None,
    });
    succeeded.collect::<BTreeSet<_>>().len()
}

/// No visit is tried more than `most` times.
pub(super) fn tries(entries: &[Entry], most: u32) -> Result<(), Unmet> {
    for (place, entry) in entries.iter().enumerate() {
        if let What::TaskStarted { node, attempt, .. } = &entry.what
            && attempt.attempt > most
        {
            let what = format!("{attempt} begins on {node}, and at most {most} tries of a visit");
            return Err((place, format!("{what} were expected")));
        }
    }
    Ok(())
}

/// A process that was killed although nobody had asked for it.
struct Torn<'e> {
    place: usize,
    attempt: &'e AttemptId,
    node: &'e NodeId,
    with_node: bool,
}

/// All processes that died with their node, or because its grant was over. The latter is the spawner's doing, or the node's
/// own, which the history tells from a kill that was asked for by what the store says of the try afterwards.
fn torn(entries: &[Entry]) -> impl Iterator<Item = Torn<'_>> {
    let lost: BTreeSet<_> = lost(entries).map(|(_, attempt)| &attempt.id).collect();
    let entries = entries.iter().enumerate();
    entries.filter_map(move |(place, entry)| match &entry.what {
        What::TaskEnded {
            node,
            attempt,
            fate,
        } => {
            let counts = match fate {
                TaskFate::NodeDied | TaskFate::GrantOver => true,
                TaskFate::Killed => lost.contains(attempt),
                TaskFate::Succeeded | TaskFate::Failed => false,
            };
            counts.then_some(Torn {
                place,
                attempt,
                node,
                with_node: *fate == TaskFate::NodeDied,
            })
        }
        _ => None,
    })
}

/// No process dies with its node or its grant.
pub(super) fn none_killed(entries: &[Entry]) -> Result<(), Unmet> {
    no_grant_over(entries)?;
    match torn(entries).next() {
        Some(torn) => {
            let (attempt, node) = (torn.attempt, torn.node);
            let what = format!("{attempt} died with {node}, which was not expected");
            Err((torn.place, what))
        }
        None => Ok(()),
    }
}

/// No process dies because its node's grant is over.
pub(super) fn no_grant_over(entries: &[Entry]) -> Result<(), Unmet> {
    match torn(entries).find(|torn| !torn.with_node) {
        Some(torn) => {
            let (attempt, node) = (torn.attempt, torn.node);
            let what = format!("{attempt} was killed on {node}, which lives, unexpectedly");
            Err((torn.place, what))
        }
        None => Ok(()),
    }
}

/// How many processes died because their node's grant was over.
pub(super) fn grants_over(entries: &[Entry]) -> usize {
    torn(entries).filter(|torn| !torn.with_node).count()
}

/// No try is given up as lost.
pub(super) fn none_lost(entries: &[Entry]) -> Result<(), Unmet> {
    match lost(entries).next() {
        Some((place, attempt)) => {
            let (id, node) = (&attempt.id, &attempt.node);
            let what = format!("{id} on {node} was given up as lost, which was not expected");
            Err((place, what))
        }
        None => Ok(()),
    }
}

/// What was killed with its node or its grant begins again that soon, if it does.
pub(super) fn again_within(entries: &[Entry], most: Duration) -> Result<(), Unmet> {
    let mut torn = torn(entries).peekable();
    let mut killed = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate() {
        if let Some(torn) = torn.next_if(|torn| torn.place == place) {
            killed.insert(&torn.attempt.visit, entry.at);
        }
        let What::TaskStarted { node, attempt, .. } = &entry.what else {
            continue;
        };
        let Some(since) = killed.remove(&attempt.visit) else {
            continue;
        };
        let waited = entry.at.since(since);
        if waited > most {
            let (waited, most) = (format_duration(waited), format_duration(most));
            let what = format!(
                "{attempt} begins on {node} {waited} after the try before was killed at {since}, at most {most} was \
                 expected"
            );
            return Err((place, what));
        }
    }
    Ok(())
}

fn lost(entries: &[Entry]) -> impl Iterator<Item = (usize, &Attempt)> {
    changes(entries).filter_map(|(place, change)| match change {
        Change::PutAttempt(attempt) if attempt.status == AttemptStatus::Lost => {
            Some((place, attempt))
        }
        _ => None,
    })
}

/// All changes that were committed, with the place of their commit.
pub(super) fn changes(entries: &[Entry]) -> impl Iterator<Item = (usize, &Change)> {
    entries.iter().enumerate().flat_map(|(place, entry)| {
        let changes: &[Change] = match &entry.what {
            What::Committed { changes, .. } => changes,
            _ => &[],
        };
        changes.iter().map(move |change| (place, change))
    })
}
