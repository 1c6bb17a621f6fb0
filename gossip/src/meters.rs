//! What the gossip counts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use peerflow_model::NodeId;

/// What was counted since the start of this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meters {
    /// Datagrams sent.
    pub sent: u64,
    /// Bytes of them.
    pub sent_bytes: u64,
    /// Datagrams that were accepted.
    pub received: u64,
    /// Bytes of them.
    pub received_bytes: u64,
    /// Longest datagram sent or accepted, in bytes.
    pub longest: usize,
    /// Datagrams that arrived and were dropped, by reason.
    pub dropped: Dropped,
    /// Datagrams that were too long to be sent.
    pub too_large: u64,
    /// Datagrams that the system refused to send, such as without a route.
    pub unsent: u64,
    /// Values of peers that could not be read.
    pub unreadable: u64,
    /// Times the gossip had to start again after its socket broke.
    pub restarts: u64,
    /// The peer whose clock differs most from this node's, of those heard lately.
    pub skew: Option<Skew>,
}

/// Datagrams that arrived and were dropped, without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Not sealed with this cluster's key and name: a stranger, a wrong secret, or another cluster on the same port.
    pub wrong_key: u64,
    /// Sealed more than 30 s ago or ahead by this node's clock: a skewed clock, or an old datagram sent again.
    pub outside_window: u64,
    /// Had arrived before.
    pub replayed: u64,
    /// Not of the form of a datagram of this program.
    pub malformed: u64,
}

/// How far the clock of a peer is ahead of this node's; negative when it is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skew {
    pub peer: NodeId,
    pub ahead: SignedDuration,
}

/// The counters, shared by the socket and those who read them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters(Arc<Mutex<Meters>>);

impl Counters {
    /// For counting; held for a moment, never over an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Meters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
