//! Invariant 8: once faults stop there is one master, membership is equal everywhere, and every instance reaches an end,
//! save those that wait for something named that is absent. A node that cannot start, or of which a part breaks, heals never.
//!
//! It claims nothing of a run that ends before the bound is over, and of an instance only once it had that long.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{Change, Incarnation, Instance, InstanceStatus, NodeId, RunId, VisitStatus};

use super::{End, Invariant, Stored, WaitsFor};
use crate::history::{Entry, What};
use crate::time::VirtualTime;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Heals {
    healing: Option<VirtualTime>,
    /// When each run was made.
    made: BTreeMap<RunId, VirtualTime>,
}

fn one_master(end: &End<'_>) -> Result<(), String> {
    let masters: Vec<&NodeId> = end
        .nodes
        .iter()
        .filter(|view| view.master.is_some())
        .map(|view| &view.node)
        .collect();
    match masters[..] {
        [_] => Ok(()),
        [] => Err("nobody is master".to_owned()),
        _ => Err(format!("these are master: {masters:?}")),
    }
}

fn equal_membership(end: &End<'_>) -> Result<(), String> {
    let living: BTreeSet<(NodeId, Incarnation)> = end
        .nodes
        .iter()
        .map(|view| (view.node.clone(), view.incarnation))
        .collect();
    for view in end.nodes {
        let strange = view.members.symmetric_difference(&living).next();
        if let Some((node, incarnation)) = strange {
            let (me, life) = (&view.node, incarnation.0);
            return Err(if living.contains(&(node.clone(), *incarnation)) {
                format!("{me} does not know that {node}, incarnation {life}, lives")
            } else {
                format!("{me} takes {node}, incarnation {life}, for alive")
            });
        }
    }
    Ok(())
}

/// Whether what the run is said to wait for is so.
fn may_wait(run: &Instance, why: Option<&WaitsFor>, end: &End<'_>, stored: &Stored) -> bool {
    match why {
        None => false,
        Some(WaitsFor::HeldStep(visit)) => {
            let held = stored.visits.get(visit);
            visit.run == run.id && held.is_some_and(|held| held.status == VisitStatus::Lost)
        }
        Some(WaitsFor::HeldInstance) => run.status == InstanceStatus::Waiting,
        Some(WaitsFor::AbsentNode(name)) => {
            let waits = |status| matches!(status, VisitStatus::Pending | VisitStatus::Running);
            let mut live = stored.live_visits(&run.id);
            live.any(|visit| waits(visit.status))
                && end.nodes.iter().all(|view| view.node.as_str() != name)
        }
        Some(WaitsFor::Turn) => {
            let before = stored.runs().filter(|other| other.workflow == run.workflow);
            run.status == InstanceStatus::Waiting
                && before
                    .filter(|other| other.status == InstanceStatus::Running)
                    .any(|other| end.waiting.contains_key(&other.id))
        }
    }
}

impl Heals {
    fn all_ended(&self, since: VirtualTime, end: &End<'_>, stored: &Stored) -> Result<(), String> {
        for run in stored.runs().filter(|run| !run.status.is_final()) {
            let made = self.made.get(&run.id).copied().unwrap_or_default();
            let why = end.waiting.get(&run.id);
            if end.at.since(made.max(since)) < end.bound || may_wait(run, why, end, stored) {
                continue;
            }
            let told = why.map_or_else(String::new, |why| format!(", and not for {why:?}"));
            let live: Vec<String> = stored
                .live_visits(&run.id)
                .map(|visit| format!("{} {:?} {}", visit.id, visit.status, visit.message))
                .collect();
            return Err(format!(
                "run {} of {} does not end{told}: {:?} {}; {}",
                run.id,
                run.workflow,
                run.status,
                run.message,
                live.join(", ")
            ));
        }
        Ok(())
    }
}

impl Invariant for Heals {
    fn name(&self) -> &'static str {
        "heals"
    }

    fn see(&mut self, entry: &Entry, _before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::Healing => self.healing = Some(entry.at),
            What::Broke { node } => {
                return Err(format!("a part of {node} ended by itself: see its log"));
            }
            What::StartFailed { node, why } => return Err(format!("{node} cannot start: {why}")),
            What::Committed { changes, .. } => {
                for change in changes.iter() {
                    match change {
                        Change::PutInstance(instance) if instance.status.is_final() => {
                            self.made.remove(&instance.id);
                        }
                        Change::PutInstance(instance) => {
                            let made = self.made.entry(instance.id.clone());
                            made.or_insert(entry.at);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, end: &End<'_>, stored: &Stored) -> Result<(), String> {
        let Some(since) = self.healing else {
            return Ok(());
        };
        if end.at.since(since) < end.bound {
            return Ok(());
        }
        one_master(end)?;
        equal_membership(end)?;
        self.all_ended(since, end, stored)
    }
}

#[cfg(test)]
#[path = "heals/tests.rs"]
mod tests;
