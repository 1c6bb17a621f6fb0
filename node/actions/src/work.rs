//! What each action type does.

mod attachments;
mod data_monitor;
mod email;
mod file_executor;
mod file_monitor;
mod metadata;
mod script;
mod sql;
mod transfer;

use peerflow_workflow::{Transfer, Work};

use crate::attempt::{Attempt, Outcome, Unsuccessful};

/// Does the work of the attempt's action.
pub(crate) async fn run(attempt: &mut Attempt<'_>) -> Outcome {
    let task = std::sync::Arc::clone(&attempt.task);
    let Some(action) = task.action() else {
        let step = task.attempt.visit.step.as_str();
        return Err(Unsuccessful::failed(format!(
            "step `{step}` is no action of the definition that came with the task"
        )));
    };
    match &action.work {
        Work::Script(script) => script::run(attempt, script).await,
        Work::Shell(command) => attempt.run_bash(&command.0, 0).await?.outcome(),
        Work::FileExecutor(executor) => file_executor::run(attempt, executor).await,
        Work::FileMonitor(monitor) => file_monitor::run(attempt, monitor).await,
        Work::DataMonitor(monitor) => data_monitor::run(attempt, monitor).await,
        Work::Email(email) => email::run(attempt, email).await,
        Work::Transfer(transfer) => match &**transfer {
            Transfer::Script(command) => attempt.run_bash(&command.0, 0).await?.outcome(),
            Transfer::Rows { source, target } => transfer::run(attempt, source, target).await,
        },
        Work::Sql(sql) => sql::run(attempt, sql).await,
        Work::Metadata(metadata) => metadata::run(attempt, metadata).await,
    }
}
