//! How the rest of the node asks the scheduler.

use std::time::Duration;

use peerflow_engine::{Answer, Refusal, Request, RerunMode};
use peerflow_model::{Epoch, InstanceId, NodeId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::cluster::ClusterHandle;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The engine says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody schedules now: no master, the store is away, or the node stops. Worth another try later.
    #[error("{reason}")]
    Unavailable {
        reason: String,
        retry_after: Duration,
    },
    /// Too much is asked at once. Worth another try later.
    #[error("too many requests wait for the scheduler; try again in a second")]
    Busy,
    /// The same `Idempotency-Key` came with another request.
    #[error("this Idempotency-Key was used for another request; use a new one")]
    KeyReused,
}

/// What the scheduler says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerState {
    /// Who is master, as far as this node knows.
    pub master: Option<NodeId>,
    pub epoch: Epoch,
    /// Why nothing is scheduled now, in words for people; `None` while all is well.
    pub trouble: Option<String>,
}

/// Something asked of the scheduler, with where the answer goes.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) what: Asked,
    /// The request's `Idempotency-Key`.
    pub(crate) key: Option<String>,
    pub(crate) answer: oneshot::Sender<Result<Answer, AskError>>,
}

/// What is asked: a request as it stands, or one for which the scheduler must read the store first.
#[derive(Debug)]
pub(crate) enum Asked {
    Engine(Request),
    Rerun {
        instance: InstanceId,
        mode: RerunMode,
        as_was: bool,
    },
}

/// Asks the scheduler of whichever node is master. Cheap to clone. The answer comes once it is durable (invariant 3).
#[derive(Clone, Debug)]
pub struct SchedulerHandle {
    asks: mpsc::Sender<Ask>,
    state: watch::Receiver<SchedulerState>,
    cluster: ClusterHandle,
    resign: CancellationToken,
}

impl SchedulerHandle {
    /// How long an answer is waited for before the caller is told to come back.
    const PATIENCE: Duration = Duration::from_secs(15);

    pub(crate) fn new(
        asks: mpsc::Sender<Ask>,
        state: watch::Receiver<SchedulerState>,
        cluster: ClusterHandle,
        resign: CancellationToken,
    ) -> Self {
        Self {
            asks,
            state,
            cluster,
            resign,
        }
    }

    /// Whether this node is master, and all is well.
    pub fn is_master(&self) -> bool {
        let state = self.state.borrow();
        state.trouble.is_none() && state.master.as_ref() == Some(self.cluster.own_id())
    }

    /// Hands mastership over at once, if this node has it, and takes it no more. Returns when it is handed over, within
    /// `limit`.
    pub(crate) async fn resign(&self, limit: Duration) {
        self.resign.cancel();
        let mut state = self.state.clone();
        let own = self.cluster.own_id();
        let handed_over = state.wait_for(|state| state.master.as_ref() != Some(own));
        if tokio::time::timeout(limit, handed_over).await.is_err() {
            tracing::warn!("mastership is not handed over in time; it runs out by itself");
        }
    }

    /// Asks the engine.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask(&self, request: Request, key: Option<String>) -> Result<Answer, AskError> {
        self.send(Asked::Engine(request), key).await
    }

    /// Runs an instance that is over again.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn rerun(
        &self,
        instance: InstanceId,
        mode: RerunMode,
        as_was: bool,
        key: Option<String>,
    ) -> Result<Answer, AskError> {
        self.send(
            Asked::Rerun {
                instance,
                mode,
                as_was,
            },
            key,
        )
        .await
    }

    /// Who is master, and what is wrong.
    pub fn state(&self) -> SchedulerState {
        self.state.borrow().clone()
    }

    /// Tells when the state changes.
    pub fn watch(&self) -> watch::Receiver<SchedulerState> {
        self.state.clone()
    }

    async fn send(&self, what: Asked, key: Option<String>) -> Result<Answer, AskError> {
        let SchedulerState {
            master, trouble, ..
        } = self.state();
        if let Some(reason) = trouble {
            return Err(AskError::Unavailable {
                reason,
                retry_after: Duration::from_secs(1),
            });
        }
        match master {
            Some(master) if master != *self.cluster.own_id() => {
                self.cluster.ask(&master, what, key).await
            }
            _ => self.ask_here(what, key).await,
        }
    }

    /// Asks the scheduler of this very node, which refuses when it is not master.
    pub(crate) async fn ask_here(
        &self,
        what: Asked,
        key: Option<String>,
    ) -> Result<Answer, AskError> {
        let (answer, wait) = oneshot::channel();
        match self.asks.try_send(Ask { what, key, answer }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(AskError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(stopping()),
        }
        match tokio::time::timeout(Self::PATIENCE, wait).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_dropped)) => Err(stopping()),
            Err(_elapsed) => Err(late(self.state.borrow().trouble.as_deref())),
        }
    }
}

pub(super) fn stopping() -> AskError {
    AskError::Unavailable {
        reason: "this node is stopping; ask another peer".to_owned(),
        retry_after: Duration::from_secs(1),
    }
}

/// No answer came; `trouble` is what is known to hold it up.
fn late(trouble: Option<&str>) -> AskError {
    let why = trouble.map_or_else(String::new, |trouble| format!(": {trouble}"));
    AskError::Unavailable {
        reason: format!(
            "the scheduler did not answer in time{why}; what was asked may still happen: look before asking again, or \
             repeat with the same Idempotency-Key"
        ),
        retry_after: Duration::from_secs(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_names_what_is_known_to_hold_it_up() {
        let told = |trouble: Option<&str>| late(trouble).to_string();
        let store = "the store has not answered a commit for 2 s";
        assert!(told(Some(store)).contains(&format!("in time: {store}; what was asked")));
        assert!(told(None).contains("in time; what was asked may still happen"));
    }
}
