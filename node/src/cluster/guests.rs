//! What one peer may take of this node: connections and streams, however many it opens.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use peerflow_model::NodeId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of one peer at once: it needs one, and those of its earlier lives may linger for a moment.
const CONNECTIONS: usize = 16;
/// Streams of one peer for orders and questions that are served at once, over all its connections.
const STREAMS: usize = 128;
/// Streams of one peer that follow events or logs, which stay. With those above no more than a connection may have open, so
/// that followers leave room for orders and questions.
const FOLLOWERS: usize = 128;

/// The peers that are connected, each with what is left to it.
#[derive(Debug, Default)]
pub(super) struct Guests {
    peers: HashMap<NodeId, Weak<Turns>>,
}

/// What is left to one peer.
#[derive(Debug)]
struct Turns {
    connections: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    followers: Arc<Semaphore>,
}

/// One connection of a peer, until it is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    turns: Arc<Turns>,
    _connection: OwnedSemaphorePermit,
}

impl Guests {
    /// Takes one more connection of `peer`; `None` when it has too many.
    pub(super) fn admit(&mut self, peer: &NodeId) -> Option<Guest> {
        self.peers.retain(|_, turns| turns.strong_count() > 0);
        let known = self.peers.get(peer).and_then(Weak::upgrade);
        let turns = known.unwrap_or_else(|| {
            let turns = Arc::new(Turns {
                connections: Arc::new(Semaphore::new(CONNECTIONS)),
                streams: Arc::new(Semaphore::new(STREAMS)),
                followers: Arc::new(Semaphore::new(FOLLOWERS)),
            });
            self.peers.insert(peer.clone(), Arc::downgrade(&turns));
            turns
        });
        let connection = Arc::clone(&turns.connections).try_acquire_owned().ok()?;
        Some(Guest {
            turns,
            _connection: connection,
        })
    }
}

impl Guest {
    /// The right to one more stream, until it is dropped; `None` when the peer has too many.
    pub(super) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns.streams).try_acquire_owned().ok()
    }

    /// The right to follow something on a stream, until it is dropped; `None` when the peer follows too much.
    pub(super) fn follower(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns.followers).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_takes_too_much_is_refused_and_takes_nothing_from_others() {
        let mut guests = Guests::default();
        let (greedy, other) = (NodeId::from("greedy"), NodeId::from("other"));
        let connections: Vec<Guest> = (0..CONNECTIONS)
            .filter_map(|_| guests.admit(&greedy))
            .collect();
        assert_eq!(connections.len(), CONNECTIONS);
        assert!(guests.admit(&greedy).is_none());
        // Its streams count together, over all its connections.
        let streams: Vec<_> = (0..STREAMS)
            .filter_map(|number| connections[number % CONNECTIONS].stream())
            .collect();
        assert_eq!(streams.len(), STREAMS);
        assert!(connections.iter().all(|guest| guest.stream().is_none()));
        let polite = guests.admit(&other).expect("another peer is admitted");
        assert!(polite.stream().is_some());
        let followers: Vec<_> = (0..STREAMS)
            .filter_map(|number| connections[number % CONNECTIONS].follower())
            .collect();
        assert_eq!(followers.len(), FOLLOWERS);
        drop(streams);
        assert!(connections[0].stream().is_some());
        drop(connections);
        assert!(guests.admit(&greedy).is_some());
    }
}
