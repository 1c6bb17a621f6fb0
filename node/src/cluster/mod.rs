//! This node among its peers: who they are, what each says of itself, and what is asked across nodes.
//!
//! Membership tells who is there ([`peerflow_gossip`]); connections carry the rest ([`peerflow_wire`]). A node without a
//! cluster secret has neither: it is its own only member, and everything here answers for that one.

mod alone;
mod bind;
mod convert;
mod departure;
mod forward;
mod guests;
mod links;
mod network;
mod progress;
mod relay;
mod serve;
mod word;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use peerflow_gossip::{MemberState, Members, Membership, Meters, Word};
use peerflow_model::{Epoch, NodeId};
use peerflow_wire::MeterReadings;
use tokio::sync::watch;
use tokio::time::timeout;

use alone::Alone;
pub use bind::ClusterError;
pub(crate) use bind::{BoundCluster, BoundEndpoint};
pub(crate) use departure::{Departing, Departure, Departures};
use network::Network;
pub(crate) use relay::Relay;
pub(crate) use serve::Serving;
pub(crate) use word::WordKeeper;

/// The cluster, as the rest of the node sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ClusterHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    own: NodeId,
    membership: Arc<dyn Membership>,
    /// What this node says of itself.
    word: Mutex<Word>,
    /// Absent while the node is alone.
    network: Option<Network>,
    /// The highest epoch whose master said that it gave its lease up.
    released: watch::Sender<Epoch>,
    departures: Departures,
}

impl ClusterHandle {
    pub(crate) fn new(
        own: NodeId,
        membership: Arc<dyn Membership>,
        network: Option<Network>,
        departures: Departures,
    ) -> Self {
        let shared = Shared {
            own,
            membership,
            word: Mutex::default(),
            network,
            released: watch::Sender::new(Epoch(0)),
            departures,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A node without peers, for tests of what is above.
    #[cfg(test)]
    pub(crate) fn alone(identity: &crate::identity::NodeIdentity) -> Self {
        let http = identity.http.map(|address| format!("http://{address}"));
        let member = bind::alone(identity, http);
        let membership = Arc::new(Alone::new(member));
        Self::new(identity.id.clone(), membership, None, Departures::default())
    }

    /// This node.
    pub fn own_id(&self) -> &NodeId {
        &self.shared.own
    }

    /// Whether there can be others.
    pub fn is_alone(&self) -> bool {
        self.shared.network.is_none()
    }

    /// All members as this node knows them, itself included.
    pub fn members(&self) -> Arc<Members> {
        self.shared.membership.members().borrow().clone()
    }

    /// Tells when anything about a member changes.
    pub fn watch(&self) -> watch::Receiver<Arc<Members>> {
        self.shared.membership.members()
    }

    /// What gossip counted.
    pub fn gossip_meters(&self) -> Meters {
        self.shared.membership.meters()
    }

    /// What was counted on connections; absent while the node is alone.
    pub fn connection_meters(&self) -> Option<MeterReadings> {
        let network = self.shared.network.as_ref()?;
        Some(network.endpoint().meters())
    }

    /// Whether gossip calls a node alive.
    pub fn is_alive(&self, node: &NodeId) -> bool {
        *node == self.shared.own
            || self
                .members()
                .member(node)
                .is_some_and(|member| member.state == MemberState::Alive)
    }

    /// Whether another node is there that can become master.
    pub(crate) fn has_successor(&self) -> bool {
        self.members()
            .peers()
            .filter(|peer| peer.state == MemberState::Alive)
            .any(|peer| !peer.word.draining && peer.word.store_reachable)
    }

    /// Waits until no other node is alive, at most `limit`.
    pub(crate) async fn others_gone(&self, limit: Duration) {
        let mut members = self.watch();
        let gone = members
            .wait_for(|members| !members.peers().any(|peer| peer.state == MemberState::Alive));
        // Who is still there then stops without this master.
        drop(timeout(limit, gone).await);
    }

    /// Changes what this node says of itself.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut Word)) {
        let word = {
            let mut word = self
                .shared
                .word
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let before = word.clone();
            change(&mut word);
            if *word == before {
                return;
            }
            word.clone()
        };
        self.shared.membership.tell(word);
    }

    /// Leaves: peers call this node left, not dead.
    pub(crate) async fn leave(&self) {
        self.shared.membership.leave().await;
    }

    /// The highest epoch whose master said, here or by a connection, that it gave its lease up.
    pub(crate) fn released_epoch(&self) -> Epoch {
        *self.shared.released.borrow()
    }

    /// Tells when a master says that it gave its lease up.
    pub(crate) fn releases(&self) -> watch::Receiver<Epoch> {
        self.shared.released.subscribe()
    }

    fn heard_released(&self, epoch: Epoch) {
        self.shared.released.send_if_modified(|highest| {
            let is_news = epoch > *highest;
            *highest = epoch.max(*highest);
            is_news
        });
    }

    /// What this node was asked to do about its own going.
    pub(crate) fn departures(&self) -> &Departures {
        &self.shared.departures
    }
}
