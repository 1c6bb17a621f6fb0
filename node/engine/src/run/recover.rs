//! `rerun --recover`: the next run goes on where the last one stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peerflow_model::{Instance, Visit, VisitStatus};
use peerflow_workflow::{StepIndex, StepKind, StepName, Workflow};

use super::restore::steps_by_name;
use super::tokens::Arrival;
use super::{Move, Run, RunEffects};
use crate::event::Now;

/// A visit, by step and number.
type Key = (StepName, u32);

/// The visits that a run begins with which goes on where `previous`, all visits of the last run, stopped: at visits
/// that failed without a taken `error`, were killed, lost, or never began. What succeeded is copied as kept; where the
/// run goes on are pending visits; joins keep their arrivals. Where a kill step ended the run after a failure, the
/// failed visit before it is where it stopped. None when the last run never began.
///
/// # Errors
/// When a step to go on at is not in the workflow any more, or there is none.
pub(crate) fn recovery(
    instance: &Instance,
    workflow: &Workflow,
    previous: &[Visit],
    now: Now,
) -> Result<Vec<Visit>, String> {
    let Some(last) = previous.first().map(|visit| visit.id.run.run) else {
        return Ok(Vec::new());
    };
    let steps = steps_by_name(workflow);
    let plan = Plan::of(workflow, &steps, previous);
    let resumed = plan.resumed(workflow, &steps, last)?;
    let kept = plan.kept.into_iter().map(kept);
    let resumed = resumed
        .into_iter()
        .map(|(visit, count)| resumed_at(visit, count, now));
    let mut visits: Vec<Visit> = kept.chain(resumed).collect();
    for (sequence, visit) in (1..).zip(&mut visits) {
        visit.id.run = instance.id.clone();
        visit.sequence = sequence;
    }
    Ok(visits)
}

impl Run {
    /// Begins a run with the visits that [`recovery`] gave it: with none at the start. Those that are `stored` and over
    /// need not be made durable again.
    ///
    /// # Errors
    /// When a step to go on at is not in the workflow.
    pub(crate) fn resume(
        instance: Instance,
        workflow: Arc<Workflow>,
        visits: Vec<Visit>,
        stored: bool,
        now: Now,
        effects: &mut RunEffects,
    ) -> Result<Self, String> {
        if visits.is_empty() {
            return Ok(Self::begin(instance, workflow, now, effects));
        }
        let steps = steps_by_name(&workflow);
        let mut run = Self::blank(instance, workflow);
        let mut mv = Move::new(now, effects);
        run.leave_queue(&mut mv);
        for visit in visits {
            if visit.status.is_final() {
                let slot = run.add_visit(visit);
                if !stored {
                    mv.changed.insert(slot);
                }
                continue;
            }
            let Some(&step) = steps.get(visit.id.step.as_str()) else {
                return Err(format!("step {:?} is not in the workflow", visit.id.step));
            };
            mv.arrivals.push_back(Arrival {
                step,
                from: None,
                number: Some(visit.id.visit),
                count: visit.arrivals,
            });
        }
        run.conclude(mv);
        Ok(run)
    }
}

/// What becomes of the last run's visits.
struct Plan<'v> {
    kept: Vec<&'v Visit>,
    resumed: Vec<&'v Visit>,
}

impl<'v> Plan<'v> {
    fn of(workflow: &Workflow, steps: &BTreeMap<String, StepIndex>, previous: &'v [Visit]) -> Self {
        let parents: BTreeSet<&Key> = previous.iter().filter_map(|v| v.from.as_ref()).collect();
        let mut resumed: BTreeSet<Key> = previous
            .iter()
            .filter(|visit| stopped(visit, workflow, steps, &parents))
            .map(key)
            .collect();
        resumed.extend(failures_before_kill(previous));
        let mut dropped: BTreeSet<Key> = BTreeSet::new();
        let mut plan = Self {
            kept: Vec::new(),
            resumed: Vec::new(),
        };
        for visit in previous {
            let after = visit
                .from
                .as_ref()
                .is_some_and(|from| resumed.contains(from) || dropped.contains(from));
            if after {
                dropped.insert(key(visit));
            } else if resumed.contains(&key(visit)) {
                plan.resumed.push(visit);
            } else {
                plan.kept.push(visit);
            }
        }
        plan
    }

