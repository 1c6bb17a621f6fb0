//! Becoming and staying master: one lease, taken with a new epoch, renewed while it holds.

use std::sync::Arc;
use std::time::Duration;

use peerflow_model::{Epoch, NodeId};
use peerflow_store::{Error, Fence, Lease, LeaseClaim, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::config::ElectionConfig;
use crate::data_dir::{DataDir, DataDirError};

/// Takes the lease for this node.
#[derive(Debug)]
pub(super) struct Mastership {
    pub(super) store: Arc<dyn Store>,
    pub(super) node: NodeId,
    pub(super) election: ElectionConfig,
    pub(super) data_dir: Arc<DataDir>,
    /// The highest epoch seen anywhere.
    pub(super) highest_seen: Epoch,
}

/// Why this node is not master.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotMaster {
    #[error("another node is master")]
    Taken,
    #[error(transparent)]
    Store(#[from] Error),
    #[error("the store does not answer in time")]
    Silent,
    #[error("the new epoch cannot be remembered: {0}")]
    DataDir(#[from] DataDirError),
}

/// How long the store may take to grant a lease.
const PATIENCE: Duration = Duration::from_secs(5);

impl Mastership {
    /// Tries once. What follows from an earlier term of this node is over: the caller has stopped acting.
    pub(super) async fn acquire(&mut self) -> Result<Mandate, NotMaster> {
        let before = Instant::now();
        let claim = LeaseClaim {
            holder: self.node.clone(),
            ttl: self.election.ttl,
            highest_seen: self.highest_seen,
            succeeds_itself: true,
        };
        let answer = timeout(PATIENCE, self.store.acquire(&claim)).await;
        let lease = answer
            .map_err(|_elapsed| NotMaster::Silent)??
            .ok_or(NotMaster::Taken)?;
        self.highest_seen = self.highest_seen.max(lease.epoch);
        self.data_dir.remember_epoch(lease.epoch)?;
        Ok(Mandate::new(
            Arc::clone(&self.store),
            lease,
            &self.election,
            before,
        ))
    }
}

/// A lease that is ours, and its renewal in the background, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Mandate {
    lease: Lease,
    began: Instant,
    commit_seq: u64,
    hold: watch::Receiver<Hold>,
    _renewal: JoinSet<()>,
}

/// How long the lease surely holds.
#[derive(Clone, Copy, Debug)]
struct Hold {
    /// By our monotonic clock, measured from before the last request that succeeded.
    until: Instant,
    /// The store says that it is ours no more.
    lost: bool,
}

impl Mandate {
    fn new(
        store: Arc<dyn Store>,
        lease: Lease,
        election: &ElectionConfig,
        before: Instant,
    ) -> Self {
        let (sender, hold) = watch::channel(Hold {
            until: before + election.ttl,
            lost: false,
        });
        let mut renewal = JoinSet::new();
        renewal.spawn(renew(store, lease.clone(), election.clone(), sender));
        Self {
            began: before,
            commit_seq: lease.commit_seq,
            lease,
            hold,
            _renewal: renewal,
        }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.lease.epoch
    }

    /// The lease as it was granted.
    pub(super) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// For the next batch.
    pub(super) fn fence(&self) -> Fence {
        Fence {
            holder: self.lease.holder.clone(),
            epoch: self.lease.epoch,
            commit_seq: self.commit_seq,
        }
    }

    /// A batch with the last fence is durable.
    pub(super) fn committed(&mut self) {
        self.commit_seq += 1;
    }

    /// Whether any batch is known to be durable.
    pub(super) fn has_committed(&self) -> bool {
        self.commit_seq > self.lease.commit_seq
    }

    /// How long ago it was asked for.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether this node may act: not known to be lost, and not run out by our own clock.
    pub(super) fn holds(&self) -> bool {
        let hold = self.hold.borrow();
        !hold.lost && Instant::now() < hold.until
    }

    /// Waits until this node must stop acting.
    pub(super) async fn over(&mut self) {
        loop {
            let Hold { until, lost } = *self.hold.borrow_and_update();
            if lost || Instant::now() >= until {
                return;
            }
            tokio::select! {
                biased;
                changed = self.hold.changed() => if changed.is_err() {
                    return sleep_until(until).await;
                },
                () = sleep_until(until) => {}
            }
        }
    }
}

/// Renews the lease until it is lost.
async fn renew(
    store: Arc<dyn Store>,
    mut lease: Lease,
    election: ElectionConfig,
    hold: watch::Sender<Hold>,
) {
    loop {
        sleep(election.renew_every).await;
        let before = Instant::now();
        match timeout(election.ttl, store.renew(&lease, election.ttl)).await {
            Ok(Ok(Some(renewed))) => {
                lease = renewed;
                hold.send_replace(Hold {
                    until: before + election.ttl,
                    lost: false,
                });
            }
            Ok(Ok(None)) => {
                tracing::warn!(epoch = lease.epoch.0, "the lease is lost");
                hold.send_modify(|hold| hold.lost = true);
                return;
            }
            Ok(Err(error)) => tracing::warn!(%error, "cannot renew the lease"),
            Err(_elapsed) => {
                tracing::warn!("cannot renew the lease: the store does not answer in time")
            }
        }
    }
}
