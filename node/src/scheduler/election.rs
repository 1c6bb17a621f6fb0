//! Who is master, and when this node tries to become it.
//!
//! The holder of the lease tells its renewals in gossip. As long as a peer sees them move, it leaves the store alone, so
//! the store's load does not grow with the cluster. When they stand still, though the holder may gossip on, the peer
//! reads the row, and contends as soon as it has expired by the store's clock.

use std::sync::Arc;
use std::time::Duration;

use peerflow_gossip::LeaseProgress;
use peerflow_model::{Epoch, NodeId, Settings};
use peerflow_store::{Claimed, Error, LeaseClaim, Sighting, Store};
use rand::Rng;
use rand::rngs::SmallRng;
use tokio::time::{Instant, timeout};

use super::hearing::Hearing;
use super::mastership::{LeaseListeners, Mandate};
use crate::cluster::ClusterHandle;
use crate::config::ElectionConfig;
use crate::data_dir::DataDirError;
use crate::epoch::HighestEpoch;

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a store that is away is tried again.
const RETRY: Duration = Duration::from_millis(400);
/// Contenders spread out over this time, so that one of them is mostly alone.
const JITTER: Duration = Duration::from_millis(60);

/// What came of one look at the state of mastership.
#[derive(Debug)]
pub(super) enum Step {
    /// This node is master.
    Elected(Box<Mandate>),
    /// Another node is; look again then, or when gossip has news.
    Follow { master: NodeId, until: Instant },
    /// This node has just started and may not have heard its peers yet; look again then.
    Listen { until: Instant },
    /// Nobody is, as far as this node knows; look again then.
    Vacant { problem: String, until: Instant },
}