    /// Where to go on, each with its arrivals; a join once for all that came to it.
    fn resumed(
        &self,
        workflow: &Workflow,
        steps: &BTreeMap<String, StepIndex>,
        last: u32,
    ) -> Result<Vec<(&'v Visit, u32)>, String> {
        if self.resumed.is_empty() {
            return Err(format!(
                "run {last} left nothing to go on with; rerun it from the start"
            ));
        }
        let mut resumed: Vec<(&Visit, u32)> = Vec::new();
        let mut joins: BTreeMap<StepIndex, usize> = BTreeMap::new();
        for visit in &self.resumed {
            let Some(&step) = steps.get(visit.id.step.as_str()) else {
                return Err(format!(
                    "step {:?}, where run {last} stopped, is not in the workflow any more; rerun it from the start",
                    visit.id.step
                ));
            };
            if !matches!(workflow.step(step).kind, StepKind::Join { .. }) {
                resumed.push((visit, 1));
            } else if let Some(&at) = joins.get(&step) {
                resumed[at].1 += visit.arrivals;
            } else {
                joins.insert(step, resumed.len());
                resumed.push((visit, visit.arrivals));
            }
        }
        Ok(resumed)
    }
}

fn key(visit: &Visit) -> Key {
    (visit.id.step.clone(), visit.id.visit)
}

/// Whether the last run did not get past this visit.
fn stopped(
    visit: &Visit,
    workflow: &Workflow,
    steps: &BTreeMap<String, StepIndex>,
    parents: &BTreeSet<&Key>,
) -> bool {
    match visit.status {
        VisitStatus::Succeeded | VisitStatus::Skipped => false,
        VisitStatus::Failed => !parents.contains(&key(visit)) && !arrived(visit, workflow, steps),
        VisitStatus::Killed
        | VisitStatus::Lost
        | VisitStatus::Pending
        | VisitStatus::Waiting
        | VisitStatus::Running => true,
    }
}

/// Whether a failed visit's `error` leads to a join, which remembers no more than the first that led to it.
fn arrived(visit: &Visit, workflow: &Workflow, steps: &BTreeMap<String, StepIndex>) -> bool {
    let Some(&step) = steps.get(visit.id.step.as_str()) else {
        return false;
    };
    let StepKind::Action(action) = &workflow.step(step).kind else {
        return false;
    };
    action
        .error
        .is_some_and(|error| matches!(workflow.step(error).kind, StepKind::Join { .. }))
}

/// The nearest failed visits that led to a kill step. Past a join it is not known who led there.
fn failures_before_kill(previous: &[Visit]) -> BTreeSet<Key> {
    let by_key: BTreeMap<Key, &Visit> = previous.iter().map(|v| (key(v), v)).collect();
    let kills = previous
        .iter()
        .filter(|visit| visit.step_type == "kill" && visit.status == VisitStatus::Succeeded);
    let mut failures = BTreeSet::new();
    for kill in kills {
        let mut at = kill;
        while let Some(before) = at.from.as_ref().and_then(|from| by_key.get(from)) {
            if before.status == VisitStatus::Failed {
                failures.insert(key(before));
                break;
            }
            if before.step_type == "join" {
                break;
            }
            at = before;
        }
    }
    failures
}

/// Where the next run goes on: a visit that has not begun.
fn resumed_at(visit: &Visit, arrivals: u32, now: Now) -> Visit {
    Visit {
        id: visit.id.clone(),
        sequence: 0,
        step_type: visit.step_type.clone(),
        status: VisitStatus::Pending,
        from: None,
        arrivals,
        attempt: 0,
        failures: 0,
        losses: 0,
        node: None,
        created_at: now.wall,
        dispatched_at: None,
        started_at: None,
        ended_at: None,
        retry_at: None,
        message: "the recovery goes on here".to_owned(),
    }
}

/// The copy of a visit that the next run keeps; its place is set later. Its tries stay with the run that made them.
fn kept(visit: &Visit) -> Visit {
    let mut copy = visit.clone();
    copy.attempt = 0;
    if !visit.message.starts_with("kept from run ") {
        copy.message = match visit.message.as_str() {
            "" => format!("kept from run {}", visit.id.run.run),
            message => format!("kept from run {}: {message}", visit.id.run.run),
        };
    }
    copy
}
