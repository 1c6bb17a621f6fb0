//! One attempt while it runs: its log, its kill signal, its time limit, and what its end will say.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{DataReading, LogLevel};
use tokio::time::{Instant, sleep};

use crate::log::TaskLog;
use crate::runner::ActionRunner;
use crate::task::{KillSignal, LogSink, Task, TaskEnd, TaskResult};
use crate::work;

/// An attempt on its way.
pub(crate) struct Attempt<'r> {
    pub(crate) runner: &'r ActionRunner,
    pub(crate) task: Arc<Task>,
    pub(crate) log: TaskLog,
    pub(crate) stop: StopSignal,
    started: Option<Box<dyn FnOnce(Timestamp) + Send>>,
    started_at: Option<Timestamp>,
    /// The latest process left its directory empty, and the spawner has put it aside.
    pub(crate) directory_spared: bool,
    pub(crate) readings: Vec<DataReading>,
    pub(crate) warning: Option<String>,
}

/// What may stop an attempt from outside: the kill signal and its time limit.
#[derive(Clone, Debug)]
pub(crate) struct StopSignal {
    kill: KillSignal,
    deadline: Option<Instant>,
    timeout: Option<Duration>,
}

/// The end of an attempt that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsuccessful {
    pub(crate) result: TaskResult,
    pub(crate) exit_code: Option<i32>,
    pub(crate) message: String,
}

/// The end of an attempt, or of a part of it: the exit code of its process where it had one.
pub(crate) type Outcome = Result<Option<i32>, Unsuccessful>;

impl Unsuccessful {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            result: TaskResult::Failed,
            exit_code: None,
            message: message.into(),
        }
    }

    pub(crate) fn killed(reason: String) -> Self {
        let message = if reason.is_empty() {
            "killed".to_owned()
        } else {
            reason
        };
        Self {
            result: TaskResult::Killed,
            exit_code: None,
            message,
        }
    }

    pub(crate) fn revoked(message: impl Into<String>) -> Self {
        Self {
            result: TaskResult::Revoked,
            exit_code: None,
            message: message.into(),
        }
    }
}

impl StopSignal {
    fn new(kill: KillSignal, timeout: Option<Duration>) -> Self {
        let now = Instant::now();
        let deadline = timeout.and_then(|timeout| now.checked_add(timeout));
        Self {
            kill,
            deadline,
            timeout,
        }
    }

    /// What is left of the time limit.
    pub(crate) fn left(&self) -> Option<Duration> {
        let now = Instant::now();
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(now))
    }

    /// The reason, if the kill signal was given already.
    pub(crate) fn killed_already(&self) -> Option<String> {
        self.kill.borrow().clone()
    }

    /// Waits for the kill signal; for ever when nobody can give it any more.
    pub(crate) async fn killed(&mut self) -> String {
        let reason = match self.kill.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone(),
            Err(_sender_gone) => None,
        };
        match reason {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    /// Waits until the attempt must stop.
    pub(crate) async fn stopped(&mut self) -> Unsuccessful {
        let deadline = self.deadline;
        let late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            reason = self.killed() => Unsuccessful::killed(reason),
            () = late => self.timed_out(),
        }
    }

    pub(crate) fn timed_out(&self) -> Unsuccessful {
        let message = match self.timeout {
            Some(timeout) => {
                format!(
                    "its time limit is over: {:?} were left when it started",
                    rounded(timeout)
                )
            }
            None => "its time limit is over".to_owned(),
        };
        Unsuccessful {
            result: TaskResult::TimedOut,
            exit_code: None,
            message,
        }
    }

    /// Does `work`, unless the attempt must stop before it is done; then it is dropped.
    pub(crate) async fn guard<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, Unsuccessful> {
        tokio::select! {
            biased;
            stopped = self.stopped() => Err(stopped),
            done = work => Ok(done),
        }
    }
}

/// Whole milliseconds, for people.
fn rounded(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

impl<'r> Attempt<'r> {
    pub(crate) fn new(
        runner: &'r ActionRunner,
        task: Task,
        sink: Arc<dyn LogSink>,
        kill: KillSignal,
        started: Box<dyn FnOnce(Timestamp) + Send>,
    ) -> Self {
        let parts = &runner.parts;
        Self {
            runner,
            log: TaskLog::new(sink, parts.clock.clone(), &parts.limits),
            stop: StopSignal::new(kill, task.timeout),
            task: Arc::new(task),
            started: Some(started),
            started_at: None,
            directory_spared: false,
            readings: Vec::new(),
            warning: None,
        }
    }

    /// Runs it to its end.
    pub(crate) async fn run(mut self) -> TaskEnd {
        let outcome = match self.stop.killed_already() {
            Some(reason) => Err(Unsuccessful::killed(reason)),
            None => work::run(&mut self).await,
        };
        self.log.finish().await;
        let (result, exit_code, message) = match outcome {
            Ok(exit_code) => (TaskResult::Succeeded, exit_code, String::new()),
            Err(end) => (end.result, end.exit_code, end.message),
        };
        TaskEnd {
            result,
            exit_code,
            message,
            started_at: self.started_at,
            ended_at: self.runner.parts.clock.now(),
            readings: self.readings,
            warning: self.warning,
        }
    }

    /// The work begins now, unless it had begun before.
    pub(crate) fn begin(&mut self) {
        if let Some(started) = self.started.take() {
            let now = self.runner.parts.clock.now();
            self.started_at = Some(now);
            started(now);
        }
    }

    /// Waits, unless the attempt must stop.
    pub(crate) async fn pause(&mut self, duration: Duration) -> Result<(), Unsuccessful> {
        self.log.flush().await;
        self.stop.guard(sleep(duration)).await
    }

    /// Logs what peerflow has to say about the attempt.
    pub(crate) async fn info(&mut self, text: impl Into<String>) {
        self.log.say(LogLevel::Info, text).await;
    }

    /// Logs a warning.
    pub(crate) async fn warn(&mut self, text: impl Into<String>) {
        self.log.say(LogLevel::Warn, text).await;
    }
}