/// Why the store was of no help.
#[derive(Debug, thiserror::Error)]
enum Unsettled {
    #[error(transparent)]
    Store(#[from] Error),
    #[error("the store does not answer in time")]
    Silent,
    #[error("the new epoch cannot be remembered: {0}")]
    DataDir(#[from] DataDirError),
}

/// Watches who is master, and becomes it.
#[derive(Debug)]
pub(super) struct Election {
    pub(super) store: Arc<dyn Store>,
    pub(super) node: NodeId,
    pub(super) config: ElectionConfig,
    pub(super) epoch: HighestEpoch,
    pub(super) cluster: ClusterHandle,
    hearing: Hearing,
    seen: Option<Seen>,
    /// What the store said last, and until when it is not asked again unless the peers have news.
    settled: Option<Settled>,
}

/// What a look into the store found.
#[derive(Clone, Debug)]
struct Settled {
    /// Of another node, unless nobody is master.
    master: Result<NodeId, String>,
    until: Instant,
}

/// The latest progress of a lease that this node knows of.
#[derive(Clone, Debug)]
struct Seen {
    holder: NodeId,
    epoch: Epoch,
    renewals: u64,
    /// When it was news here; what the store showed, when it was done.
    at: Instant,
    /// The holder gave it up.
    released: bool,
}

impl Election {
    pub(super) fn new(
        store: Arc<dyn Store>,
        config: ElectionConfig,
        epoch: HighestEpoch,
        cluster: ClusterHandle,
        hearing: Hearing,
    ) -> Self {
        Self {
            store,
            node: cluster.own_id().clone(),
            config,
            epoch,
            cluster,
            hearing,
            seen: None,
            settled: None,
        }
    }

    /// Looks at what gossip tells and, where that is not enough, at the store. What follows from an earlier term of
    /// this node is over: the caller has stopped acting.
    pub(super) async fn step(&mut self, may_contend: bool, random: &mut SmallRng) -> Step {
        self.listen();
        if let Some(seen) = self.fresh() {
            return Step::Follow {
                master: seen.holder.clone(),
                until: seen.at + self.trust(),
            };
        }
        if let Some(until) = self.hearing.goes_on_until(&self.cluster) {
            return Step::Listen { until };
        }
        let now = Instant::now();
        if let Some(settled) = self.settled.clone().filter(|settled| settled.until > now) {
            return settled.into();
        }
        let settled = match self.ask_store(may_contend, random).await {
            Ok(Ok(mandate)) => return Step::Elected(mandate),
            Ok(Err(settled)) => settled,
            Err(problem) => Settled {
                master: Err(problem.to_string()),
                until: Instant::now() + RETRY.mul_f64(random.random_range(0.8..1.2)),
            },
        };
        self.settled = Some(settled.clone());
        settled.into()
    }

    /// Takes what the peers tell of leases and epochs.
    fn listen(&mut self) {
        self.hearing.listen(&self.cluster);
        let members = self.cluster.members();
        for member in members.peers() {
            self.epoch.heard_of(member.word.highest_epoch);
            if let Some(lease) = &member.word.lease {
                self.epoch.heard(sighting(lease));
                self.note(member.id.clone(), lease, Instant::now());
            }
        }
        let released = self.cluster.released_epoch();
        if let Some(seen) = &mut self.seen
            && released >= seen.epoch
            && !seen.released
        {
            seen.released = true;
            self.settled = None;
        }
    }

    /// Takes progress that was made at `at`, as far as is known.
    fn note(&mut self, holder: NodeId, lease: &LeaseProgress, at: Instant) {
        let place = (lease.epoch, lease.renewals, lease.released);
        let is_news = self
            .seen
            .as_ref()
            .is_none_or(|seen| place > (seen.epoch, seen.renewals, seen.released));
        if is_news {
            self.seen = Some(Seen {
                holder,
                epoch: lease.epoch,
                renewals: lease.renewals,
                at,
                released: lease.released,
            });
            self.settled = None;
        }
    }

    /// For how long progress that was seen keeps this node from the store. Less than the lease holds, so that the row's
    /// own end is known when it comes.
    fn trust(&self) -> Duration {
        self.config.ttl.mul_f64(0.75)
    }

    /// The progress of another node's lease that is recent enough to leave the store alone.
    fn fresh(&self) -> Option<&Seen> {
        self.seen
            .as_ref()
            .filter(|seen| !seen.released && seen.holder != self.node)
            .filter(|seen| seen.at.elapsed() < self.trust())
    }

    async fn ask_store(
        &mut self,
        may_contend: bool,
        random: &mut SmallRng,
    ) -> Result<Result<Box<Mandate>, Settled>, Unsettled> {
        let row = async {
            let row = self.store.lease().await?;
            Ok::<_, Error>((row, self.store.settings().await?))
        };
        let (row, settings) = timeout(PATIENCE, row)
            .await
            .map_err(|_elapsed| Unsettled::Silent)??;
        self.adopt(&settings);
        let holder = row
            .as_ref()
            .filter(|row| !row.expired)
            .and_then(|row| row.holder.clone())
            .filter(|holder| *holder != self.node);
        if let (Some(row), Some(holder)) = (&row, holder) {
            self.epoch.heard(Sighting::from(row));
            let progress = LeaseProgress {
                epoch: row.epoch,
                renewals: row.renewals,
                released: false,
            };
            // The row may show a renewal that the holder did not live to tell: reading it is no sign of life.
            let now = Instant::now();
            let renewed = now.checked_sub(self.config.ttl.saturating_sub(row.remaining));
            self.note(holder.clone(), &progress, renewed.unwrap_or(now));
            let jitter = JITTER.mul_f64(random.random_range(0.0..1.0));
            return Ok(Err(Settled {
                master: Ok(holder),
                until: now + row.remaining + jitter,
            }));
        }
        if !may_contend {
            return Ok(Err(Settled {
                master: Err("this node is leaving and becomes no master any more".to_owned()),
                until: Instant::now() + self.config.ttl,
            }));
        }
        self.contend(random).await
    }

    /// The election is held by the cluster's settings, where there are any yet.
    pub(super) fn adopt(&mut self, stored: &[(String, String)]) {
        let mut settings = Settings {
            election_ttl: self.config.ttl,
            election_renew_every: self.config.renew_every,
            ..Settings::default()
        };
        for (key, value) in stored
            .iter()
            .filter(|(key, _)| key.starts_with("election."))
        {
            if let Err(error) = settings.set(key, value) {
                tracing::warn!(%error, "a setting in the store makes no sense and is passed over");
            }
        }
        if settings.check().is_ok() {
            self.config.ttl = settings.election_ttl;
            self.config.renew_every = settings.election_renew_every;
        }
    }

    async fn contend(
        &mut self,
        random: &mut SmallRng,
    ) -> Result<Result<Box<Mandate>, Settled>, Unsettled> {
        let before = Instant::now();
        let claim = LeaseClaim {
            holder: self.node.clone(),
            ttl: self.config.ttl,
            seen: self.epoch.sighting(),
            succeeds_itself: true,
        };
        let answer = timeout(PATIENCE, self.store.acquire(&claim)).await;
        let Claimed::Granted { lease, went_back } =
            answer.map_err(|_elapsed| Unsettled::Silent)??
        else {
            // Another was quicker: the next look shows who.
            let pause = JITTER.mul_f64(random.random_range(0.5..1.5));
            return Ok(Err(Settled {
                master: Err("another node is becoming master".to_owned()),
                until: Instant::now() + pause,
            }));
        };
        self.epoch.saw(lease.epoch)?;
        if went_back {
            tracing::error!(
                epoch = lease.epoch.0,
                "the store is older than what this cluster has seen: it was restored, or a lagging replica took its place; \
                 what may have run since is held for an operator"
            );
        }
        self.seen = None;
        self.settled = None;
        let mandate = Mandate::new(
            Arc::clone(&self.store),
            lease,
            &self.config,
            before,
            LeaseListeners {
                cluster: self.cluster.clone(),
                epoch: self.epoch.clone(),
            },
        );
        Ok(Ok(Box::new(mandate)))
    }
}

fn sighting(lease: &LeaseProgress) -> Sighting {
    Sighting {
        renewals: lease.renewals,
        ..Sighting::from(lease.epoch)
    }
}

impl From<Settled> for Step {
    fn from(settled: Settled) -> Self {
        let until = settled.until;
        match settled.master {
            Ok(master) => Self::Follow { master, until },
            Err(problem) => Self::Vacant { problem, until },
        }
    }
}

#[cfg(test)]
mod tests;
