//! What the engine has made durable, as far as a plan tells of it: plain memory that every change is applied to at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptStatus, Change, CoordinatorKey, Fate, Instance, InstanceId, InstanceStatus,
    LedgerRow, TriggerKind, Visit, VisitId, VisitStatus,
};
use peerflow_workflow::WorkflowName;

use super::numbers::between;
use super::plan::{PlannedInstance, PlannedTask, ScheduledTime, Waits};

/// What is durable.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) times: Vec<ScheduledTime>,
    pub(super) instances: Vec<PlannedInstance>,
    pub(super) mails: u64,
    /// Stretches of scheduled times that were passed over, in words. There should be none.
    pub(super) gaps: Vec<String>,
    /// Which workflows have succeeded since a coordinator last fired.
    pub(super) ready: BTreeMap<CoordinatorKey, BTreeSet<WorkflowName>>,
    /// What each coordinator depends on.
    dependencies: BTreeMap<CoordinatorKey, Vec<WorkflowName>>,
    /// Rows of `times` that are held.
    held: BTreeMap<(CoordinatorKey, WorkflowName, Timestamp), usize>,
    live: HashMap<InstanceId, Live>,
    /// Steps that wait for a slot, since when.
    waiting: HashMap<VisitId, Timestamp>,
    /// Of the event at hand: steps that waited and were given a slot, instances that ended.
    placed: HashMap<VisitId, Timestamp>,
    ended: Vec<InstanceId>,
    succeeded: Vec<WorkflowName>,
}

/// An instance that is not over.
#[derive(Debug)]
struct Live {
    /// Where it stands in `instances`.
    at: usize,
    /// How many of its steps wait for a slot, since when at least one does.
    pending: u32,
    since: Timestamp,
}

impl Picture {
    /// Nothing is durable yet.
    pub(super) fn new(dependencies: BTreeMap<CoordinatorKey, Vec<WorkflowName>>) -> Self {
        Self {
            dependencies,
            ..Self::default()
        }
    }

    /// Applies all changes of one event.
    pub(super) fn apply(&mut self, now: Timestamp, changes: Vec<Change>) {
        let mut others = Vec::with_capacity(changes.len());
        // A new instance comes after its first visits.
        for change in changes {
            match change {
                Change::PutInstance(instance) => self.put_instance(now, instance),
                change => others.push(change),
            }
        }
        for change in others {
            self.put(now, change);
        }
        self.conclude_event();
    }

    fn put(&mut self, now: Timestamp, change: Change) {
        match change {
            Change::PutInstance(instance) => self.put_instance(now, instance),
            Change::PutVisit(visit) => self.put_visit(now, &visit),
            Change::PutAttempt(attempt) => self.put_attempt(now, attempt),
            Change::PutLedger(row) => self.put_row(row),
            Change::PutLedgerGap(gap) => self.gaps.push(format!(
                "{}: {} times from {} to {}: {}",
                gap.coordinator, gap.count, gap.from, gap.to, gap.fate
            )),
            Change::PutCoordinatorState(state) => {
                let names = state.ready.into_keys().collect();
                self.ready.insert(state.key, names);
            }
            Change::PutMail(_) => self.mails += 1,
            // A plan tells nothing of these.
            Change::PutWorkflow(_)
            | Change::DeleteWorkflow(_)
            | Change::PutCoordinator(_)
            | Change::DeleteCoordinator(_)
            | Change::DeleteCoordinatorState(_)
            | Change::DeleteInstance(_)
            | Change::PutBlood(_)
            | Change::DeleteBlood(_)
            | Change::PutReading(_)
            | Change::PutPlan(_)
            | Change::PutAnswer { .. }
            | Change::PutOffer { .. }
            | Change::PutSetting { .. }
            | Change::PutLink(_)
            | Change::DeleteLink(_)
            | Change::PutRestoration(_) => {}
        }
    }

    fn conclude_event(&mut self) {
        for id in self.ended.drain(..) {
            self.live.remove(&id);
        }
        self.succeeded.clear();
        self.placed.clear();
    }

    /// No more events: what still waits has waited until `now`.
    pub(super) fn close(&mut self, now: Timestamp) {
        for live in self.live.values() {
            let Some(instance) = self.instances.get_mut(live.at) else {
                continue;
            };
            if live.pending > 0 {
                instance.waits.slots += between(live.since, now);
            }
            if instance.began_at.is_none() {
                instance.waits.queue = between(instance.queued_at, now);
            }
        }
        for ((coordinator, _, _), &at) in &self.held {
            let ready = self.ready.get(coordinator);
            let is_missing =
                |name: &&WorkflowName| !ready.is_some_and(|ready| ready.contains(*name));
            let depends = self.dependencies.get(coordinator).into_iter().flatten();
            let missing = depends.filter(is_missing).cloned().collect();
            if let Some(time) = self.times.get_mut(at) {
                time.waits_for = missing;
            }
        }
    }

