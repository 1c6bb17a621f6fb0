//! Readiness of dependencies: set by success, used up by firing, cleared by resets; and the coordinators' switches.

use peerflow_model::{CoordinatorKey, CoordinatorKind, Instance, Readiness, TriggerKind};

use crate::engine::Engine;
use crate::event::Now;
use crate::progress::later;
use crate::request::{Answer, Refusal};

impl Engine {
    /// `instance` succeeded: coordinators that depend on its workflow learn of it, and fire where that was the last
    /// thing missing.
    pub(crate) fn ready_dependents(&mut self, now: Now, instance: &Instance) {
        let dependents = self.coordinators.dependents(&instance.workflow).to_vec();
        for key in dependents {
            let Some(entry) = self.coordinators.entry_mut(&key) else {
                continue;
            };
            let readiness = Readiness {
                instance: instance.id.instance.clone(),
                logical_time: instance.logical_time,
                at: instance.ended_at.unwrap_or(now.wall),
            };
            let ready = &mut entry.state.ready;
            ready.insert(instance.workflow.clone(), readiness);
            self.put_state(&key);
            self.fire_if_ready(now, &key);
        }
    }

    /// Fires a coordinator that waited for nothing but its dependencies: for its held time or, without a schedule,
    /// for the latest logical time of its upstreams.
    pub(crate) fn fire_if_ready(&mut self, now: Now, key: &CoordinatorKey) {
        let Some(entry) = self.coordinators.entry(key) else {
            return;
        };
        if !entry.enabled() || !entry.is_ready() {
            return;
        }
        if entry.schedule.is_some() {
            if let Some(held) = entry.state.held_time {
                self.fire(now, key, TriggerKind::Cron, held, Some(held));
            }
        } else if !entry.coordinator.dependencies.is_empty() && entry.is_open(now.wall) {
            let logical_time = entry
                .state
                .ready
                .values()
                .fold(None, |latest, ready| {
                    Some(later(latest, ready.logical_time))
                })
                .unwrap_or(now.wall);
            self.fire(now, key, TriggerKind::Dependency, logical_time, None);
        }
    }

    /// Clears readiness of one coordinator and computes its next time.
    pub(crate) fn reset(&mut self, now: Now, key: &CoordinatorKey) -> Result<Answer, Refusal> {
        self.known(key)?;
        self.clear_readiness(now, key);
        self.coordinators.requeue(key, now.wall);
        Ok(Answer::Done(format!("{key} is reset")))
    }

    /// Clears readiness of all coordinators.
    pub(crate) fn reset_all(&mut self, now: Now) -> Answer {
        let marked: Vec<CoordinatorKey> = self
            .coordinators
            .iter()
            .filter(|(_, entry)| !entry.state.ready.is_empty() || entry.state.held_time.is_some())
            .map(|(key, _)| key.clone())
            .collect();
        for key in &marked {
            self.clear_readiness(now, key);
        }
        Answer::Done(format!(
            "readiness of {} coordinators is cleared",
            marked.len()
        ))
    }

    fn clear_readiness(&mut self, now: Now, key: &CoordinatorKey) {
        self.skip_held(now, key, "the coordinator was reset");
        self.note_fired(now, key);
    }

    /// Switches a coordinator on or off. Times that pass while it is off are none of its times.
    pub(crate) fn set_enabled(
        &mut self,
        now: Now,
        key: &CoordinatorKey,
        enabled: bool,
    ) -> Result<Answer, Refusal> {
        self.known(key)?;
        if !enabled {
            self.skip_held(now, key, "the coordinator was disabled");
        }
        if let Some(entry) = self.coordinators.entry_mut(key) {
            if enabled && !entry.enabled() && entry.schedule.is_some() {
                entry.consider_until(now.wall);
            }
            entry.state.enabled = Some(enabled);
        }
        self.put_state(key);
        self.fire_if_ready(now, key);
        self.coordinators.requeue(key, now.wall);
        let switch = if enabled { "enabled" } else { "disabled" };
        Ok(Answer::Done(format!("{key} is {switch}")))
    }

    /// That `key` names a coordinator.
    pub(crate) fn known(&self, key: &CoordinatorKey) -> Result<(), Refusal> {
        if self.coordinators.entry(key).is_some() {
            return Ok(());
        }
        let is_workflow = key.kind == CoordinatorKind::Workflow
            && self.definitions.contains_key(key.name.as_str());
        if is_workflow {
            return Err(Refusal::conflict(format!(
                "{key} has no <coordinator>; it runs only when asked"
            )));
        }
        Err(Refusal::not_found(format!("no {key} is registered")))
    }
}
