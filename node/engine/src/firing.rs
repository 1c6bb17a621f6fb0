//! Scheduled times as they come, and the firing of coordinators.

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{Change, CoordinatorKey, Fate, InstanceId, LedgerRow, TriggerKind};
use peerflow_workflow::WorkflowName;

use crate::creation::Order;
use crate::engine::Engine;
use crate::event::Now;

/// When the clock moved further than this from one event to the next, the node stood still or the clock was set: the
/// times between were missed. A loop that is merely late is not that late.
const STOOD_STILL: SignedDuration = SignedDuration::from_secs(30);

impl Engine {
    /// Does what schedules say up to now.
    pub(crate) fn run_schedules(&mut self, now: Now) {
        let stood_still = now.wall.duration_since(self.looked_at) > STOOD_STILL;
        self.looked_at = self.looked_at.max(now.wall);
        let mut last = None;
        while let Some((time, key)) = self.coordinators.due(now.wall) {
            let due = Some((time, key.clone()));
            assert!(
                due != last,
                "{key} was dealt with at {time} and is due again"
            );
            last = due;
            if stood_still {
                self.catch_up(now, &key);
            } else {
                self.time_came(now, &key, time);
            }
        }
    }

    fn time_came(&mut self, now: Now, key: &CoordinatorKey, time: Timestamp) {
        let Some(entry) = self.coordinators.entry_mut(key) else {
            return;
        };
        if entry.schedule.is_some() {
            entry.consider_until(time);
            self.fire_or_hold(now, key, time);
        } else {
            self.fire_if_ready(now, key);
        }
        self.coordinators.requeue(key, now.wall);
    }

    /// A scheduled time has come: it fires, or is held until every dependency is ready.
    pub(crate) fn fire_or_hold(&mut self, now: Now, key: &CoordinatorKey, time: Timestamp) {
        let Some(entry) = self.coordinators.entry(key) else {
            return;
        };
        if entry.is_ready() {
            self.fire(now, key, TriggerKind::Cron, time, Some(time));
        } else {
            self.hold(now, key, time);
        }
    }

    fn hold(&mut self, now: Now, key: &CoordinatorKey, time: Timestamp) {
        self.skip_held(now, key, "a later time took its place");
        let Some(entry) = self.coordinators.entry_mut(key) else {
            return;
        };
        entry.state.held_time = Some(time);
        entry.held.clone_from(&entry.coordinator.triggers);
        let workflows = entry.held.clone();
        self.put_state(key);
        for workflow in workflows {
            self.put_row(now, key, workflow, time, Fate::Held);
        }
    }

    /// Fires a coordinator: every workflow it lists gets an instance, readiness is used up. `instant` is the
    /// scheduled time, whose rows in the ledger are written with the instances.
    pub(crate) fn fire(
        &mut self,
        now: Now,
        key: &CoordinatorKey,
        trigger: TriggerKind,
        logical_time: Timestamp,
        instant: Option<Timestamp>,
    ) -> Vec<InstanceId> {
        let Some(entry) = self.coordinators.entry_mut(key) else {
            return Vec::new();
        };
        let workflows = entry.coordinator.triggers.clone();
        if entry.state.held_time == instant {
            let dropped = entry.drop_held().map_or_else(Vec::new, |(_, held)| held);
            let gone = dropped.into_iter().filter(|name| !workflows.contains(name));
            for workflow in gone {
                let reason = "the coordinator no longer starts it".to_owned();
                let time = instant.unwrap_or(logical_time);
                self.put_row(now, key, workflow, time, Fate::Skipped { reason });
            }
        } else if instant.is_some() {
            self.skip_held(now, key, "a later time took its place");
        }
        self.note_fired(now, key);
        let mut made = Vec::new();
        for workflow in workflows {
            let fired_by = Some(key.clone());
            let order = Order::fired(workflow.clone(), trigger, logical_time, fired_by);
            let instance = self.make_unasked(now, order);
            made.extend(instance.clone());
            let fate = match instance {
                Some(instance) => Fate::Ran { instance },
                None => {
                    let reason = format!("workflow {workflow} is not registered");
                    self.out.warn(format!("{key} fired, but {reason}"));
                    Fate::Skipped { reason }
                }
            };
            if let Some(instant) = instant {
                self.put_row(now, key, workflow, instant, fate);
            }
        }
        made
    }

    /// Readiness is used up.
    pub(crate) fn note_fired(&mut self, now: Now, key: &CoordinatorKey) {
        if let Some(entry) = self.coordinators.entry_mut(key) {
            entry.state.fired_at = Some(now.wall);
            entry.state.ready.clear();
            self.put_state(key);
        }
    }

    /// Makes what is remembered of a coordinator durable.
    pub(crate) fn put_state(&mut self, key: &CoordinatorKey) {
        if let Some(entry) = self.coordinators.entry(key) {
            let state = entry.state.clone();
            self.out.put_coordinator(state);
        }
    }

    /// The held time of a coordinator, if there is one, will not fire any more.
    pub(crate) fn skip_held(&mut self, now: Now, key: &CoordinatorKey, reason: &str) {
        let held = self
            .coordinators
            .entry_mut(key)
            .and_then(crate::coordinators::Entry::drop_held);
        self.skip_rows(now, key, held, reason);
    }

    /// Writes that rows which were held are skipped.
    pub(crate) fn skip_rows(
        &mut self,
        now: Now,
        key: &CoordinatorKey,
        held: Option<(Timestamp, Vec<WorkflowName>)>,
        reason: &str,
    ) {
        if let Some((instant, workflows)) = held {
            for workflow in workflows {
                let reason = reason.to_owned();
                self.put_row(now, key, workflow, instant, Fate::Skipped { reason });
            }
        }
    }

    pub(crate) fn put_row(
        &mut self,
        now: Now,
        key: &CoordinatorKey,
        workflow: WorkflowName,
        instant: Timestamp,
        fate: Fate,
    ) {
        self.out.put(Change::PutLedger(LedgerRow {
            coordinator: key.clone(),
            workflow,
            instant,
            fate,
            decided_at: now.wall,
        }));
    }
}
