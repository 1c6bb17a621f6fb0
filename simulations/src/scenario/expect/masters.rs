//! What is expected of masters.

use std::collections::BTreeSet;
use std::time::Duration;

use peerflow_model::NodeId;
use peerflow_node::format_duration;

use super::Unmet;
use crate::history::{Entry, What};
use crate::time::VirtualTime;

/// Nobody acts as master for no longer than that.
pub(super) fn max_without(
    entries: &[Entry],
    ended: VirtualTime,
    most: Duration,
) -> Result<(), Unmet> {
    let mut masters = BTreeSet::new();
    let mut still = BTreeSet::new();
    let mut nobody_since = None;
    for (place, entry) in entries.iter().enumerate() {
        let acted = acts(&masters, &still);
        match &entry.what {
            What::MasterBegan { node, .. } => drop(masters.insert(node)),
            What::MasterEnded { node, .. } => drop(masters.remove(node)),
            What::Crashed { node } | What::Stopped { node } => {
                masters.remove(node);
                still.remove(node);
            }
            What::Paused { node } => drop(still.insert(node)),
            What::Resumed { node } => drop(still.remove(node)),
            _ => {}
        }
        match (acted, acts(&masters, &still)) {
            (true, false) => nobody_since = Some(entry.at),
            (false, true) => check(nobody_since.take(), entry.at, most, place)?,
            _ => {}
        }
    }
    check(nobody_since, ended, most, entries.len())
}

fn acts(masters: &BTreeSet<&NodeId>, still: &BTreeSet<&NodeId>) -> bool {
    !masters.is_subset(still)
}

fn check(
    since: Option<VirtualTime>,
    until: VirtualTime,
    most: Duration,
    place: usize,
) -> Result<(), Unmet> {
    match since.map(|since| (since, until.since(since))) {
        Some((since, lasted)) if lasted > most => {
            let (lasted, most) = (format_duration(lasted), format_duration(most));
            let what = format!("nobody was master for {lasted} from {since} on, at most {most}");
            Err((place, format!("{what} was expected")))
        }
        _ => Ok(()),
    }
}

/// How many terms of masters began.
pub(super) fn terms(entries: &[Entry]) -> usize {
    let began = |entry: &&Entry| matches!(entry.what, What::MasterBegan { .. });
    entries.iter().filter(began).count()
}
