//! The attempts that run on this node.

use std::collections::HashMap;

use jiff::Timestamp;
use peerflow_actions::{TaskEnd, TaskResult};
use peerflow_model::AttemptId;
use tokio::sync::watch;
use tokio::task::{Id, JoinError};

/// One attempt that runs.
#[derive(Debug)]
pub(super) struct Running {
    /// Kept so that the task's kill signal stays open.
    kill: watch::Sender<Option<String>>,
    /// When the work began, once it did.
    pub(super) started_at: Option<Timestamp>,
    /// Killed by this node for its own sake: counts as revoked.
    revoked: bool,
}

/// The attempts that run on this node, at most as many as it has slots.
#[derive(Debug)]
pub(super) struct Slots {
    limit: usize,
    running: HashMap<AttemptId, Running>,
    tasks: HashMap<Id, AttemptId>,
}

impl Slots {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit: limit as usize,
            running: HashMap::new(),
            tasks: HashMap::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= self.limit
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn contains(&self, attempt: &AttemptId) -> bool {
        self.running.contains_key(attempt)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&AttemptId, &Running)> {
        self.running.iter()
    }

    pub(super) fn add(
        &mut self,
        attempt: AttemptId,
        task: Id,
        kill: watch::Sender<Option<String>>,
    ) {
        self.tasks.insert(task, attempt.clone());
        let running = Running {
            kill,
            started_at: None,
            revoked: false,
        };
        self.running.insert(attempt, running);
    }

    /// Notes when an attempt began.
    pub(super) fn began(&mut self, attempt: &AttemptId, at: Timestamp) {
        if let Some(running) = self.running.get_mut(attempt) {
            running.started_at = Some(at);
        }
    }

    /// Signals an attempt to stop because the master says so.
    pub(super) fn kill(&mut self, attempt: &AttemptId, reason: String) {
        if let Some(running) = self.running.get_mut(attempt) {
            running.revoked = false;
            running.kill.send_replace(Some(reason));
        }
    }

    /// Signals all to stop for this node's own sake. Those killed already by order stay so.
    pub(super) fn revoke_all(&mut self, reason: &str) {
        for running in self.running.values_mut() {
            if running.kill.borrow().is_none() {
                running.revoked = true;
                running.kill.send_replace(Some(reason.to_owned()));
            }
        }
    }

    /// Frees the slot of a task that ended, or broke.
    pub(super) fn ended(
        &mut self,
        joined: Result<(Id, TaskEnd), JoinError>,
        now: Timestamp,
    ) -> Option<(AttemptId, TaskEnd)> {
        let task = match &joined {
            Ok((task, _)) => *task,
            Err(error) => error.id(),
        };
        let attempt = self.tasks.remove(&task)?;
        let running = self.running.remove(&attempt)?;
        let mut end = match joined {
            Ok((_, end)) => end,
            Err(error) => broken(&error, running.started_at, now),
        };
        if running.revoked && end.result == TaskResult::Killed {
            end.result = TaskResult::Revoked;
        }
        Some((attempt, end))
    }
}

/// A task whose code panicked: a bug of ours, which must not hang its workflow.
fn broken(error: &JoinError, started_at: Option<Timestamp>, now: Timestamp) -> TaskEnd {
    tracing::error!(%error, "the code that runs a task broke");
    TaskEnd {
        result: TaskResult::Failed,
        exit_code: None,
        message: format!("the code that runs the task broke, which is a bug in peerflow: {error}"),
        started_at,
        ended_at: now,
        readings: Vec::new(),
        warning: None,
    }
}
