//! What a task does on a node: one module for each action type, and the spawner that owns every task process.

mod attempt;
mod clock;
mod command;
mod environment;
mod links;
mod log;
mod mailer;
mod runner;
mod spawner;
mod task;
mod words;
mod work;
mod work_dir;

pub use clock::WallClock;
pub use links::Links;
pub use mailer::{Mailer, OutgoingMail};
pub use runner::{ActionRunner, RunnerParts, TaskRunner};
pub use spawner::{
    BootTime, SPAWNER_ARGUMENT, Spawner, SpawnerError, SpawnerOptions, become_subreaper,
    spawner_main,
};
pub use task::{Files, KillSignal, LogSink, Task, TaskEnd, TaskLimits, TaskResult};
