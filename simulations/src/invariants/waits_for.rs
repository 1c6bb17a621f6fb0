//! Invariant 7: no step begins before what it waits for; an ended run never changes.
//!
//! Checked of each visit as it is made, by the graph of the document that its run goes by: the visit that led there is
//! over, in a way that leads there, and leads there once. Of each join as it goes on: no visit that lives on can still
//! reach it. Of each try as it begins: its visit knows of it. Of a run that ends: all of it is over.
//!
//! Not checked: that a recovery resumes the right visits and keeps the right ones; how many arrivals a join counts;
//! joins that wait for each other; that dependencies of a coordinator succeeded; that a step whose turn has come is
//! reached at all, save that its run must end (invariant 8). An `is-ignore` that is a parameter counts as off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peerflow_model::{
    AttemptId, Change, ContentHash, Instance, RunId, Visit, VisitId, VisitStatus,
};
use peerflow_workflow::StepName;

use super::graph::Graph;
use super::{Invariant, Stored};
use crate::history::{Entry, What};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct StepsWait {
    /// The steps from which each join of a definition can be reached, where nothing is skipped by wish.
    reaching: BTreeMap<(ContentHash, StepName), Arc<BTreeSet<StepName>>>,
    /// Visits and runs that the batch at hand makes.
    made: BTreeSet<VisitId>,
    made_runs: BTreeSet<RunId>,
    /// Joins that go on with the batch at hand, each with what lives that can reach it.
    went_on: Vec<(VisitId, Vec<VisitId>)>,
}

