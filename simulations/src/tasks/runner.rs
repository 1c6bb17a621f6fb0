//! The runner of one life of a node: starts processes on its machine, waits for their ends and tells of them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_actions::{BootTime, KillSignal, LogSink, Task, TaskEnd, TaskResult, TaskRunner};
use peerflow_model::{DataReading, LogLevel, LogLine};
use peerflow_node::Clock;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::Tasks;
use super::machines::{LifeId, NotStarted, ProcessId, Started};
use super::outcome::{Outcome, outcome, reading};
use super::process::Ended;
use crate::time::MachineClock;

/// Lines given to the log at once.
const BATCH: u32 = 500;

/// In how many pieces a task's output comes.
const PIECES: u32 = 10;

/// Runs the tasks of one life of a node by script.
#[derive(Debug)]
pub(super) struct ScriptedRunner {
    pub(super) tasks: Tasks,
    pub(super) life: LifeId,
    pub(super) machine: MachineClock,
}

#[async_trait]
impl TaskRunner for ScriptedRunner {
    async fn run(
        &self,
        task: Task,
        log: Arc<dyn LogSink>,
        mut kill: KillSignal,
        started: Box<dyn FnOnce(Timestamp) + Send>,
    ) -> TaskEnd {
        let process = match self.start(&task, &kill) {
            Ok(process) => process,
            Err(outcome) => return self.end(outcome, None, Vec::new()),
        };
        let started_at = self.machine.now();
        started(started_at);
        let (told, ended) = oneshot::channel();
        let (end, ()) = tokio::join!(
            self.until_ended(process.id, process.ended, &mut kill, told),
            self.print(process.id, process.play, log, ended),
        );
        let Some((end, reason)) = end else {
            let outcome = Outcome::new(
                TaskResult::Revoked,
                "the spawner process died and its tasks were killed; the task may be run again",
            );
            return self.end(outcome, Some(started_at), Vec::new());
        };
        let outcome = outcome(&task, end, reason);
        let readings = if outcome.result == TaskResult::Succeeded {
            reading(&task, process.number, self.machine.now())
                .into_iter()
                .collect()
        } else {
            Vec::new()
        };
        self.end(outcome, Some(started_at), readings)
    }

    fn granted_until(&self, end: BootTime) {
        self.tasks.machines().grant(&self.life, end);
    }
}

impl ScriptedRunner {
    fn start(&self, task: &Task, kill: &KillSignal) -> Result<Started, Outcome> {
        if let Some(reason) = kill.borrow().clone() {
            return Err(Outcome::killed(reason));
        }
        let Some(action) = task.action() else {
            let step = task.attempt.visit.step.as_str();
            return Err(Outcome::new(
                TaskResult::Failed,
                format!("step `{step}` is no action of the definition that came with the task"),
            ));
        };
        let started = self.tasks.machines().start(&self.life, task, action);
        started.map_err(|why| match why {
            NotStarted::Gone => Outcome::new(
                TaskResult::Revoked,
                "the spawner process died before it could start the task",
            ),
            NotStarted::GrantOver => Outcome::new(
                TaskResult::Revoked,
                "this node's grant is over, so the task was not started",
            ),
            NotStarted::Unplayable(error) => Outcome::new(TaskResult::Failed, error.to_string()),
        })
    }

    /// Waits for the end of a process, and passes the kill signal on to it. Says why it was killed, if it was; `None`
    /// when nobody can tell of the end.
    async fn until_ended(
        &self,
        id: ProcessId,
        mut ended: oneshot::Receiver<Ended>,
        kill: &mut KillSignal,
        told: oneshot::Sender<u32>,
    ) -> Option<(Ended, Option<String>)> {
        let (ended, reason) = tokio::select! {
            biased;
            ended = &mut ended => (ended, None),
            reason = killed(kill) => {
                self.tasks.machines().stop(id);
                (ended.await, Some(reason))
            }
        };
        let ended = ended.ok()?;
        // Whoever prints stops by itself once all is printed.
        told.send(ended.lines).ok();
        Some((ended, reason))
    }

    /// Writes what the process prints, when it prints it, and the rest once it has ended.
    async fn print(
        &self,
        id: ProcessId,
        play: super::Play,
        log: Arc<dyn LogSink>,
        mut ended: oneshot::Receiver<u32>,
    ) {
        if play.lines == 0 {
            return;
        }
        let pause = (play.takes / PIECES).max(Duration::from_millis(1));
        let mut written = 0;
        loop {
            let last = tokio::select! {
                biased;
                last = &mut ended => Some(last.unwrap_or(written)),
                () = sleep(pause) => None,
            };
            let due = last.or_else(|| self.tasks.machines().lines(id));
            while let Some(due) = due
                && written < due
            {
                let until = due.min(written + BATCH);
                let line = |number| LogLine {
                    at: self.machine.now(),
                    level: LogLevel::Info,
                    text: format!("line {number} of {}", play.lines),
                };
                log.write((written + 1..=until).map(line).collect()).await;
                written = until;
            }
            if last.is_some() || written == play.lines {
                return;
            }
        }
    }

    fn end(
        &self,
        outcome: Outcome,
        started_at: Option<Timestamp>,
        readings: Vec<DataReading>,
    ) -> TaskEnd {
        TaskEnd {
            result: outcome.result,
            exit_code: outcome.exit_code,
            message: outcome.message,
            started_at,
            ended_at: self.machine.now(),
            readings,
            warning: None,
        }
    }
}

/// Waits for the kill signal; for ever when nobody can give it any more.
async fn killed(kill: &mut KillSignal) -> String {
    let reason = match kill.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone(),
        Err(_sender_gone) => None,
    };
    match reason {
        Some(reason) => reason,
        None => std::future::pending().await,
    }
}
