//! Becomes master, schedules for a term, and begins again, until the node stops.

use std::sync::Arc;
use std::time::Duration;

use peerflow_model::{Epoch, NodeId};
use peerflow_store::Store;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::election::{Election, Step};
use super::handle::{Ask, AskError, SchedulerHandle, SchedulerState};
use super::hearing::Hearing;
use super::mastership::Mandate;
use super::term::Term;
use crate::clock::Clock;
use crate::cluster::ClusterHandle;
use crate::config::Config;
use crate::epoch::HighestEpoch;
use crate::events::{EventHub, NodeEvent};
use crate::identity::NodeIdentity;
use crate::metrics::Metrics;
use crate::worker::WorkerHandle;

/// Requests that may wait for the scheduler.
const ASKS: usize = 1024;

/// What a scheduler is made of.
pub(crate) struct SchedulerParts {
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<NodeIdentity>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) cluster: ClusterHandle,
    pub(crate) epoch: HighestEpoch,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: EventHub,
    pub(crate) metrics: Metrics,
    pub(crate) worker: WorkerHandle,
    /// Told when a batch with mail in it is durable.
    pub(crate) mail_due: Arc<Notify>,
    pub(crate) seed: u64,
}

/// The scheduler of one node. Owned and run by the node.
pub(crate) struct Scheduler {
    pub(super) config: Arc<Config>,
    pub(super) identity: Arc<NodeIdentity>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: EventHub,
    pub(super) metrics: Metrics,
    pub(super) cluster: ClusterHandle,
    pub(super) worker: WorkerHandle,
    pub(super) asks: mpsc::Receiver<Ask>,
    pub(super) mail_due: Arc<Notify>,
    pub(super) stop: CancellationToken,
    /// Mastership is to be handed over at once, and not taken again.
    pub(super) resign: CancellationToken,
    /// The zero of the engine's monotonic clock.
    pub(super) origin: Instant,
    state: watch::Sender<SchedulerState>,
    epoch: HighestEpoch,
    election: Election,
    random: SmallRng,
}

/// Why a term is over.
#[derive(Debug)]
pub(super) enum TermOver {
    /// The node stops.
    Stopped,
    /// The node hands mastership over.
    Resigned,
    /// Somebody else is master, or the lease could not be renewed in time.
    SteppedDown { reason: String },
    /// The store has what cannot be read, or refuses what must be written: the next term may fare no better.
    CannotGoOn { reason: String },
}

impl Scheduler {
    pub(crate) fn new(parts: SchedulerParts, stop: CancellationToken) -> (Self, SchedulerHandle) {
        let (sender, asks) = mpsc::channel(ASKS);
        let (state, watch) = watch::channel(SchedulerState {
            master: None,
            epoch: parts.epoch.current(),
            trouble: Some("this node is starting".to_owned()),
        });
        let election = Election::new(
            Arc::clone(&parts.store),
            parts.config.election.clone(),
            parts.epoch.clone(),
            parts.cluster.clone(),
            Hearing::new(parts.config.gossip.interval),
        );
        let resign = stop.child_token();
        let handle = SchedulerHandle::new(sender, watch, parts.cluster.clone(), resign.clone());
        let scheduler = Self {
            config: parts.config,
            identity: parts.identity,
            store: parts.store,
            clock: parts.clock,
            events: parts.events,
            metrics: parts.metrics,
            cluster: parts.cluster,
            worker: parts.worker,
            asks,
            mail_due: parts.mail_due,
            stop,
            resign,
            origin: Instant::now(),
            state,
            epoch: parts.epoch,
            election,
            random: SmallRng::seed_from_u64(parts.seed),
        };
        (scheduler, handle)
    }

    /// Runs until the stop signal; releases the lease at the end.
    pub(crate) async fn run(mut self) {
        let mut respite = Respite::default();
        while let Some(mandate) = self.become_master().await {
            let seed = self.random.random();
            let (mandate, over) = Term::run(&mut self, mandate, seed).await;
            self.metrics.mastership(None);
            match over {
                TermOver::Stopped => {
                    self.release(mandate).await;
                    break;
                }
                TermOver::Resigned => self.release(mandate).await,
                TermOver::SteppedDown { reason } => {
                    let recovered = mandate.has_committed() || mandate.age() > Respite::GOOD_TERM;
                    self.step_down(mandate, reason, recovered, &mut respite)
                        .await;
                }
                TermOver::CannotGoOn { reason } => {
                    let recovered = mandate.age() > Respite::GOOD_TERM;
                    self.step_down(mandate, reason, recovered, &mut respite)
                        .await;
                }
            }
        }
        self.is_in_trouble(None, "this node is stopping".to_owned());
        self.asks.close();
        while let Some(ask) = self.asks.recv().await {
            // Whoever asked may be gone.
            drop(ask.answer.send(Err(super::handle::stopping())));
        }
    }

