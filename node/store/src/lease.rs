//! The lease: who is master, by the store's clock.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_model::{Epoch, NodeId};

use crate::error::Error;

/// A wish to be master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseClaim {
    /// Who wants it.
    pub holder: NodeId,
    /// How long it shall hold without renewal.
    pub ttl: Duration,
    /// The highest epoch the claimant has seen anywhere; the new one is larger (invariant 1).
    pub highest_seen: Epoch,
    /// The claimant knows that the former life of its own node is over (it holds the data directory's lock), so an
    /// unexpired lease of the same holder may be taken.
    pub succeeds_itself: bool,
}

/// A lease that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub holder: NodeId,
    pub epoch: Epoch,
    /// Grows with each renewal.
    pub renewals: u64,
    /// Grows with each batch of changes.
    pub commit_seq: u64,
}

/// The row as anybody may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Absent after a clean release.
    pub holder: Option<NodeId>,
    pub epoch: Epoch,
    pub renewals: u64,
    pub commit_seq: u64,
    /// By the store's clock.
    pub expires_at: Timestamp,
    /// Whether it had expired when it was read, by the store's clock.
    pub expired: bool,
}

/// Proof of mastership that a batch of changes carries: it commits only by moving `commit_seq` from this to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    pub holder: NodeId,
    pub epoch: Epoch,
    pub commit_seq: u64,
}

/// Who is master. Times are the store's own; no caller's clock is compared with the row (invariant 2).
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Takes the lease if it is free, expired, or the claimant's own former life's. `None`: somebody holds it.
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Option<Lease>, Error>;

    /// Prolongs it by `ttl`: a compare-and-set of `renewals` on the unexpired row. `None`: it is lost.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>, Error>;

    /// Gives it up at once. Nothing happens when it is not ours any more.
    async fn release(&self, lease: &Lease) -> Result<(), Error>;

    /// The row; `None` in a store that never had a master.
    async fn lease(&self) -> Result<Option<LeaseRow>, Error>;
}
