//! Staying master: a lease that is ours, renewed while it holds.

use std::sync::Arc;
use std::time::Duration;

use peerflow_gossip::LeaseProgress;
use peerflow_model::Epoch;
use peerflow_store::{Fence, Lease, Sighting, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::cluster::ClusterHandle;
use crate::config::ElectionConfig;
use crate::epoch::HighestEpoch;

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
    /// A lease that was granted to a request sent at `before`. Its progress is told to the peers from now on.
    pub(super) fn new(
        store: Arc<dyn Store>,
        lease: Lease,
        election: &ElectionConfig,
        before: Instant,
        peers: LeaseListeners,
    ) -> Self {
        peers.tell(&lease);
        let (sender, hold) = watch::channel(Hold {
            until: before + election.ttl,
            lost: false,
        });
        let mut renewal = JoinSet::new();
        renewal.spawn(renew(store, lease.clone(), election.clone(), sender, peers));
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
    peers: LeaseListeners,
) {
    // The first request for the renewal that is not answered yet: it may have been the one that was done.
    let mut asked_at = None;
    loop {
        sleep(election.renew_every).await;
        let before = *asked_at.get_or_insert_with(Instant::now);
        match timeout(election.ttl, store.renew(&lease, election.ttl)).await {
            Ok(Ok(Ok(renewed))) => {
                lease = renewed;
                asked_at = None;
                hold.send_replace(Hold {
                    until: before + election.ttl,
                    lost: false,
                });
                peers.tell(&lease);
            }
            Ok(Ok(Err(loss))) => {
                tracing::warn!(epoch = lease.epoch.0, %loss, "the lease is lost");
                hold.send_modify(|hold| hold.lost = true);
                return;
            }
            Ok(Err(error)) => {
                peers.miss_the_store();
                tracing::warn!(%error, "cannot renew the lease");
            }
            Err(_elapsed) => {
                peers.miss_the_store();
                tracing::warn!("cannot renew the lease: the store does not answer in time")
            }
        }
    }
}

/// Whoever wants to know how far the lease has come.
#[derive(Clone, Debug)]
pub(super) struct LeaseListeners {
    pub(super) cluster: ClusterHandle,
    pub(super) epoch: HighestEpoch,
}

impl LeaseListeners {
    /// Tells the peers that the lease goes on, which keeps them from the store, and remembers it.
    fn tell(&self, lease: &Lease) {
        self.epoch.heard(Sighting::from(lease));
        self.cluster.tell(|word| {
            word.store_reachable = true;
            word.highest_epoch = word.highest_epoch.max(lease.epoch);
            word.lease = Some(LeaseProgress {
                epoch: lease.epoch,
                renewals: lease.renewals,
                released: false,
            });
        });
    }

    /// Tells the peers that this node is cut off from the store, sooner than its next sign of life would.
    fn miss_the_store(&self) {
        self.cluster.tell(|word| word.store_reachable = false);
    }
}
