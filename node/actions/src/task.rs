//! A task: one attempt of an action, as a node runs it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_model::{AttemptId, ContentHash, DataReading, FileRecord, LogLine, Progress};
use peerflow_workflow::{Action, LogicalTime, StepIndex, StepKind, Workflow};
use tokio::sync::watch;

/// One attempt of an action, with all it needs.
#[derive(Clone, Debug)]
pub struct Task {
    pub attempt: AttemptId,
    /// The instance's workflow, parameters substituted.
    pub workflow: Arc<Workflow>,
    /// The action in it.
    pub step: StepIndex,
    pub params: Arc<BTreeMap<String, String>>,
    pub logical_time: LogicalTime,
    /// What is left of the step's timeout; past it the task is killed.
    pub timeout: Option<Duration>,
    /// The definition that the instance goes by, as the store knows it.
    pub definition: ContentHash,
    /// Files snapshotted with the workflow.
    pub files: Arc<[FileRecord]>,
}

impl Task {
    /// The action; `None` when `step` is no action, which only a broken sender makes.
    pub fn action(&self) -> Option<&Action> {
        match &self.workflow.step(self.step).kind {
            StepKind::Action(action) => Some(action),
            StepKind::Start { .. }
            | StepKind::Fork { .. }
            | StepKind::Join { .. }
            | StepKind::Kill { .. }
            | StepKind::End => None,
        }
    }
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskEnd {
    pub result: TaskResult,
    /// Exit code of its process, where it had one and it exited.
    pub exit_code: Option<i32>,
    /// Why it ended so, for people; empty on plain success.
    pub message: String,
    /// When the work began (the process was started), by the node's wall clock.
    pub started_at: Option<Timestamp>,
    pub ended_at: Timestamp,
    /// What a data monitor read.
    pub readings: Vec<DataReading>,
    /// A warning to be mailed although the task succeeded.
    pub warning: Option<String>,
}

/// The result of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskResult {
    Succeeded,
    Failed,
    /// The kill signal was given.
    Killed,
    /// Its time was over.
    TimedOut,
    /// The spawner or the node stopped it without being asked for this task: it may be run again.
    Revoked,
}

/// Tells a task to stop: `Some(reason)` once it should. The task kills its process tree (TERM, then KILL after the
/// grace) and ends as killed.
pub type KillSignal = watch::Receiver<Option<String>>;

/// Limits that a node sets for its tasks.
#[derive(Clone, Debug)]
pub struct TaskLimits {
    /// Between TERM and KILL.
    pub kill_grace: Duration,
    /// Bytes of log kept of one attempt: this much from the beginning, then the last `log_tail`.
    pub log_limit: u64,
    /// Bytes kept of the end when the limit is passed; 1 MiB.
    pub log_tail: u64,
    /// Sourced before scripts, where it is configured (`[worker] profile`).
    pub profile: Option<PathBuf>,
    /// Where private working directories are made.
    pub work_dir: PathBuf,
}

/// Where log lines and the progress go. Cheap to clone; never blocks for long and never grows without bound: what the store cannot take
/// in time makes the task wait (its pipe fills), not the memory grow.
#[async_trait]
pub trait LogSink: Send + Sync + fmt::Debug {
    /// Takes lines that follow each other.
    async fn write(&self, lines: Vec<LogLine>);

    /// Takes how far the task has come, in place of what it told before. Who keeps none has nothing to do.
    fn progress(&self, _progress: Progress) {}
}

/// Contents of files that belong to workflows.
#[async_trait]
pub trait Files: Send + Sync + fmt::Debug {
    /// Brings the content of `hash` to `to`, which does not exist yet.
    ///
    /// # Errors
    /// When the content is unknown or cannot be read or written, in words for the task's log.
    async fn fetch(&self, hash: ContentHash, to: &std::path::Path) -> Result<(), String>;

    /// A file of `task`'s workflow that was not snapshotted, because its path holds parameters: found on this node as
    /// the language page says, or `None`.
    ///
    /// # Errors
    /// When this node cannot tell where the workflow's document lies, in words for the task's log.
    async fn find(&self, task: &Task, path: &str) -> Result<Option<PathBuf>, String>;
}
