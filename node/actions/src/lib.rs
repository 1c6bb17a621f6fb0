//! What a task does on a node: one module for each action type, and the spawner that owns every task process.

mod runner;
mod task;

pub use runner::{ActionRunner, TaskRunner};
pub use task::{Files, KillSignal, LogSink, Task, TaskEnd, TaskLimits, TaskResult};
