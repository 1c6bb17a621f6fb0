//! Children of the spawner that it did not start itself: processes whose parents have ended.

use std::collections::BTreeMap;

use super::mark::Marks;
use super::owned::{Owned, Starting};
use super::processes::{ProcessFacts, facts, mark_of};

/// A process whose parent has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(crate) pid: i32,
    /// The task it belongs to, where that can be told.
    pub(crate) owner: Option<u64>,
    /// It surely belongs to no task that still lives.
    pub(crate) nobodys: bool,
}

/// Finds the task of each orphan: by the mark in its environment, else by its process group, else (it cleared its
/// environment and left its group) as the only task that was alive when it started. Where several are possible it is
/// left alone until one remains.
pub(crate) fn attribute(
    pids: impl Iterator<Item = i32>,
    tasks: &BTreeMap<u64, Owned>,
    starting: &BTreeMap<u64, Starting>,
    marks: &Marks,
) -> Vec<Orphan> {
    // A zombie is no longer there; it is reaped with the next signal.
    pids.filter_map(|pid| Some((pid, facts(pid)?)))
        .filter(|(_, facts)| !facts.zombie)
        .map(|(pid, facts)| attribute_one(pid, &facts, tasks, starting, marks))
        .collect()
}

fn attribute_one(
    pid: i32,
    facts: &ProcessFacts,
    tasks: &BTreeMap<u64, Owned>,
    starting: &BTreeMap<u64, Starting>,
    marks: &Marks,
) -> Orphan {
    let mark = mark_of(pid);
    if let Some(task) = mark.as_deref().and_then(|mark| marks.task(mark)) {
        let alive = tasks.contains_key(&task) || starting.contains_key(&task);
        return Orphan {
            pid,
            owner: alive.then_some(task),
            nobodys: !alive,
        };
    }
    if let Some((&task, _)) = tasks.iter().find(|(_, task)| task.pid == facts.group) {
        return Orphan {
            pid,
            owner: Some(task),
            nobodys: false,
        };
    }
    // The kernel tells starts in hundredths of a second, rounded down.
    let born_centiseconds = facts.started + 1;
    let mut candidates = tasks
        .iter()
        .filter(|(_, task)| task.started.as_nanoseconds() / 10_000_000 <= born_centiseconds)
        .map(|(&id, _)| id)
        .chain(starting.keys().copied());
    match (candidates.next(), candidates.next()) {
        (None, _) => Orphan {
            pid,
            owner: None,
            nobodys: true,
        },
        (Some(only), None) => Orphan {
            pid,
            owner: Some(only),
            nobodys: false,
        },
        (Some(_), Some(_)) => Orphan {
            pid,
            owner: None,
            nobodys: false,
        },
    }
}