    /// Says why, and pauses before the next term, the longer the more terms went badly.
    async fn step_down(
        &mut self,
        mandate: Mandate,
        reason: String,
        recovered: bool,
        respite: &mut Respite,
    ) {
        let epoch = mandate.epoch().0;
        // Its renewal ends here.
        drop(mandate);
        self.cluster.tell(|word| word.lease = None);
        if recovered {
            *respite = Respite::default();
        }
        if respite.said != reason {
            tracing::warn!(epoch, reason, "this node is master no more; trying on");
            respite.said.clone_from(&reason);
        }
        self.is_in_trouble(None, reason);
        let pause = respite
            .lengthen()
            .mul_f64(self.random.random_range(0.8..1.2));
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = sleep(pause) => {}
            () = refuse(&mut self.asks, &respite.said) => {}
        }
    }

    /// Follows other masters until this node is one; `None` when it stops first.
    async fn become_master(&mut self) -> Option<Mandate> {
        let mut said = String::new();
        let (mut members, mut released) = (self.cluster.watch(), self.cluster.releases());
        loop {
            if self.stop.is_cancelled() {
                return None;
            }
            members.mark_unchanged();
            released.mark_unchanged();
            let may_contend = !self.resign.is_cancelled();
            let step = self.election.step(may_contend, &mut self.random).await;
            let (until, reason) = match step {
                Step::Elected(mandate) => {
                    tracing::info!(epoch = mandate.epoch().0, "this node is master");
                    return Some(*mandate);
                }
                Step::Follow { master, until } => {
                    said.clear();
                    let reason = format!("{master} is master now; ask again");
                    self.follows(master);
                    (until, reason)
                }
                Step::Listen { until } => {
                    let reason = "this node has just started and listens for its peers".to_owned();
                    self.is_in_trouble(None, reason.clone());
                    (until, reason)
                }
                Step::Vacant { problem, until } => {
                    if problem != said && may_contend {
                        tracing::warn!(problem, "there is no master; trying on");
                        said.clone_from(&problem);
                    }
                    self.is_in_trouble(None, problem.clone());
                    (until, problem)
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                () = sleep_until(until) => {}
                Ok(()) = members.changed() => {}
                Ok(()) = released.changed() => {}
                () = refuse(&mut self.asks, &reason) => {}
            }
        }
    }

    /// Gives the lease up, so that another node need not wait for its end.
    async fn release(&self, mandate: Mandate) {
        let limit = Duration::from_secs(2);
        let (lease, epoch) = (mandate.lease().clone(), mandate.epoch());
        // No renewal comes after this.
        drop(mandate);
        match tokio::time::timeout(limit, self.store.release(&lease)).await {
            Ok(Ok(())) => tracing::info!(epoch = epoch.0, "the lease is released"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot release the lease; it runs out by itself")
            }
            Err(_elapsed) => {
                tracing::warn!("cannot release the lease in time; it runs out by itself")
            }
        }
        self.cluster.tell(|word| {
            if let Some(lease) = &mut word.lease {
                lease.released = true;
            }
        });
        self.cluster.tell_released(epoch).await;
    }

    /// Settings of the cluster have changed.
    pub(super) fn adopt(&mut self, settings: &[(String, String)]) {
        self.election.adopt(settings);
    }

    /// Says that another node schedules.
    fn follows(&self, master: NodeId) {
        self.metrics.mastership(None);
        self.say(SchedulerState {
            master: Some(master),
            epoch: self.epoch.current(),
            trouble: None,
        });
    }

    /// Says that all is well.
    pub(super) fn is_well(&self, epoch: Epoch) {
        self.metrics.mastership(Some(epoch.0));
        self.say(SchedulerState {
            master: Some(self.identity.id.clone()),
            epoch,
            trouble: None,
        });
    }

    /// Says why nothing is scheduled; `epoch` while this node is master all the same.
    pub(super) fn is_in_trouble(&self, epoch: Option<Epoch>, trouble: String) {
        self.say(SchedulerState {
            master: epoch.map(|_| self.identity.id.clone()),
            epoch: epoch.unwrap_or_else(|| self.epoch.current()),
            trouble: Some(trouble),
        });
    }

    fn say(&self, state: SchedulerState) {
        self.metrics.trouble(state.trouble.is_some());
        let changed = self.state.send_if_modified(|before| {
            let changed = *before != state;
            *before = state;
            changed
        });
        if changed {
            self.events.publish(NodeEvent::Cluster);
        }
    }
}

/// How long to wait between terms, so that what ends each at once does not make thousands of them.
#[derive(Debug)]
struct Respite {
    pause: Duration,
    /// The reason that was told last.
    said: String,
}

impl Default for Respite {
    fn default() -> Self {
        Self {
            pause: Self::FIRST,
            said: String::new(),
        }
    }
}

impl Respite {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(10);
    /// A term that lasted longer shows that this node can schedule.
    const GOOD_TERM: Duration = Duration::from_secs(30);

    /// The pause to make now; the next is twice as long.
    fn lengthen(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(Self::LONGEST);
        pause
    }
}

/// Answers what is asked while nobody schedules here.
async fn refuse(asks: &mut mpsc::Receiver<Ask>, reason: &str) {
    while let Some(ask) = asks.recv().await {
        let error = AskError::Unavailable {
            reason: reason.to_owned(),
            retry_after: Duration::from_secs(1),
        };
        // Whoever asked may be gone.
        drop(ask.answer.send(Err(error)));
    }
}
