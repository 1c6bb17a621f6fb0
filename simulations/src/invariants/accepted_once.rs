//! Invariant 4: an attempt begins at most once; a worker takes none of an epoch lower than it has seen; an outcome
//! counts once, and is what happened.
//!
//! * After a restoration the same try may be made anew, under the same id: it begins at most as often as it was given
//!   to that life of that node.
//! * What a node has seen shows in what it began and where it was master. An attempt that it took before that may begin
//!   later: its definition had to be read first. So only an attempt that begins [`PREPARATION`] later than that is
//!   caught by its epoch; one whose end the store knew already is caught at once.
//! * `Lost` says that nobody knows, so it is never wrong. An attempt that never began may be failed or killed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peerflow_model::{
    Attempt, AttemptId, AttemptStatus, Change, Epoch, Incarnation, NodeId, Visit, VisitId,
    VisitStatus,
};
use peerflow_workflow::OnPartition;

use super::{Invariant, Stored};
use crate::history::{Entry, TaskFate, What};
use crate::time::VirtualTime;

/// How long a worker may take to read a definition from a store that is slow, with all its tries: 10 s, and half as much
/// for clocks that go too slow.
const PREPARATION: Duration = Duration::from_secs(15);
/// Steps that are over as soon as their turn comes, without a try.
const CONTROL_STEPS: [&str; 5] = ["start", "fork", "join", "kill", "end"];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct AcceptedOnce {
    begun: BTreeMap<(AttemptId, NodeId, Incarnation), usize>,
    /// Attempts that began anywhere.
    known: BTreeSet<AttemptId>,
    fates: BTreeMap<AttemptId, Vec<TaskFate>>,
    /// Since when each life has surely known of an epoch.
    seen: BTreeMap<NodeId, BTreeMap<Epoch, VirtualTime>>,
    paused: BTreeMap<NodeId, VirtualTime>,
}

impl AcceptedOnce {
    fn saw(&mut self, node: &NodeId, epoch: Epoch, at: VirtualTime) {
        let seen = self.seen.entry(node.clone()).or_default();
        seen.entry(epoch).or_insert(at);
    }

    /// Time during which a node stood still does not count.
    fn resumed(&mut self, node: &NodeId, at: VirtualTime) {
        let Some(paused) = self.paused.remove(node) else {
            return;
        };
        for since in self.seen.entry(node.clone()).or_default().values_mut() {
            *since = since.after(at.since(paused));
        }
    }

    fn begins(
        &mut self,
        at: VirtualTime,
        key: (AttemptId, NodeId, Incarnation),
        policy: OnPartition,
        before: &Stored,
    ) -> Result<(), String> {
        let (attempt, node, incarnation) = key.clone();
        let given = before.assignments(&attempt);
        let to_this =
            |each: &&super::Assignment| each.node == node && each.incarnation == incarnation;
        let times = self.begun.entry(key).or_default();
        *times += 1;
        // One that was never given is another invariant's concern.
        let given_times = given.iter().filter(to_this).count().max(1);
        if *times > given_times {
            return Err(format!("{attempt} begins on {node} once more"));
        }
        self.known.insert(attempt.clone());
        if let Some(record) = before.attempts.get(&attempt)
            && record.status.is_final()
            && record.node == node
            && record.incarnation == incarnation
            && policy == OnPartition::Wait
        {
            return Err(format!(
                "{attempt} begins on {node} although it is {:?} in the store",
                record.status
            ));
        }
        let Some(epoch) = given.iter().filter(to_this).map(|each| each.epoch).max() else {
            return Ok(());
        };
        let seen = self.seen.entry(node.clone()).or_default();
        let late = seen
            .range(epoch..)
            .find(|(higher, since)| **higher > epoch && at.since(**since) > PREPARATION);
        if let Some((higher, _)) = late {
            return Err(format!(
                "{attempt} of epoch {} begins on {node}, which has known of epoch {} for long",
                epoch.0, higher.0
            ));
        }
        self.saw(&node, epoch, at);
        Ok(())
    }

    fn commits(&self, changes: &[Change], before: &Stored) -> Result<(), String> {
        // Of each visit, how many tries end with this batch.
        let mut ends: BTreeMap<&VisitId, u32> = BTreeMap::new();
        for change in changes {
            if let Change::PutAttempt(attempt) = change {
                self.attempt_moves(attempt, before.attempts.get(&attempt.id))?;
                *ends.entry(&attempt.id.visit).or_default() += u32::from(attempt.status.is_final());
            }
        }
        for change in changes {
            if let Change::PutVisit(visit) = change {
                let ended = ends.get(&visit.id).copied().unwrap_or(0);
                visit_moves(visit, before.visits.get(&visit.id), ended)?;
            }
        }
        Ok(())
    }

