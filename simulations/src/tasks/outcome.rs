//! What a node hears of a task's end: as the real runner would say it.

use jiff::Timestamp;
use peerflow_actions::{Task, TaskResult};
use peerflow_model::DataReading;
use peerflow_workflow::{DataMonitor, Reading, Transfer, Work};

use super::process::{Cause, Ended};

/// The end of a task, without its times.
pub(super) struct Outcome {
    pub(super) result: TaskResult,
    pub(super) exit_code: Option<i32>,
    pub(super) message: String,
}

impl Outcome {
    pub(super) fn new(result: TaskResult, message: impl Into<String>) -> Self {
        Self {
            result,
            exit_code: None,
            message: message.into(),
        }
    }

    pub(super) fn killed(reason: String) -> Self {
        let message = if reason.is_empty() {
            "killed".to_owned()
        } else {
            reason
        };
        Self::new(TaskResult::Killed, message)
    }
}

/// What an end of a process means.
pub(super) fn outcome(task: &Task, end: Ended, reason: Option<String>) -> Outcome {
    let mut outcome = match (end.cause, end.exit) {
        (Cause::Itself, Some(0)) => Outcome::new(TaskResult::Succeeded, ""),
        (Cause::Itself, Some(code)) => {
            Outcome::new(TaskResult::Failed, format!("exit code {code}"))
        }
        (Cause::Itself, None) => Outcome::new(TaskResult::Failed, "killed by a signal"),
        (Cause::Asked, _) => Outcome::killed(reason.unwrap_or_default()),
        (Cause::TimedOut, _) => {
            let left = task.timeout.unwrap_or_default();
            Outcome::new(
                TaskResult::TimedOut,
                format!("its time limit is over: {left:?} were left when it started"),
            )
        }
        (Cause::GrantOver, _) => Outcome::new(
            TaskResult::Revoked,
            "this node's grant was over, so the task was killed; it is run again where the master says",
        ),
        (Cause::NodeDied, _) => Outcome::new(
            TaskResult::Revoked,
            "the spawner process died and its tasks were killed; the task may be run again",
        ),
    };
    if matches!(end.cause, Cause::Itself | Cause::Asked | Cause::TimedOut) && has_process(task) {
        outcome.exit_code = end.exit;
    }
    outcome
}

/// Whether the end of the real action's process is the action's: others have no exit code.
fn has_process(task: &Task) -> bool {
    task.action().is_some_and(|action| match &action.work {
        Work::Script(_) | Work::Shell(_) | Work::FileExecutor(_) => true,
        Work::Transfer(transfer) => matches!(**transfer, Transfer::Script(_)),
        Work::Sql(_)
        | Work::FileMonitor(_)
        | Work::DataMonitor(_)
        | Work::Metadata(_)
        | Work::Email(_) => false,
    })
}

fn values(monitor: &DataMonitor, number: u64) -> (f64, Option<f64>, Option<f64>) {
    let known = |reading: &Reading| match reading {
        Reading::Number(number) => Some(*number),
        Reading::Sql { .. } | Reading::Command(_) => None,
    };
    let min = monitor.min.as_ref().and_then(known);
    let max = monitor.max.as_ref().and_then(known);
    let (from, to) = match (min, max) {
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, min + 100.0),
        (None, Some(max)) => (max - 100.0, max),
        (None, None) => (0.0, 100.0),
    };
    let percent = u8::try_from(number % 101).unwrap_or_default();
    let drawn = from + (to - from) * f64::from(percent) / 100.0;
    (known(&monitor.source).unwrap_or(drawn), min, max)
}

/// What a data monitor read: within its limits, where those are numbers.
pub(super) fn reading(task: &Task, number: u64, at: Timestamp) -> Option<DataReading> {
    let Work::DataMonitor(monitor) = &task.action()?.work else {
        return None;
    };
    if !monitor.saved {
        return None;
    }
    let (value, min, max) = values(monitor, number);
    let logical = &task.logical_time;
    Some(DataReading {
        attempt: task.attempt.clone(),
        workflow: task.workflow.name.clone(),
        day: logical.instant.to_zoned(logical.zone.clone()).date(),
        value,
        min,
        max,
        marks: monitor.marks.clone(),
        remark: String::new(),
        at,
    })
}
