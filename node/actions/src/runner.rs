//! The seam between a node and what its tasks do.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::task::{Files, KillSignal, LogSink, Task, TaskEnd, TaskLimits};

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
}

/// Runs tasks for real.
#[derive(Debug)]
pub struct ActionRunner {
    #[expect(dead_code, reason = "laid down before its body")]
    limits: TaskLimits,
    #[expect(dead_code, reason = "laid down before its body")]
    files: Arc<dyn Files>,
}
