//! What each node did last, nodes side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use peerflow_model::NodeId;

use super::FailureReport;
use crate::history::{Entry, RequestId, What};
use crate::report::words::{fitted, wrapped};

/// `HH:MM:SS.mmm` and the gap after it; hours of longer runs take more.
const TIME: usize = 14;
/// The least columns of a node. Nodes that do not fit beside others come in a block below.
const LEAST: usize = 22;
const MOST: usize = 44;
/// Events of the whole cluster in a block, for each event of a node.
const GLOBAL: usize = 4;

/// Writes blocks of as many nodes as fit side by side.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    report: &FailureReport<'_>,
    width: usize,
) -> fmt::Result {
    let owners = owners(report.entries);
    let fit = ((width - TIME) / LEAST).max(1);
    for (number, nodes) in report.nodes.chunks(fit).enumerate() {
        if number > 0 {
            writeln!(f)?;
        }
        let column = ((width - TIME) / nodes.len()).min(MOST);
        block(f, report, nodes, &owners, column)?;
    }
    Ok(())
}

fn block(
    f: &mut fmt::Formatter<'_>,
    report: &FailureReport<'_>,
    nodes: &[NodeId],
    owners: &[Option<&NodeId>],
    column: usize,
) -> fmt::Result {
    let mut head = " ".repeat(TIME);
    for node in nodes {
        head += &fitted(node.as_str(), column);
    }
    writeln!(f, "{}", head.trim_end())?;
    let mut before = String::new();
    for index in chosen(report, nodes, owners) {
        let Some(entry) = report.entries.get(index) else {
            continue;
        };
        let time = entry.at.to_string();
        let shown = if time == before { "" } else { time.as_str() };
        let place = owners.get(index).copied().flatten();
        let place = place.and_then(|owner| nodes.iter().position(|node| node == owner));
        let words = words(&entry.what, owners.get(index).copied().flatten());
        let (indent, lines) = match place {
            Some(place) => (place * column, wrapped(&words, column - 2)),
            None => {
                let room = column * nodes.len();
                (
                    0,
                    vec![
                        fitted(&format!("== {words} "), room - 2)
                            .trim_end()
                            .to_owned()
                            + " ==",
                    ],
                )
            }
        };
        for (number, line) in lines.iter().enumerate() {
            let time = if number == 0 { shown } else { "" };
            let gap = " ".repeat(indent);
            writeln!(f, "{time:<TIME$}{gap}{line}")?;
        }
        before = time;
    }
    Ok(())
}

/// What happened, in words; in the column of a node that node is not named again.
fn words(what: &What, owner: Option<&NodeId>) -> String {
    let words = what.to_string();
    let Some(owner) = owner else {
        return words;
    };
    let shorter = words.strip_prefix(&format!("{owner} ")).unwrap_or(&words);
    for place in [" on ", " of ", " to ", " by "] {
        let Some((before, after)) = shorter.split_once(&format!("{place}{owner}")) else {
            continue;
        };
        // `n1` is no part of `n10`.
        if after.is_empty() || after.starts_with([',', ':']) {
            return format!("{before}{after}");
        }
    }
    shorter.to_owned()
}

/// The last events of each node, and what happened to the whole cluster since the first of them, in order.
fn chosen(
    report: &FailureReport<'_>,
    nodes: &[NodeId],
    owners: &[Option<&NodeId>],
) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    for node in nodes {
        chosen.extend(newest(owners, Some(node)).take(report.last));
    }
    let first = chosen.first().copied().unwrap_or_default();
    let global = newest(owners, None).take(report.last * GLOBAL);
    chosen.extend(global.filter(|index| *index >= first));
    chosen
}

/// What is about `wanted`, newest first.
fn newest<'a>(
    owners: &'a [Option<&NodeId>],
    wanted: Option<&'a NodeId>,
) -> impl Iterator<Item = usize> + 'a {
    let numbered = owners.iter().enumerate().rev();
    let fits = numbered.filter(move |(_, owner)| **owner == wanted);
    fits.map(|(index, _)| index)
}

/// The node that each entry is about; none of what concerns the whole cluster.
fn owners(entries: &[Entry]) -> Vec<Option<&NodeId>> {
    let mut asked: BTreeMap<RequestId, &NodeId> = BTreeMap::new();
    let mut owners = Vec::with_capacity(entries.len());
    for entry in entries {
        let owner = match &entry.what {
            What::Started { node, .. }
            | What::StartFailed { node, .. }
            | What::Broke { node }
            | What::Crashed { node }
            | What::Stopped { node }
            | What::Paused { node }
            | What::Resumed { node }
            | What::MasterBegan { node, .. }
            | What::MasterEnded { node, .. }
            | What::TaskStarted { node, .. }
            | What::TaskEnded { node, .. } => Some(node),
            What::LeaseTaken { holder, .. }
            | What::LeaseReleased { holder, .. }
            | What::Committed { holder, .. }
            | What::Fenced { holder, .. } => Some(holder),
            What::Asked { request, node, .. } => {
                asked.insert(*request, node);
                Some(node)
            }
            What::Answered { request, .. } => asked.get(request).copied(),
            What::Restored { .. }
            | What::FaultBegan { .. }
            | What::FaultEnded { .. }
            | What::Healing => None,
        };
        owners.push(owner);
    }
    owners
}
