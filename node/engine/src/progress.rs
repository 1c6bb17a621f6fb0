//! What follows from a run's moves: records, places in lines, slots, mail, and the end of instances.

use jiff::Timestamp;
use peerflow_model::{Change, Instance, InstanceStatus, RunId};
use rand::rngs::SmallRng;

use crate::command::Command;
use crate::definitions::MailRule;
use crate::engine::Engine;
use crate::event::Now;
use crate::run::{Run, RunEffects};

/// How many instances may end in one event before further ones must wait for the next: workflows that end at once
/// and start each other would otherwise never let go.
const ENDS_PER_EVENT: u32 = 256;

/// An instance that is over; what follows from it is not done yet.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) instance: Instance,
    pub(crate) mail: MailRule,
}

impl Engine {
    /// Makes a move in the run `id`, if it is the one that runs, and does what follows.
    pub(crate) fn with_run<T>(
        &mut self,
        now: Now,
        id: &RunId,
        act: impl FnOnce(&mut Run, &mut SmallRng, &mut RunEffects) -> T,
    ) -> Option<T> {
        let running = self.instances.running_mut(&id.instance)?;
        if running.run.instance.id.run != id.run {
            return None;
        }
        let mut effects = RunEffects::default();
        let result = act(&mut running.run, &mut self.rng, &mut effects);
        self.absorb(now, id, effects);
        Some(result)
    }

    /// Does what follows from a move of the run `id`.
    pub(crate) fn absorb(&mut self, now: Now, id: &RunId, effects: RunEffects) {
        let RunEffects {
            visits,
            attempts,
            instance_changed,
            ready,
            withdrawn,
            kills,
            freed,
            notices,
        } = effects;
        for visit in visits {
            self.out.put_visit(visit);
        }
        for attempt in attempts {
            self.out.put(Change::PutAttempt(attempt));
        }
        for visit in &withdrawn {
            self.withdraw(visit);
        }
        for visit in &ready {
            self.await_node(now, visit);
        }
        for (attempt, node, reason) in kills {
            self.peers.note_kill(&node, &attempt, &reason);
            self.out.act(Command::Kill {
                attempt,
                node,
                reason,
            });
        }
        for (attempt, node) in freed {
            self.peers.take_back(&node, &attempt);
        }
        for notice in notices {
            self.mail_notice(now, notice);
        }
        let Some(running) = self.instances.running(&id.instance) else {
            return;
        };
        if instance_changed {
            let instance = running.run.instance.clone();
            self.out.put(Change::PutInstance(instance));
        }
        if running.run.over() {
            self.end(&id.instance);
        } else {
            self.instances.rewake(&id.instance);
        }
    }

    fn end(&mut self, id: &peerflow_model::InstanceId) {
        let Some(running) = self.instances.remove_running(id) else {
            return;
        };
        let mail = MailRule::of(&running.run.workflow);
        let instance = running.run.instance;
        assert!(instance.status.is_final(), "a run that is over has ended");
        self.ended.push_back(Ended { instance, mail });
    }

    /// Does what follows from the instances that ended, until nothing does.
    pub(crate) fn settle(&mut self, now: Now) {
        while let Some(ended) = self.ended.pop_front() {
            self.ends += 1;
            let Ended { instance, mail } = ended;
            self.mail_outcome(now, &instance, &mail);
            if instance.status == InstanceStatus::Succeeded && instance.trigger.readies_dependents()
            {
                self.ready_dependents(now, &instance);
            }
            if instance.blood.is_some() {
                self.continue_blood(now, &instance);
            }
            self.start_waiting(now, &instance.workflow);
        }
    }

    /// Whether so much ended in this event that nothing more begins in it.
    pub(crate) fn is_overrun(&self) -> bool {
        self.ends >= ENDS_PER_EVENT
    }

    /// Begins what the last event left for this one.
    pub(crate) fn resume_delayed(&mut self, now: Now) {
        for workflow in std::mem::take(&mut self.delayed) {
            self.start_waiting(now, &workflow);
        }
    }

    /// Wakes runs whose time has come.
    pub(crate) fn wake_runs(&mut self, now: Now) {
        for id in self.instances.due(now.monotonic) {
            let Some(run) = self
                .instances
                .running(&id)
                .map(|r| r.run.instance.id.clone())
            else {
                continue;
            };
            self.with_run(now, &run, |run, rng, effects| run.wake(now, rng, effects));
        }
    }
}

/// The later of two times.
pub(crate) fn later(one: Option<Timestamp>, other: Timestamp) -> Timestamp {
    one.map_or(other, |one| one.max(other))
}
