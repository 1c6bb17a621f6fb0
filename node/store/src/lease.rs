//! The lease: who is master, by the store's clock.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_model::{Epoch, NodeId, Restoration};

use crate::error::Error;

/// How far the row had come when a node last saw it or heard of it. Each number only grows, so a row that has come less
/// far went back. What is not known is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    pub epoch: Epoch,
    pub renewals: u64,
    pub commit_seq: u64,
}

/// A wish to be master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseClaim {
    /// Who wants it.
    pub holder: NodeId,
    /// How long it shall hold without renewal.
    pub ttl: Duration,
    /// The furthest that the claimant has seen or heard of anywhere: the new epoch is larger (invariant 1), and a row
    /// that has come less far went back.
    pub seen: Sighting,
    /// The claimant knows that the former life of its own node is over (it holds the data directory's lock), so an
    /// unexpired lease of the same holder may be taken.
    pub succeeds_itself: bool,
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The claimant is master now.
    Granted {
        lease: Lease,
        /// The row had come less far than the claimant had seen. The store remembers it as
        /// [`LeaseRow::restoration`], also for later masters.
        went_back: bool,
    },
    /// Somebody holds it; [`LeaseRow::remaining`] tells for how long.
    Held(LeaseRow),
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

/// Why a lease is ours no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseLoss {
    /// Somebody else took it, or it was released (`by` absent).
    Taken { by: Option<NodeId>, epoch: Epoch },
    /// The row has come less far than we have: the store was restored, or a lagging replica took its place.
    WentBack { epoch: Epoch },
    /// It is ours still, but ran out before it was renewed.
    Expired,
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
    /// How long it held when it was read, by the store's clock; zero when it had expired or nobody held it.
    pub remaining: Duration,
    /// The store went back, and an operator has not yet decided on all that is in doubt.
    pub restoration: Option<Restoration>,
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
    /// Takes the lease if it is free, expired, or the claimant's own former life's.
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Claimed, Error>;

    /// Prolongs it by `ttl`: a compare-and-set of `renewals` on the unexpired row. The inner error tells why it is lost.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Result<Lease, LeaseLoss>, Error>;

    /// Gives it up at once. Nothing happens when it is not ours any more.
    async fn release(&self, lease: &Lease) -> Result<(), Error>;

    /// The row; `None` in a store that never had a master.
    async fn lease(&self) -> Result<Option<LeaseRow>, Error>;
}

impl Sighting {
    /// Takes what was seen elsewhere: the further epoch, and of one epoch the larger numbers.
    pub fn merge(&mut self, other: Self) {
        if other.epoch > self.epoch {
            *self = other;
        } else if other.epoch == self.epoch {
            self.renewals = self.renewals.max(other.renewals);
            self.commit_seq = self.commit_seq.max(other.commit_seq);
        }
    }

    /// Whether a row that has come as far as `row` lies before this.
    pub fn is_ahead_of(&self, row: Self) -> bool {
        row.epoch < self.epoch
            || (row.epoch == self.epoch
                && (row.renewals < self.renewals || row.commit_seq < self.commit_seq))
    }
}

impl From<Epoch> for Sighting {
    /// Only the epoch is known.
    fn from(epoch: Epoch) -> Self {
        Self {
            epoch,
            ..Self::default()
        }
    }
}

impl From<&Fence> for Sighting {
    /// The renewals are not known.
    fn from(fence: &Fence) -> Self {
        Self {
            epoch: fence.epoch,
            renewals: 0,
            commit_seq: fence.commit_seq,
        }
    }
}

impl From<&Lease> for Sighting {
    fn from(lease: &Lease) -> Self {
        Self {
            epoch: lease.epoch,
            renewals: lease.renewals,
            commit_seq: lease.commit_seq,
        }
    }
}

impl From<&LeaseRow> for Sighting {
    fn from(row: &LeaseRow) -> Self {
        Self {
            epoch: row.epoch,
            renewals: row.renewals,
            commit_seq: row.commit_seq,
        }
    }
}

impl Claimed {
    /// The lease, where it was granted.
    pub fn granted(self) -> Option<Lease> {
        match self {
            Self::Granted { lease, .. } => Some(lease),
            Self::Held(_) => None,
        }
    }
}

impl LeaseLoss {
    /// Why `holder`, who had come as far as `ours`, may not go on by what the row says, which `expired` or not.
    pub(crate) fn of(
        holder: &NodeId,
        ours: Sighting,
        row_holder: Option<NodeId>,
        row: Sighting,
        expired: bool,
    ) -> Self {
        let epoch = row.epoch;
        let foreign = row_holder.as_ref().is_some_and(|by| by != holder);
        if ours.is_ahead_of(row) || (epoch == ours.epoch && foreign) {
            Self::WentBack { epoch }
        } else if epoch == ours.epoch && row_holder.is_some() && expired {
            Self::Expired
        } else {
            Self::Taken {
                by: row_holder,
                epoch,
            }
        }
    }
}

impl fmt::Display for LeaseLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken {
                by: Some(by),
                epoch,
            } => write!(f, "node {by} took the lease with epoch {}", epoch.0),
            Self::Taken { by: None, epoch } => {
                write!(f, "the lease of epoch {} was released", epoch.0)
            }
            Self::WentBack { epoch } => write!(
                f,
                "the store went back to epoch {}: it was restored, or a lagging replica took its place",
                epoch.0
            ),
            Self::Expired => write!(f, "the lease ran out before it was renewed"),
        }
    }
}
