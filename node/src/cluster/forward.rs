//! What is asked of another node: of the master on behalf of a caller, or of any node about its going.

use std::time::Duration;

use peerflow_engine::Answer;
use peerflow_gossip::Member;
use peerflow_model::{Epoch, NodeId};
use peerflow_wire as wire;
use tokio::time::timeout;

use super::network::Unreachable;
use super::{ClusterHandle, Departure, convert};
use crate::scheduler::{AskError, Asked};

/// How long the master may take to answer; a little more than it gives itself.
const PATIENCE: Duration = Duration::from_secs(17);
/// How long a node that leaves tries to tell the others that the lease is free.
const RELEASE_PATIENCE: Duration = Duration::from_millis(300);

impl ClusterHandle {
    /// Asks the scheduler of `master`.
    ///
    /// # Errors
    /// See [`AskError`].
    pub(crate) async fn ask(
        &self,
        master: &NodeId,
        what: Asked,
        key: Option<String>,
    ) -> Result<Answer, AskError> {
        let message = convert::asked_to_wire(what)
            .ok_or_else(|| later("this cannot be asked through another node".to_owned()))?;
        self.ask_node(master, message, key).await
    }

    /// Asks a node to go, or to stay after all.
    ///
    /// # Errors
    /// When it cannot be reached: see [`AskError`].
    pub(crate) async fn ask_to_go(
        &self,
        node: &NodeId,
        departure: Departure,
    ) -> Result<(), AskError> {
        if node == self.own_id() {
            self.departures().ask(departure);
            return Ok(());
        }
        let message = match departure {
            Departure::ShutsDown => wire::AskedMessage::Shutdown,
            Departure::Stays | Departure::Drains | Departure::Moves => wire::AskedMessage::Drain {
                node: node.clone(),
                off: departure == Departure::Stays,
                moves: departure == Departure::Moves,
            },
        };
        self.ask_node(node, message, None).await.map(drop)
    }

    async fn ask_node(
        &self,
        node: &NodeId,
        what: wire::AskedMessage,
        key: Option<String>,
    ) -> Result<Answer, AskError> {
        let members = self.members();
        let (Some(network), Some(member)) = (&self.shared.network, members.member(node)) else {
            return Err(later(format!("node {node} is not known here; ask again")));
        };
        let connection = network.connection(member).await;
        let connection = connection.map_err(|error| unreachable(member, &error))?;
        match timeout(PATIENCE, connection.ask(key, what)).await {
            Ok(Ok(answer)) => convert::answer_from_wire(answer),
            Ok(Err(error)) => Err(unknown(node, &error.to_string())),
            Err(_elapsed) => Err(unknown(node, "it did not answer in time")),
        }
    }

    /// Tells the peers that the lease of `epoch` is free, so that they need not find out.
    pub(crate) async fn tell_released(&self, epoch: Epoch) {
        let Some(network) = &self.shared.network else {
            return;
        };
        let members = self.members();
        let telling = members.peers().map(|member| async move {
            let connection = network.connection(member).await?;
            let opening = wire::Opening::Released { epoch };
            let opened = connection.open::<wire::Pong, wire::Pong>(&opening).await;
            if let Ok((_, mut heard)) = opened {
                drop(heard.receive().await);
            }
            Ok::<_, Unreachable>(())
        });
        // Gossip tells it too, a little later.
        drop(timeout(RELEASE_PATIENCE, futures::future::join_all(telling)).await);
    }
}

fn later(reason: String) -> AskError {
    AskError::Unavailable {
        reason,
        retry_after: Duration::from_secs(1),
    }
}

fn unreachable(member: &Member, error: &Unreachable) -> AskError {
    tracing::debug!(node = %member.id, %error, "a node cannot be asked");
    later(format!("{error}; ask again in a moment"))
}

fn unknown(node: &NodeId, why: &str) -> AskError {
    later(format!(
        "node {node} was asked, and then {why}: what was asked may or may not have happened; look before asking again, \
         or repeat with the same Idempotency-Key"
    ))
}
