//! All machines' processes: their starts and ends, and what each node's spawner knows.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_actions::{BootTime, Task};
use peerflow_model::{AttemptId, Incarnation, NodeId};
use peerflow_node::Clock;
use peerflow_workflow::{Action, OnPartition, StepName, WorkflowName};
use tokio::sync::oneshot;

use super::play::Draw;
use super::playbook::{PlayError, Playbook};
use super::process::{Beginning, Cause, Ended, Process};
use super::queue::Due;
use super::{RunningTask, Settings};
use crate::history::{History, What};
use crate::time::{MachineClock, VirtualTime, WorldClock};

/// A life of a node, as its spawner knows it.
pub(super) type LifeId = (NodeId, Incarnation);

/// A process, counted through the run.
pub(super) type ProcessId = u64;

#[derive(Debug)]
pub(super) struct Life {
    pub(super) machine: MachineClock,
    /// Until when it may run bound processes; without one it is not bound.
    pub(super) grant: Option<BootTime>,
    /// When the end of the grant stands in the queue.
    pub(super) queued: Option<VirtualTime>,
    pub(super) processes: BTreeSet<ProcessId>,
}

/// Why a process was not started.
#[derive(Debug)]
pub(super) enum NotStarted {
    /// The node's life is over.
    Gone,
    GrantOver,
    Unplayable(PlayError),
}

/// A process that was started.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) id: ProcessId,
    pub(super) play: super::Play,
    /// Any number, for what the process reads.
    pub(super) number: u64,
    pub(super) ended: oneshot::Receiver<Ended>,
}

/// The state behind [`super::Tasks`].
#[derive(Debug)]
pub(super) struct Machines {
    pub(super) clock: WorldClock,
    history: History,
    seed: u64,
    book: Playbook,
    settings: Settings,
    pub(super) lives: BTreeMap<LifeId, Life>,
    pub(super) processes: BTreeMap<ProcessId, (LifeId, Process)>,
    pub(super) queue: BTreeSet<(VirtualTime, Due)>,
    last: ProcessId,
    /// How often each visit and try of a step was drawn.
    drawn: BTreeMap<(WorkflowName, StepName, u32, u32), u64>,
}

impl Machines {
    pub(super) fn new(clock: WorldClock, history: History, seed: u64, book: Playbook) -> Self {
        Self {
            clock,
            history,
            seed,
            book,
            settings: Settings::default(),
            lives: BTreeMap::new(),
            processes: BTreeMap::new(),
            queue: BTreeSet::new(),
            last: 0,
            drawn: BTreeMap::new(),
        }
    }

    pub(super) fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// A life of a node begins. Its spawner starts when nothing is left of earlier ones.
    pub(super) fn begin(&mut self, life: LifeId, machine: MachineClock) {
        self.crash(&life.0);
        let begun = Life {
            machine,
            grant: None,
            queued: None,
            processes: BTreeSet::new(),
        };
        self.lives.insert(life, begun);
    }

    pub(super) fn start(
        &mut self,
        life_id: &LifeId,
        task: &Task,
        action: &Action,
    ) -> Result<Started, NotStarted> {
        let now = self.clock.now();
        let life = self.lives.get(life_id).ok_or(NotStarted::Gone)?;
        let boot = life.machine.boot_time();
        let is_bound = action.on_partition == OnPartition::Wait;
        if is_bound && life.grant.is_some_and(|grant| grant <= boot) {
            return Err(NotStarted::GrantOver);
        }
        let (play, number) = self.draw(task).map_err(NotStarted::Unplayable)?;
        let Some(life) = self.lives.get_mut(life_id) else {
            return Err(NotStarted::Gone);
        };
        self.last += 1;
        let id = self.last;
        let beginning = Beginning {
            attempt: task.attempt.clone(),
            on_partition: action.on_partition,
            play,
            timeout: task.timeout,
            grace: self.settings.kill_grace,
        };
        let (process, ended) = Process::new(beginning, now, &life.machine);
        life.processes.insert(id);
        self.processes.insert(id, (life_id.clone(), process));
        self.history.record(What::TaskStarted {
            node: life_id.0.clone(),
            incarnation: life_id.1,
            attempt: task.attempt.clone(),
            on_partition: action.on_partition,
        });
        self.enqueue(id);
        Ok(Started {
            id,
            play,
            number,
            ended,
        })
    }

    fn draw(&mut self, task: &Task) -> Result<(super::Play, u64), PlayError> {
        let workflow = &task.workflow;
        let step = &workflow.step(task.step).name;
        let (visit, attempt) = (task.attempt.visit.visit, task.attempt.attempt);
        let key = (workflow.name.clone(), step.clone(), visit, attempt);
        let before = self.drawn.entry(key).or_default();
        let draw = Draw {
            seed: self.seed,
            workflow: workflow.name.as_str(),
            step: step.as_str(),
            visit,
            attempt,
            drawn_before: *before,
        };
        *before += 1;
        let play = self.book.play(workflow, task.step, &draw)?;
        Ok((play, draw.number(super::play::Purpose::Value)))
    }

    /// The node asks for the end of a process.
    pub(super) fn stop(&mut self, id: ProcessId) {
        let Some((life, process)) = self.processes.get_mut(&id) else {
            return;
        };
        let Some(life) = self.lives.get(life) else {
            return;
        };
        if process.terminate(Cause::Asked, life.machine.boot_time()) {
            self.end(id);
        } else {
            self.enqueue(id);
        }
    }

    /// The node's lives are over, and all their processes with them.
    pub(super) fn crash(&mut self, node: &NodeId) {
        let from = (node.clone(), Incarnation(0));
        let to = (node.clone(), Incarnation(u64::MAX));
        let lives: Vec<LifeId> = self
            .lives
            .range(from..=to)
            .map(|(id, _)| id.clone())
            .collect();
        for id in lives {
            let Some(life) = self.lives.remove(&id) else {
                continue;
            };
            for process_id in life.processes {
                if let Some((_, process)) = self.processes.get_mut(&process_id) {
                    process.kill(Cause::NodeDied);
                    self.end(process_id);
                }
            }
            if let Some(queued) = life.queued {
                self.queue.remove(&(queued, Due::Grant(id)));
            }
        }
    }

    /// Takes a process that has ended out of everything and tells of it.
    pub(super) fn end(&mut self, id: ProcessId) {
        let Some((life_id, process)) = self.processes.remove(&id) else {
            return;
        };
        if let Some(queued) = process.queued {
            self.queue.remove(&(queued, Due::Process(id)));
        }
        if let Some(life) = self.lives.get_mut(&life_id) {
            life.processes.remove(&id);
        }
        let (attempt, fate) = process.end(self.clock.now());
        self.history.record(What::TaskEnded {
            node: life_id.0,
            attempt,
            fate,
        });
    }

    /// Lines that a process has written by now; `None` when it has ended.
    pub(super) fn lines(&self, id: ProcessId) -> Option<u32> {
        let (_, process) = self.processes.get(&id)?;
        Some(process.lines_by(self.clock.now()))
    }

    pub(super) fn running(&self) -> Vec<RunningTask> {
        let running = self.processes.values();
        running
            .map(|((node, incarnation), process)| RunningTask {
                node: node.clone(),
                incarnation: *incarnation,
                attempt: process.attempt.clone(),
                on_partition: process.on_partition,
                since: process.started,
                play: process.play,
            })
            .collect()
    }

    pub(super) fn is_running(&self, attempt: &AttemptId) -> bool {
        let mut running = self.processes.values();
        running.any(|(_, process)| process.attempt == *attempt)
    }
}
