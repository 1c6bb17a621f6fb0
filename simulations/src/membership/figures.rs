//! What was measured.

use std::time::Duration;

/// What became of one cluster. Times are virtual; one that is none was not reached within a minute.
#[derive(Clone, Debug, PartialEq)]
pub struct MembershipFigures {
    pub nodes: usize,
    pub seed: u64,
    /// From the first start until every node saw all others alive.
    pub start: Option<Duration>,
    /// What a node sent until then, on average, in bytes.
    pub start_bytes: f64,
    pub steady: Steady,
    /// From the start of one more node until it and all others saw each other alive.
    pub join: Option<Duration>,
    /// From the death of a node until all others called it dead.
    pub death: Option<Duration>,
    /// Longest datagram in all the time, in bytes.
    pub largest: usize,
    /// Messages that no datagram could carry, in all the time.
    pub too_large: u64,
    /// Datagrams that did not arrive although nothing was cut: full inboxes.
    pub lost: u64,
    /// Times a gossip broke off and began again.
    pub restarts: u64,
    /// The most living nodes that one node called dead at one time.
    pub most_wrongly_dead: usize,
    /// How long all of it took.
    pub lasted: Duration,
}

/// What a settled cluster does, in which one node renews a lease twice a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steady {
    /// Sent by a node each second, on average.
    pub datagrams: f64,
    /// Sent by a node each second, on average.
    pub bytes: f64,
    /// Longest datagram of that time or before, in bytes.
    pub largest: usize,
    /// From a renewal until all nodes knew of it: the mean of several.
    pub spread: Option<Duration>,
}

/// Counted over all nodes since the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) datagrams: u64,
    pub(super) bytes: u64,
    pub(super) largest: usize,
    pub(super) too_large: u64,
    pub(super) lost: u64,
    pub(super) restarts: u64,
}

impl Totals {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) fn bytes_per_node(&self, nodes: usize) -> f64 {
        self.bytes as f64 / nodes as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) fn datagrams_per_node(&self, nodes: usize) -> f64 {
        self.datagrams as f64 / nodes as f64
    }
}