    fn put_instance(&mut self, now: Timestamp, instance: Instance) {
        let id = instance.id.instance.clone();
        let at = match self.live.get(&id) {
            Some(live) => live.at,
            None => self.add(now, &instance),
        };
        let is_final = instance.status.is_final();
        if instance.status == InstanceStatus::Succeeded {
            self.succeeded.push(instance.workflow);
        }
        if let Some(known) = self.instances.get_mut(at) {
            known.status = instance.status;
            known.message = instance.message;
            known.began_at = instance.started_at;
            known.ended_at = instance.ended_at;
            let left_at = instance.started_at.or(instance.ended_at);
            known.waits.queue = left_at.map_or_else(Default::default, |left_at| {
                between(instance.created_at, left_at)
            });
        }
        if is_final {
            self.ended.push(id);
        }
    }

    fn add(&mut self, now: Timestamp, instance: &Instance) -> usize {
        let at = self.instances.len();
        let mut waits = Waits::default();
        let mut waited_for = None;
        let depends = instance
            .coordinator
            .as_ref()
            .and_then(|key| self.dependencies.get(key));
        if let Some(depends) = depends {
            let is_last = |name: &&WorkflowName| depends.contains(name);
            waited_for = self.succeeded.iter().rfind(is_last).cloned();
        }
        if instance.trigger == TriggerKind::Cron {
            waits.dependencies = between(instance.logical_time, instance.created_at);
        }
        self.instances.push(PlannedInstance {
            id: instance.id.instance.clone(),
            workflow: instance.workflow.clone(),
            trigger: instance.trigger,
            coordinator: instance.coordinator.clone(),
            logical_time: instance.logical_time,
            queued_at: instance.created_at,
            began_at: None,
            ended_at: None,
            status: instance.status,
            message: String::new(),
            waits,
            waited_for,
            tasks: Vec::new(),
        });
        let live = Live {
            at,
            pending: 0,
            since: now,
        };
        self.live.insert(instance.id.instance.clone(), live);
        at
    }

    fn put_visit(&mut self, now: Timestamp, visit: &Visit) {
        let Some(live) = self.live.get_mut(&visit.id.run.instance) else {
            return;
        };
        if visit.status == VisitStatus::Pending {
            if !self.waiting.contains_key(&visit.id) {
                self.waiting.insert(visit.id.clone(), now);
                if live.pending == 0 {
                    live.since = now;
                }
                live.pending += 1;
            }
        } else if let Some(since) = self.waiting.remove(&visit.id) {
            live.pending = live.pending.saturating_sub(1);
            if live.pending == 0
                && let Some(instance) = self.instances.get_mut(live.at)
            {
                instance.waits.slots += between(live.since, now);
            }
            self.placed.insert(visit.id.clone(), since);
        }
    }

    fn put_attempt(&mut self, now: Timestamp, attempt: Attempt) {
        let live = self.live.get(&attempt.id.visit.run.instance);
        let Some(instance) = live.and_then(|live| self.instances.get_mut(live.at)) else {
            return;
        };
        let visit = &attempt.id.visit;
        let known = instance.tasks.iter_mut().rfind(|task| {
            task.attempt == attempt.id.attempt
                && task.visit == visit.visit
                && task.step == visit.step
        });
        if let Some(task) = known {
            task.status = attempt.status;
            task.to = attempt.ended_at;
            return;
        }
        let waited = self.placed.get(visit).or_else(|| self.waiting.get(visit));
        instance.tasks.push(PlannedTask {
            step: visit.step.clone(),
            visit: visit.visit,
            attempt: attempt.id.attempt,
            node: attempt.node,
            ready_at: waited.copied().unwrap_or(now),
            from: attempt.assigned_at,
            to: attempt.ended_at,
            status: attempt.status,
        });
        debug_assert_eq!(attempt.status, AttemptStatus::Assigned);
    }

    fn put_row(&mut self, row: LedgerRow) {
        let key = (row.coordinator, row.workflow, row.instant);
        let is_held = row.fate == Fate::Held;
        if let Some(at) = self.held.remove(&key) {
            if let Some(time) = self.times.get_mut(at) {
                time.fate = row.fate;
            }
            if is_held {
                self.held.insert(key, at);
            }
            return;
        }
        self.times.push(ScheduledTime {
            at: key.2,
            workflow: key.1.clone(),
            coordinator: key.0.clone(),
            fate: row.fate,
            waits_for: Vec::new(),
        });
        if is_held {
            self.held.insert(key, self.times.len() - 1);
        }
    }
}
