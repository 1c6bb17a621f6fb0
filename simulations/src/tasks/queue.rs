//! What is due when: ends of processes by time, and ends of grants.

use peerflow_actions::BootTime;
use peerflow_node::Clock;

use super::machines::{LifeId, Machines, ProcessId};
use super::process::{Cause, when};
use crate::time::VirtualTime;

/// Something that time brings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Process(ProcessId),
    Grant(LifeId),
}

impl Machines {
    pub(super) fn grant(&mut self, life_id: &LifeId, end: BootTime) {
        let now = self.clock.now();
        let Some(life) = self.lives.get_mut(life_id) else {
            return;
        };
        life.grant = Some(end);
        let due = Due::Grant(life_id.clone());
        if let Some(queued) = life.queued.take() {
            self.queue.remove(&(queued, due.clone()));
        }
        let at = when(end, now, &life.machine);
        life.queued = Some(at);
        self.queue.insert((at, due));
    }

    /// Does what time demands.
    pub(super) fn tick(&mut self) {
        let now = self.clock.now();
        while self.queue.first().is_some_and(|(at, _)| *at <= now) {
            match self.queue.pop_first() {
                Some((_, Due::Process(id))) => self.process_due(id, now),
                Some((_, Due::Grant(life))) => self.grant_due(&life),
                None => break,
            }
        }
    }

    fn process_due(&mut self, id: ProcessId, now: VirtualTime) {
        let Some((life, process)) = self.processes.get_mut(&id) else {
            return;
        };
        process.queued = None;
        let Some(life) = self.lives.get(life) else {
            return;
        };
        if process.advance(now, life.machine.boot_time()) {
            self.end(id);
        } else {
            self.enqueue(id);
        }
    }

    fn grant_due(&mut self, life_id: &LifeId) {
        let Some(life) = self.lives.get_mut(life_id) else {
            return;
        };
        life.queued = None;
        let Some(end) = life.grant else {
            return;
        };
        if end > life.machine.boot_time() {
            // Told a little too early, by rounding.
            return self.grant(life_id, end);
        }
        let processes: Vec<ProcessId> = life.processes.iter().copied().collect();
        for id in processes {
            if let Some((_, process)) = self.processes.get_mut(&id)
                && process.is_bound()
            {
                process.kill(Cause::GrantOver);
                self.end(id);
            }
        }
    }

    /// Puts a process into the queue for what comes next.
    pub(super) fn enqueue(&mut self, id: ProcessId) {
        let Some((life, process)) = self.processes.get_mut(&id) else {
            return;
        };
        let Some(life) = self.lives.get(life) else {
            return;
        };
        if let Some(queued) = process.queued.take() {
            self.queue.remove(&(queued, Due::Process(id)));
        }
        if let Some(at) = process.next(self.clock.now(), &life.machine) {
            process.queued = Some(at);
            self.queue.insert((at, Due::Process(id)));
        }
    }

    pub(super) fn next_due(&self) -> Option<VirtualTime> {
        self.queue.first().map(|(at, _)| *at)
    }
}
