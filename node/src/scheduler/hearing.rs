//! What a node that has just started waits for before it claims the lease: to have heard its peers.
//!
//! Epochs grow also past a store that went back, because whoever claims takes the larger of the row's epoch and the
//! highest that it has seen (invariant 1). A node that was down when that was given can only have it from its peers.

use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::ClusterHandle;

/// Rounds of gossip after the first word of a peer: the first may come from one that has just started, too.
const ROUNDS_AFTER_FIRST: u32 = 3;
/// Rounds of gossip after which a node that heard nobody takes it that nobody is there.
const ROUNDS_AT_MOST: u32 = 10;

/// However seldom a cluster gossips, a cold start waits no longer for each.
const LONGEST_ROUND: Duration = Duration::from_secs(1);

/// Whether a node has been there long enough to have heard its peers.
#[derive(Debug)]
pub(super) struct Hearing {
    /// Between two rounds of gossip.
    round: Duration,
    began: Instant,
    /// When the first peer was known.
    first_heard: Option<Instant>,
}

impl Hearing {
    /// Of a node that starts now.
    pub(super) fn new(round: Duration) -> Self {
        Self {
            round,
            began: Instant::now(),
            first_heard: None,
        }
    }

    /// Takes note of whether peers are known.
    pub(super) fn listen(&mut self, cluster: &ClusterHandle) {
        if self.first_heard.is_none() && cluster.members().peers().next().is_some() {
            self.first_heard = Some(Instant::now());
        }
    }

    /// Until when the node must not claim the lease, if it may not have heard its peers yet.
    pub(super) fn goes_on_until(&self, cluster: &ClusterHandle) -> Option<Instant> {
        if cluster.is_alone() {
            return None;
        }
        let round = self.round.min(LONGEST_ROUND);
        let at_most = self.began + round * ROUNDS_AT_MOST;
        let until = self
            .first_heard
            .map_or(at_most, |heard| heard + round * ROUNDS_AFTER_FIRST);
        (Instant::now() < until).then_some(until)
    }
}
