//! Registered coordinators: what they say, what is remembered of them, and who depends on whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use peerflow_model::{ContentHash, CoordinatorKey, CoordinatorKind, CoordinatorState};
use peerflow_workflow::{Coordinator, CoordinatorName, Schedule, WorkflowName};

use crate::schedule_queue::ScheduleQueue;

/// The key of the coordinator that stands in `workflow`.
pub(crate) fn embedded(workflow: &WorkflowName) -> CoordinatorKey {
    CoordinatorKey {
        kind: CoordinatorKind::Workflow,
        name: workflow.as_str().into(),
    }
}

/// The key of the standalone coordinator `name`.
pub(crate) fn standalone(name: &CoordinatorName) -> CoordinatorKey {
    CoordinatorKey {
        kind: CoordinatorKind::Standalone,
        name: name.clone(),
    }
}

/// A registered coordinator.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What its document says; the schedule stands apart, in `schedule`.
    pub(crate) coordinator: Coordinator,
    /// Shared by all coordinators that write the same.
    pub(crate) schedule: Option<Arc<Schedule>>,
    /// Of its times, and of its parameters' time macros.
    pub(crate) zone: TimeZone,
    /// Not before this instant.
    pub(crate) opens: Option<Timestamp>,
    /// Not after this instant.
    pub(crate) closes: Option<Timestamp>,
    pub(crate) state: CoordinatorState,
    /// Workflows whose row of `state.held_time` is held in the ledger.
    pub(crate) held: Vec<WorkflowName>,
    /// Of a standalone one: its document's hash and when it was registered first.
    pub(crate) document: Option<(ContentHash, Timestamp)>,
    /// Where it stands in the queue.
    next: Option<Timestamp>,
}

impl Entry {
    /// Whether it may fire: a person's switch goes before the document.
    pub(crate) fn enabled(&self) -> bool {
        self.state.enabled.unwrap_or(self.coordinator.enabled)
    }

    /// Whether `now` lies between its start and end times.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.opens.is_none_or(|opens| opens <= now)
            && self.closes.is_none_or(|closes| now <= closes)
    }

    /// Whether every dependency has succeeded since it last fired or was reset.
    pub(crate) fn is_ready(&self) -> bool {
        self.coordinator
            .dependencies
            .iter()
            .all(|name| self.state.ready.contains_key(name))
    }

    /// The first scheduled time after `after`.
    pub(crate) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let schedule = self.schedule.as_ref()?;
        let before_opening = self
            .opens
            .and_then(|opens| opens.checked_sub(SignedDuration::from_nanos(1)).ok());
        let after = before_opening.map_or(after, |opening| after.max(opening));
        let next = schedule.next_after(after, &self.zone)?;
        // A schedule that stood still would hang the loop.
        assert!(next > after, "a schedule's next time lies after the last");
        self.closes
            .is_none_or(|closes| next <= closes)
            .then_some(next)
    }

    /// When something may be due for it: its next scheduled time or, without a schedule, its start time.
    fn due_at(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.enabled() {
            return None;
        }
        match (&self.schedule, self.state.considered_until) {
            (Some(_), Some(considered)) => self.next_after(considered),
            (Some(_), None) => self.next_after(now),
            (None, _) => self.opens.filter(|opens| *opens > now),
        }
    }

    /// Its times are those of `zone` from now on.
    pub(crate) fn set_zone(&mut self, zone: TimeZone) {
        let instant = |local| zone.to_timestamp(local).ok();
        self.opens = self.coordinator.start_time.and_then(instant);
        self.closes = self.coordinator.end_time.and_then(instant);
        self.zone = zone;
    }

    /// Counts all times up to `until` as considered; never goes back.
    pub(crate) fn consider_until(&mut self, until: Timestamp) {
        let state = &mut self.state.considered_until;
        *state = Some(state.map_or(until, |before| before.max(until)));
    }

    /// Forgets the held time and tells which rows of the ledger it leaves.
    pub(crate) fn drop_held(&mut self) -> Option<(Timestamp, Vec<WorkflowName>)> {
        let instant = self.state.held_time.take()?;
        Some((instant, std::mem::take(&mut self.held)))
    }
}