impl StepsWait {
    /// What a batch makes of what the store holds.
    fn note(&mut self, changes: &[Change], before: &Stored) -> Result<(), String> {
        self.made.clear();
        self.made_runs.clear();
        self.went_on.clear();
        for change in changes {
            let run = match change {
                Change::PutInstance(instance) => &instance.id,
                Change::PutVisit(visit) => &visit.id.run,
                Change::PutAttempt(attempt) => &attempt.id.visit.run,
                _ => continue,
            };
            if before.is_over(run) {
                return Err(format!("run {run} was over and changes: {}", kind(change)));
            }
            match change {
                Change::PutInstance(instance) if !before.instances.contains_key(run) => {
                    self.made_runs.insert(instance.id.clone());
                }
                Change::PutVisit(visit) => {
                    if !before.visits.contains_key(&visit.id) {
                        self.made.insert(visit.id.clone());
                    }
                    if visit.status == VisitStatus::Succeeded {
                        self.may_have_gone_on(visit, before);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Where the visit is a join, notes what can still reach it.
    fn may_have_gone_on(&mut self, visit: &Visit, before: &Stored) {
        let Some(instance) = before.instances.get(&visit.id.run) else {
            return;
        };
        let Some(graph) = before.graph(instance.definition) else {
            return;
        };
        if !graph.is_join(&visit.id.step) {
            return;
        }
        let reaching = self.reaching(graph, instance, &visit.id.step);
        let live = before.live_visits(&visit.id.run);
        let blocks =
            |each: &&Visit| reaching.contains(&each.id.step) && !graph.is_join(&each.id.step);
        let blocking = live.filter(blocks).map(|each| each.id.clone()).collect();
        self.went_on.push((visit.id.clone(), blocking));
    }

    fn reaching(
        &mut self,
        graph: &Graph,
        instance: &Instance,
        join: &StepName,
    ) -> Arc<BTreeSet<StepName>> {
        if !instance.skip.is_empty() {
            return Arc::new(graph.reaching(join, &instance.skip));
        }
        let key = (instance.definition, join.clone());
        let known = self.reaching.entry(key);
        let fresh = || Arc::new(graph.reaching(join, &BTreeSet::new()));
        Arc::clone(known.or_insert_with(fresh))
    }

    /// A visit that was made is reached by what is over.
    fn is_reached(&self, visit: &Visit, after: &Stored) -> Result<(), String> {
        let id = &visit.id;
        let Some(instance) = after.instances.get(&id.run) else {
            return Err(format!("visit {id} is of a run that is not there"));
        };
        let recovers = id.run.run > 1;
        let graph = after.graph(instance.definition);
        let Some((step, number)) = &visit.from else {
            let begins = graph.is_none_or(|graph| graph.is_start(&id.step));
            if begins || recovers {
                return Ok(());
            }
            return Err(format!("visit {id} came from nowhere"));
        };
        let from = VisitId {
            run: id.run.clone(),
            step: step.clone(),
            visit: *number,
        };
        let Some(from) = after
            .visits
            .get(&from)
            .filter(|from| from.status.is_final())
        else {
            return Err(format!("visit {id} came before {from} was over"));
        };
        // What a recovery keeps was reached by the definition of then.
        if recovers && self.made_runs.contains(&id.run) {
            return Ok(());
        }
        let Some(graph) = graph else {
            return Ok(());
        };
        if !graph.leads(&from.id.step, from.status, &id.step) {
            let (from, status) = (&from.id, from.status);
            return Err(format!(
                "{from} is {status:?} and does not lead to visit {id}"
            ));
        }
        if !graph.is_fork(&from.id.step) {
            goes_on_once(visit, after)?;
        }
        Ok(())
    }
}

/// A visit that is no fork leads on once.
fn goes_on_once(visit: &Visit, after: &Stored) -> Result<(), String> {
    let first = VisitId {
        visit: 0,
        ..visit.id.clone()
    };
    let of_step = after.visits.range(first..visit.id.clone());
    let twin = of_step
        .map(|(_, other)| other)
        .find(|other| other.from == visit.from);
    match twin {
        Some(twin) => Err(format!(
            "{} and {} came from the same visit",
            twin.id, visit.id
        )),
        None => Ok(()),
    }
}

fn kind(change: &Change) -> String {
    match change {
        Change::PutVisit(visit) => format!("visit {} is {:?}", visit.id, visit.status),
        Change::PutAttempt(attempt) => format!("{} is {:?}", attempt.id, attempt.status),
        _ => "the run itself".to_owned(),
    }
}

/// All of a run that is over is over, and a run follows one that is.
fn run_is_whole(instance: &Instance, after: &Stored) -> Result<(), String> {
    let id = &instance.id;
    if let Some(before) = id.run.checked_sub(1).filter(|run| *run > 0) {
        let before = RunId {
            run: before,
            ..id.clone()
        };
        if !after.is_over(&before) {
            return Err(format!("run {id} was made before {before} was over"));
        }
    }
    if !instance.status.is_final() {
        return Ok(());
    }
    if let Some(visit) = after.live_visits(id).next() {
        return Err(format!("run {id} ended before visit {}", visit.id));
    }
    Ok(())
}

fn begins(attempt: &AttemptId, before: &Stored) -> Result<(), String> {
    let visit = before.visits.get(&attempt.visit);
    let known = visit.is_some_and(|visit| visit.attempt >= attempt.attempt);
    // Without a record it is of a lineage that is lost, and nothing is known of what it waited for.
    if known || !before.attempts.contains_key(attempt) {
        return Ok(());
    }
    Err(format!(
        "{attempt} begins and its visit knows of no such try"
    ))
}

impl Invariant for StepsWait {
    fn name(&self) -> &'static str {
        "waits_for"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::Committed { changes, .. } => self.note(changes, before),
            What::TaskStarted { attempt, .. } => begins(attempt, before),
            _ => Ok(()),
        }
    }

    fn settle(&mut self, entry: &Entry, after: &Stored) -> Result<(), String> {
        let What::Committed { changes, .. } = &entry.what else {
            return Ok(());
        };
        for change in changes.iter() {
            match change {
                Change::PutVisit(visit) if self.made.contains(&visit.id) => {
                    self.is_reached(visit, after)?;
                }
                Change::PutInstance(instance) => run_is_whole(instance, after)?,
                _ => {}
            }
        }
        for (join, blocking) in &self.went_on {
            let lives = |id: &&VisitId| {
                let visit = after.visits.get(*id);
                visit.is_some_and(|visit| !visit.status.is_final())
            };
            if let Some(early) = blocking.iter().find(lives) {
                return Err(format!(
                    "join {join} went on before {early}, which leads there"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "waits_for/tests.rs"]
mod tests;
