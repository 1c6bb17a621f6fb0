//! Processes of tasks by script, in place of the spawner and what it starts. They belong to the machine: they go on
//! while their node's program stands still, and end with their node's grant or life.

mod behaviour;
mod given;
mod hints;
mod machines;
mod outcome;
mod past;
mod play;
mod playbook;
mod process;
mod queue;
mod runner;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peerflow_actions::TaskRunner;
use peerflow_model::{AttemptId, Incarnation, NodeId};
use peerflow_workflow::OnPartition;

pub use play::{Draw, Play, PlayResult};
pub use playbook::{PlayError, Playbook};

use crate::history::History;
use crate::time::{MachineClock, VirtualTime, WorldClock};
use machines::Machines;
use runner::ScriptedRunner;

/// The processes of all machines of a run. Cheap to clone.
///
/// Whoever drives the run moves the world's clock on, calls [`Tasks::tick`], then lets the nodes run.
#[derive(Clone, Debug)]
pub struct Tasks {
    machines: Arc<Mutex<Machines>>,
}

/// What all spawners have in common.
#[derive(Clone, Copy, Debug)]
struct Settings {
    kill_grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kill_grace: Duration::from_secs(10),
        }
    }
}

/// A process that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningTask {
    pub node: NodeId,
    pub incarnation: Incarnation,
    pub attempt: AttemptId,
    pub on_partition: OnPartition,
    pub since: VirtualTime,
    pub play: Play,
}

impl Tasks {
    /// No process runs yet. What each will do stands in `book` and is drawn from `seed`.
    pub fn new(clock: WorldClock, history: History, seed: u64, book: Playbook) -> Self {
        let machines = Machines::new(clock, history, seed, book);
        Self {
            machines: Arc::new(Mutex::new(machines)),
        }
    }

    /// How long spawners wait between TERM and KILL from now on: the nodes' `worker.kill_grace`, 10 s at first. It is
    /// for processes that start later.
    pub fn set_kill_grace(&self, kill_grace: Duration) {
        self.machines().set(Settings { kill_grace });
    }

    /// The runner of a new life of a node. What still ran of an earlier life is killed, as the real spawner does when it
    /// starts.
    pub fn runner(
        &self,
        node: NodeId,
        incarnation: Incarnation,
        machine: MachineClock,
    ) -> Arc<dyn TaskRunner> {
        let life = (node, incarnation);
        self.machines().begin(life.clone(), machine.clone());
        Arc::new(ScriptedRunner {
            tasks: self.clone(),
            life,
            machine,
        })
    }

    /// Ends what is to end by the world's present time: processes that are done, that had their time or whose node's
    /// grant is over. Costs next to nothing when nothing is.
    pub fn tick(&self) {
        self.machines().tick();
    }

    /// The node is gone, by a crash or in order: its spawner kills all its processes. Nothing starts in that life any
    /// more.
    pub fn crash(&self, node: &NodeId) {
        self.machines().crash(node);
    }

    /// When [`Tasks::tick`] has something to do next, if nodes do nothing; perhaps a little early.
    pub fn next_due(&self) -> Option<VirtualTime> {
        self.machines().next_due()
    }

    /// All processes that run, the oldest first.
    pub fn running(&self) -> Vec<RunningTask> {
        self.machines().running()
    }

    /// Whether a process of this attempt runs anywhere.
    pub fn is_running(&self, attempt: &AttemptId) -> bool {
        self.machines().is_running(attempt)
    }

    fn machines(&self) -> MutexGuard<'_, Machines> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