/// All registered coordinators.
#[derive(Debug, Default)]
pub(crate) struct Coordinators {
    entries: BTreeMap<CoordinatorKey, Box<Entry>>,
    /// Coordinators by the workflows they depend on.
    dependents: BTreeMap<WorkflowName, Vec<CoordinatorKey>>,
    /// Standalone coordinators by the workflows they start.
    starters: BTreeMap<WorkflowName, Vec<CoordinatorKey>>,
    /// Schedules by their text.
    schedules: BTreeMap<String, Arc<Schedule>>,
    queue: ScheduleQueue,
}

impl Coordinators {
    pub(crate) fn entry(&self, key: &CoordinatorKey) -> Option<&Entry> {
        self.entries.get(key).map(Box::as_ref)
    }

    pub(crate) fn entry_mut(&mut self, key: &CoordinatorKey) -> Option<&mut Entry> {
        self.entries.get_mut(key).map(Box::as_mut)
    }

    /// All keys in order.
    pub(crate) fn keys(&self) -> Vec<CoordinatorKey> {
        self.entries.keys().cloned().collect()
    }

    /// All of them in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&CoordinatorKey, &Entry)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key, entry.as_ref()))
    }

    /// Coordinators that depend on `workflow`.
    pub(crate) fn dependents(&self, workflow: &WorkflowName) -> &[CoordinatorKey] {
        self.dependents.get(workflow).map_or(&[], Vec::as_slice)
    }

    /// Standalone coordinators that start `workflow`.
    pub(crate) fn starters(&self, workflow: &WorkflowName) -> &[CoordinatorKey] {
        self.starters.get(workflow).map_or(&[], Vec::as_slice)
    }

    /// Adds one, with what is remembered of it. It is not queued yet: see [`Self::requeue`].
    pub(crate) fn insert(
        &mut self,
        mut coordinator: Coordinator,
        zone: TimeZone,
        state: CoordinatorState,
        document: Option<(ContentHash, Timestamp)>,
    ) {
        let key = state.key.clone();
        self.remove(&key);
        for name in &coordinator.dependencies {
            let dependents = self.dependents.entry(name.clone()).or_default();
            dependents.push(key.clone());
        }
        if key.kind == CoordinatorKind::Standalone {
            for name in &coordinator.triggers {
                let starters = self.starters.entry(name.clone()).or_default();
                starters.push(key.clone());
            }
        }
        let schedule = coordinator.schedule.take().map(|schedule| {
            let text = schedule.as_str().to_owned();
            let shared = self.schedules.entry(text);
            Arc::clone(shared.or_insert_with(|| Arc::new(schedule)))
        });
        let mut entry = Entry {
            opens: None,
            closes: None,
            coordinator,
            schedule,
            zone: TimeZone::UTC,
            state,
            held: Vec::new(),
            document,
            next: None,
        };
        entry.set_zone(zone);
        self.entries.insert(key, Box::new(entry));
    }

    /// Removes one from everywhere.
    pub(crate) fn remove(&mut self, key: &CoordinatorKey) -> Option<Box<Entry>> {
        let entry = self.entries.remove(key)?;
        self.queue.shift(key, entry.next, None);
        for name in &entry.coordinator.dependencies {
            forget(&mut self.dependents, name, key);
        }
        if key.kind == CoordinatorKind::Standalone {
            for name in &entry.coordinator.triggers {
                forget(&mut self.starters, name, key);
            }
        }
        if let Some(schedule) = &entry.schedule
            && Arc::strong_count(schedule) == 2
        {
            self.schedules.remove(schedule.as_str());
        }
        Some(entry)
    }

    /// Computes when something may next be due for `key`.
    pub(crate) fn requeue(&mut self, key: &CoordinatorKey, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(key) {
            let next = entry.due_at(now);
            self.queue.shift(key, entry.next, next);
            entry.next = next;
        }
    }

    /// The earliest coordinator that is due.
    pub(crate) fn due(&self, now: Timestamp) -> Option<(Timestamp, CoordinatorKey)> {
        self.queue.due(now)
    }

    /// The earliest time at which one is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.queue.next()
    }
}

fn forget(
    index: &mut BTreeMap<WorkflowName, Vec<CoordinatorKey>>,
    name: &WorkflowName,
    key: &CoordinatorKey,
) {
    if let Some(keys) = index.get_mut(name) {
        keys.retain(|each| each != key);
        if keys.is_empty() {
            index.remove(name);
        }
    }
}
