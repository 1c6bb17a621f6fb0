//! How far the clocks of peers are from ours.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use peerflow_model::NodeId;

use crate::meters::Skew;
use crate::replay::WINDOW_MS;

/// A peer that was not heard for this long is forgotten, in milliseconds.
const FORGOTTEN_AFTER_MS: i64 = 4 * WINDOW_MS;
/// Peers remembered at most.
const PEERS: usize = 4_096;

/// The last skew seen of each peer.
#[derive(Debug, Default)]
pub(crate) struct Skews {
    peers: BTreeMap<NodeId, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    ahead_ms: i64,
    /// By our clock.
    at_ms: i64,
    /// Its datagrams are dropped for their time.
    outside: bool,
}

impl Skews {
    /// Notes a datagram whose seal was valid. True when from this one on the peer's datagrams are dropped for its
    /// clock.
    pub(crate) fn note(
        &mut self,
        peer: &NodeId,
        sealed_at_ms: i64,
        now_ms: i64,
        outside: bool,
    ) -> bool {
        let last = self.peers.get(peer).copied();
        // An old datagram that a stranger sends again says nothing of the clock of a peer that is heard well.
        let heard_well = last
            .is_some_and(|seen| !seen.outside && now_ms.saturating_sub(seen.at_ms) <= WINDOW_MS);
        if outside && heard_well {
            return false;
        }
        if last.is_none() && self.peers.len() >= PEERS {
            self.forget(now_ms);
            if self.peers.len() >= PEERS {
                return false;
            }
        }
        let seen = Seen {
            ahead_ms: sealed_at_ms.saturating_sub(now_ms),
            at_ms: now_ms,
            outside,
        };
        self.peers.insert(peer.clone(), seen);
        outside && last.is_none_or(|last| !last.outside)
    }

    /// The peer whose clock differs most, of those heard lately.
    pub(crate) fn largest(&mut self, now_ms: i64) -> Option<Skew> {
        self.forget(now_ms);
        let (peer, seen) = self
            .peers
            .iter()
            .max_by_key(|(_peer, seen)| seen.ahead_ms.unsigned_abs())?;
        Some(Skew {
            peer: peer.clone(),
            ahead: SignedDuration::from_millis(seen.ahead_ms),
        })
    }

    fn forget(&mut self, now_ms: i64) {
        self.peers.retain(|_peer, seen| {
            now_ms.saturating_sub(seen.at_ms).saturating_abs() <= FORGOTTEN_AFTER_MS
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest(skews: &mut Skews, now_ms: i64) -> Option<(String, i64)> {
        let skew = skews.largest(now_ms)?;
        let ahead = i64::try_from(skew.ahead.as_millis()).expect("small");
        Some((skew.peer.to_string(), ahead))
    }

    #[test]
    fn names_the_peer_whose_clock_differs_most() {
        let mut skews = Skews::default();
        skews.note(&"a".into(), 99_990, 100_000, false);
        skews.note(&"b".into(), 88_000, 100_000, false);
        skews.note(&"c".into(), 105_000, 100_000, false);
        assert_eq!(largest(&mut skews, 100_000), Some(("b".into(), -12_000)));
        skews.note(&"b".into(), 100_990, 101_000, false);
        assert_eq!(largest(&mut skews, 101_000), Some(("c".into(), 5_000)));
    }

    #[test]
    fn tells_once_that_a_clock_is_too_far_off_and_again_after_it_was_right() {
        let mut skews = Skews::default();
        let peer = "a".into();
        assert!(skews.note(&peer, 10_000, 100_000, true));
        assert!(!skews.note(&peer, 10_200, 100_200, true));
        assert_eq!(largest(&mut skews, 100_200), Some(("a".into(), -90_000)));
        assert!(!skews.note(&peer, 101_000, 101_000, false));
        assert!(skews.note(&peer, 50_000, 140_000, true));
    }

    #[test]
    fn does_not_take_an_old_datagram_for_the_clock_of_a_peer_that_is_heard_well() {
        let mut skews = Skews::default();
        skews.note(&"a".into(), 100_000, 100_000, false);
        assert!(!skews.note(&"a".into(), 20_000, 100_100, true));
        assert_eq!(largest(&mut skews, 100_100), Some(("a".into(), 0)));
    }

    #[test]
    fn forgets_peers_that_are_gone() {
        let mut skews = Skews::default();
        skews.note(&"a".into(), 95_000, 100_000, false);
        assert_eq!(largest(&mut skews, 100_000 + FORGOTTEN_AFTER_MS + 1), None);
    }
}
