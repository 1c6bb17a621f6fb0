//! Connections to peers: made when they are needed, kept, and made anew when a peer begins another life.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use peerflow_gossip::{Member, MemberState};
use peerflow_model::{Incarnation, NodeId};
use peerflow_wire::{Connection, Endpoint};
use tokio::sync::OnceCell;

/// Reaches peers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    endpoint: Endpoint,
    /// Connections that this node made, by the life of the peer that they reach.
    made: Arc<Mutex<HashMap<NodeId, Made>>>,
}

#[derive(Debug)]
struct Made {
    incarnation: Incarnation,
    /// Who asks while another connects waits for that one connection.
    connection: Arc<OnceCell<Connection>>,
}

/// Why a peer cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    #[error("node {0} is not known to be alive")]
    NotAlive(NodeId),
    #[error("node {0} tells no address for other nodes")]
    NoAddress(NodeId),
    #[error("node {node} cannot be reached at {address}: {source}")]
    Connection {
        node: NodeId,
        address: std::net::SocketAddr,
        #[source]
        source: peerflow_wire::Error,
    },
}

impl Network {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            made: Arc::default(),
        }
    }

    /// Where peers are listened for and reached from.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The connection to a peer, made anew where there is none.
    ///
    /// # Errors
    /// When it cannot be reached; within a few seconds.
    pub(crate) async fn connection(&self, member: &Member) -> Result<Connection, Unreachable> {
        if member.state != MemberState::Alive {
            return Err(Unreachable::NotAlive(member.id.clone()));
        }
        let Some(address) = member.about.rpc else {
            return Err(Unreachable::NoAddress(member.id.clone()));
        };
        let connecting = async {
            let made = self.endpoint.connect(&member.id, address).await;
            made.map_err(|source| Unreachable::Connection {
                node: member.id.clone(),
                address,
                source,
            })
        };
        let cell = self.cell(member);
        cell.get_or_try_init(|| connecting).await.cloned()
    }

    /// Where the connection to this life of a peer is, or will be; not one that is closed.
    fn cell(&self, member: &Member) -> Arc<OnceCell<Connection>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.get(&member.id)
            && made.incarnation == member.incarnation
            && made
                .connection
                .get()
                .is_none_or(|made| made.close_reason().is_none())
        {
            return Arc::clone(&made.connection);
        }
        let connection = Arc::default();
        let anew = Made {
            incarnation: member.incarnation,
            connection: Arc::clone(&connection),
        };
        made.insert(member.id.clone(), anew);
        connection
    }
}