    fn attempt_moves(&self, after: &Attempt, before: Option<&Attempt>) -> Result<(), String> {
        let id = &after.id;
        if let Some(before) = before {
            if before.status.is_final() {
                let (from, to) = (before.status, after.status);
                return Err(format!("{id} was {from:?}, and is {to:?} again"));
            }
            let given = |each: &Attempt| (each.node.clone(), each.incarnation, each.epoch);
            if given(before) != given(after) {
                return Err(format!("{id} went from {} to {}", before.node, after.node));
            }
        }
        let fates = self.fates.get(id).map_or(&[][..], Vec::as_slice);
        let never_began = !self.known.contains(id);
        let true_so = match after.status {
            AttemptStatus::Assigned | AttemptStatus::Lost => true,
            AttemptStatus::Running => !never_began,
            AttemptStatus::Succeeded => fates.contains(&TaskFate::Succeeded),
            AttemptStatus::Failed => never_began || fates.contains(&TaskFate::Failed),
            AttemptStatus::Killed => {
                let killed = [TaskFate::Killed, TaskFate::GrantOver];
                never_began || fates.iter().any(|fate| killed.contains(fate))
            }
        };
        if true_so {
            return Ok(());
        }
        Err(format!(
            "the store calls {id} {:?}; what happened to it is {fates:?}",
            after.status
        ))
    }
}

/// A visit that is over stays so, and each end of a try counts once. `ended`: how many of its tries end with it.
fn visit_moves(after: &Visit, before: Option<&Visit>, ended: u32) -> Result<(), String> {
    let id = &after.id;
    let Some(before) = before else {
        return Ok(());
    };
    if before.status.is_final() {
        let (from, to) = (before.status, after.status);
        return Err(format!("visit {id} was {from:?}, and is {to:?} again"));
    }
    let counted = |visit: &Visit| visit.failures + visit.losses;
    if counted(after) > counted(before) + ended {
        return Err(format!(
            "visit {id} counts {} failures and losses more while {ended} tries ended",
            counted(after) - counted(before)
        ));
    }
    Ok(())
}

/// A step succeeds by its latest try.
fn success_is_earned(visit: &Visit, after: &Stored) -> Result<(), String> {
    let is_control = CONTROL_STEPS.contains(&visit.step_type.as_str());
    // Of visits that a recovery keeps, the tries stay with the run that made them.
    if visit.status != VisitStatus::Succeeded || is_control || visit.attempt == 0 {
        return Ok(());
    }
    let latest = AttemptId {
        visit: visit.id.clone(),
        attempt: visit.attempt,
    };
    let status = after.attempts.get(&latest).map(|attempt| attempt.status);
    if status == Some(AttemptStatus::Succeeded) {
        return Ok(());
    }
    Err(format!(
        "visit {} succeeded, its latest try is {status:?}",
        visit.id
    ))
}

impl Invariant for AcceptedOnce {
    fn name(&self) -> &'static str {
        "accepted_once"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::Started { node, .. } => {
                self.seen.remove(node);
                self.paused.remove(node);
            }
            What::Paused { node } => drop(self.paused.insert(node.clone(), entry.at)),
            What::Resumed { node } => self.resumed(node, entry.at),
            What::MasterBegan { node, epoch } => self.saw(node, *epoch, entry.at),
            What::TaskStarted {
                node,
                incarnation,
                attempt,
                on_partition,
            } => {
                let key = (attempt.clone(), node.clone(), *incarnation);
                return self.begins(entry.at, key, *on_partition, before);
            }
            What::TaskEnded { attempt, fate, .. } => {
                self.fates.entry(attempt.clone()).or_default().push(*fate);
            }
            What::Committed { changes, .. } => return self.commits(changes, before),
            _ => {}
        }
        Ok(())
    }

    fn settle(&mut self, entry: &Entry, after: &Stored) -> Result<(), String> {
        let What::Committed { changes, .. } = &entry.what else {
            return Ok(());
        };
        changes.iter().try_for_each(|change| match change {
            Change::PutVisit(visit) => success_is_earned(visit, after),
            _ => Ok(()),
        })
    }
}

#[cfg(test)]
#[path = "accepted_once/tests.rs"]
mod tests;
