//! The seam between a node and what its tasks do.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::attempt::Attempt;
use crate::clock::WallClock;
use crate::command::find_bash;
use crate::links::Links;
use crate::mailer::Mailer;
use crate::spawner::{BootTime, Spawner};
use crate::task::{Files, KillSignal, LogSink, Task, TaskEnd, TaskLimits};
use crate::work_dir::WorkDirs;

/// Runs tasks: for real, or by a script in simulations and benchmarks.
#[async_trait]
pub trait TaskRunner: Send + Sync + std::fmt::Debug {
    /// Runs one task to its end. `started` is called once, when the work begins.
    async fn run(
        &self,
        task: Task,
        log: Arc<dyn LogSink>,
        kill: KillSignal,
        started: Box<dyn FnOnce(Timestamp) + Send>,
    ) -> TaskEnd;

    /// The node may run the tasks of actions whose `on-partition` is `wait` until `end`; past it they must be dead, also
    /// when the node itself stands still. Each call replaces the one before.
    fn granted_until(&self, _end: BootTime) {}
}

/// What [`ActionRunner`] works with.
#[derive(Debug)]
pub struct RunnerParts {
    pub limits: TaskLimits,
    pub files: Arc<dyn Files>,
    pub links: Arc<dyn Links>,
    pub mailer: Arc<dyn Mailer>,
    pub spawner: Spawner,
    pub clock: WallClock,
}

/// Runs tasks for real.
#[derive(Debug)]
pub struct ActionRunner {
    pub(crate) parts: RunnerParts,
    pub(crate) work_dirs: WorkDirs,
    /// Where bash is; told once, since every task needs it.
    pub(crate) bash: Option<std::path::PathBuf>,
}

impl ActionRunner {
    /// Makes the directory for private working directories and empties it: what lies there is from an earlier life, whose
    /// processes the spawner has killed when it started. No other node may use the same directory.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn new(mut parts: RunnerParts) -> std::io::Result<Self> {
        let work_dirs = WorkDirs::open(&parts.limits.work_dir)?;
        parts.limits.work_dir = work_dirs.path().to_owned();
        Ok(Self {
            parts,
            work_dirs,
            bash: find_bash(),
        })
    }

    /// The spawner it starts processes with.
    pub fn spawner(&self) -> &Spawner {
        &self.parts.spawner
    }
}

#[async_trait]
impl TaskRunner for ActionRunner {
    async fn run(
        &self,
        task: Task,
        log: Arc<dyn LogSink>,
        kill: KillSignal,
        started: Box<dyn FnOnce(Timestamp) + Send>,
    ) -> TaskEnd {
        Attempt::new(self, task, log, kill, started).run().await
    }

    fn granted_until(&self, end: BootTime) {
        self.parts.spawner.grant(Some(end));
    }
}
