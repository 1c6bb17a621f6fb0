//! The attempts that run on this node.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use peerflow_actions::{TaskEnd, TaskResult};
use peerflow_model::AttemptId;
use peerflow_workflow::OnPartition;
use tokio::sync::watch;
use tokio::task::{Id, JoinError};

/// One attempt that runs.
#[derive(Debug)]
pub(super) struct Running {
    /// Kept so that the task's kill signal stays open.
    kill: watch::Sender<Option<String>>,
    /// When the work began, once it did.
    pub(super) started_at: Option<Timestamp>,
    /// What becomes of it when the node is cut off; known once its definition is read.
    policy: Arc<OnceLock<OnPartition>>,
    /// Killed by this node for its own sake, and why.
    revoked: Option<Revoked>,
}

/// Why a node kills what nobody asked it to kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revoked {
    /// Its grant is over: the attempt counts as lost.
    GrantOver,
    /// It goes in order: the attempt runs again elsewhere or later.
    Leaving,
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
        policy: Arc<OnceLock<OnPartition>>,
    ) {
        self.tasks.insert(task, attempt.clone());
        let running = Running {
            kill,
            started_at: None,
            policy,
            revoked: None,
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
            running.revoked = None;
            running.kill.send_replace(Some(reason));
        }
    }

    /// Signals all to stop for this node's own sake. Those killed already by order stay so.
    pub(super) fn revoke_all(&mut self, reason: &str) {
        self.revoke(reason, Revoked::Leaving, |_| true);
    }

    /// Signals those to stop that may not run without a grant. Answers how many they are.
    pub(super) fn revoke_bound(&mut self, reason: &str) -> usize {
        self.revoke(reason, Revoked::GrantOver, |running| {
            matches!(running.policy.get(), None | Some(OnPartition::Wait))
        })
    }

    fn revoke(&mut self, reason: &str, why: Revoked, which: impl Fn(&Running) -> bool) -> usize {
        let mut revoked = 0;
        for running in self.running.values_mut() {
            if running.kill.borrow().is_none() && which(running) {
                running.revoked = Some(why);
                running.kill.send_replace(Some(reason.to_owned()));
                revoked += 1;
            }
        }
        revoked
    }

    /// Frees the slot of a task that ended, or broke; and why this node killed it, if it did.
    pub(super) fn ended(
        &mut self,
        joined: Result<(Id, TaskEnd), JoinError>,
        now: Timestamp,
    ) -> Option<(AttemptId, TaskEnd, Option<Revoked>)> {
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
        if running.revoked.is_some() && end.result == TaskResult::Killed {
            end.result = TaskResult::Revoked;
        }
        Some((attempt, end, running.revoked))
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
