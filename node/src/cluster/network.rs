//! Connections to peers: made when they are needed, kept as long as the peer is there, and made anew when it begins another
//! life.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use peerflow_gossip::{Member, MemberState, Members};
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

    /// Lets go of connections to lives of peers that are over, or that gossip does not call alive. What still goes over
    /// them goes on.
    pub(crate) fn keep_alive_only(&self, members: &Members) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|node, made| {
            members.member(node).is_some_and(|member| {
                // It may have been made after `members` was looked up.
                member.state == MemberState::Alive && made.incarnation >= member.incarnation
            })
        });
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use peerflow_gossip::{About, Word};
    use peerflow_model::Epoch;
    use peerflow_wire::{ClusterSecret, ClusterTls, EndpointConfig, Limits};
    use tokio::time::timeout;

    use super::*;

    const BOUND: Duration = Duration::from_secs(30);

    fn endpoint(node: &str) -> Endpoint {
        let secret: ClusterSecret = "a secret that both nodes of this test share"
            .parse()
            .unwrap();
        let node = NodeId::from(node);
        Endpoint::bind(EndpointConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            tls: ClusterTls::new(&secret, "test", &node).unwrap(),
            node,
            incarnation: Incarnation(7),
            program_version: "0.1.0".to_owned(),
            cluster: "test".to_owned(),
            epoch: Arc::new(|| Epoch(1)),
            limits: Limits::default(),
        })
        .unwrap()
    }

    fn member(id: &str, endpoint: &Endpoint, incarnation: u64, state: MemberState) -> Member {
        let address = endpoint.local_addr().unwrap();
        Member {
            id: id.into(),
            incarnation: Incarnation(incarnation),
            gossip: address,
            about: Arc::new(About {
                http: None,
                rpc: Some(address),
                labels: [].into(),
                hosts: [].into(),
                slots: 1,
                version: "0.1.0".to_owned(),
                started_at: Timestamp::UNIX_EPOCH,
            }),
            word: Word::default(),
            state,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn members(all: impl IntoIterator<Item = Member>) -> Members {
        Members::new("a".into(), all)
    }

    fn kept(network: &Network) -> Vec<String> {
        let made = network.made.lock().unwrap();
        let mut kept: Vec<_> = made.keys().map(ToString::to_string).collect();
        kept.sort();
        kept
    }

    #[tokio::test]
    async fn a_connection_is_let_go_when_its_peer_is_not_there_any_more() {
        use MemberState::{Alive, Dead, Left};
        let network = Network::new(endpoint("a"));
        let others = ["b", "c", "d", "e"].map(|id| (id, endpoint(id)));
        let mut accepted = Vec::new();
        for (id, other) in &others {
            let member = member(id, other, 7, Alive);
            let (made, met) =
                tokio::join!(network.connection(&member), timeout(BOUND, other.accept()));
            made.unwrap();
            accepted.push(met.unwrap().unwrap());
        }
        let as_now = |at: usize, life, state| member(others[at].0, &others[at].1, life, state);
        let now = |life, left: MemberState, dead: MemberState| {
            members([
                as_now(0, life, Alive),
                as_now(1, 7, left),
                as_now(2, 7, dead),
            ])
        };
        let with_e = members(
            now(7, Alive, Alive)
                .iter()
                .cloned()
                .chain([as_now(3, 7, Alive)]),
        );
        network.keep_alive_only(&with_e);
        assert_eq!(kept(&network), ["b", "c", "d", "e"], "all are there");

        network.keep_alive_only(&now(7, Left, Dead));
        assert_eq!(kept(&network), ["b"], "left, dead, and forgotten by gossip");
        for gone in &accepted[1..] {
            assert!(
                timeout(BOUND, gone.accept()).await.unwrap().is_err(),
                "it is closed"
            );
        }
        assert_eq!(accepted[0].close_reason(), None);
        // A look at the members from before its present life tells nothing against the connection.
        network.keep_alive_only(&now(6, Left, Dead));
        assert_eq!(kept(&network), ["b"]);
        network.keep_alive_only(&now(8, Left, Dead));
        assert!(kept(&network).is_empty(), "that life is over");
    }
}
