//! What a node tells its readers as it becomes durable: instances and steps that changed, and the cluster.

use std::sync::Arc;

use peerflow_model::{Instance, Visit};
use tokio::sync::broadcast;

/// How many events a slow reader may fall behind before it misses some and is told so.
const CAPACITY: usize = 4096;

/// Something durable that changed.
#[derive(Clone, Debug)]
pub enum NodeEvent {
    Instance(Arc<Instance>),
    Step(Arc<Visit>),
    /// A workflow or coordinator was registered, changed or deleted.
    Definition {
        name: String,
        deleted: bool,
    },
    /// Mastership, membership or reachability of the store changed; ask again.
    Cluster,
}

/// Spreads events to any number of readers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventHub {
    /// To readers of this node: its own events, and those of a master elsewhere.
    readers: broadcast::Sender<NodeEvent>,
    /// To peers: its own events alone, so that none goes round in a circle.
    peers: broadcast::Sender<NodeEvent>,
}

impl Default for EventHub {
    fn default() -> Self {
        Self {
            readers: broadcast::channel(CAPACITY).0,
            peers: broadcast::channel(CAPACITY).0,
        }
    }
}

impl EventHub {
    /// Tells all readers there are.
    pub fn publish(&self, event: NodeEvent) {
        // Without readers there is nobody to tell.
        if self.peers.receiver_count() > 0 {
            drop(self.peers.send(event.clone()));
        }
        drop(self.readers.send(event));
    }

    /// Tells the readers of this node what another node told.
    pub(crate) fn publish_relayed(&self, event: NodeEvent) {
        drop(self.readers.send(event));
    }

    /// Whether anybody reads: preparing an event for nobody can be left out.
    pub fn has_readers(&self) -> bool {
        self.has_own_readers() || self.peers.receiver_count() > 0
    }

    /// Whether anybody reads at this node.
    pub(crate) fn has_own_readers(&self) -> bool {
        self.readers.receiver_count() > 0
    }

    /// Events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<NodeEvent> {
        self.readers.subscribe()
    }

    /// This node's own events from now on, for a peer.
    pub(crate) fn subscribe_peer(&self) -> broadcast::Receiver<NodeEvent> {
        self.peers.subscribe()
    }
}
