//! Logs of tasks: chunks of lines, appended while the task runs.

use async_trait::async_trait;
use peerflow_model::{AttemptId, InstanceId, LogLine};
use peerflow_workflow::StepName;

use crate::error::Error;

/// Lines of one attempt that follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct LogChunk {
    pub attempt: AttemptId,
    /// Counted from 0 for each attempt; appending the same number twice keeps the first.
    pub sequence: u32,
    pub lines: Vec<LogLine>,
}

/// Which lines are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSelection {
    pub instance: InstanceId,
    /// Absent: the latest run that has any.
    pub run: Option<u32>,
    pub step: Option<StepName>,
    /// Only this try of the step's visit: (visit, attempt).
    pub attempt: Option<(u32, u32)>,
}

/// A place in the log of a run, in the order in which chunks arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogCursor(pub u64);

/// Chunks in the order in which they arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    pub chunks: Vec<LogChunk>,
    /// Where to go on; the same as asked when nothing new was there.
    pub next: LogCursor,
    /// More is there already.
    pub more: bool,
}

/// Logs of tasks. Not fenced: each attempt's only writer is the worker that runs it.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Makes chunks durable (as far as the store's log file is; logs may lose the last moments in a power cut).
    async fn append_logs(&self, chunks: &[LogChunk]) -> Result<(), Error>;

    /// Chunks after `from`, at most about `max_bytes` of text and at least one chunk where there is one.
    async fn logs(
        &self,
        selection: &LogSelection,
        from: LogCursor,
        max_bytes: usize,
    ) -> Result<LogPage, Error>;

    /// The last `lines` lines of the selection.
    async fn log_tail(
        &self,
        selection: &LogSelection,
        lines: usize,
    ) -> Result<Vec<(AttemptId, LogLine)>, Error>;
}
