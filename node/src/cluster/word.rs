//! Keeps what this node says of itself up to date: how much it runs, its load, whether it reaches the store.

use std::sync::Arc;
use std::time::Duration;

use peerflow_model::Incarnation;
use peerflow_store::Store;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::ClusterHandle;
use crate::epoch::HighestEpoch;
use crate::machine::Machine;
use crate::metrics::Metrics;
use crate::worker::WorkerHandle;

/// How often the load is looked at. The system averages it over a minute.
const LOAD_EVERY: Duration = Duration::from_secs(5);
/// How often the store is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(5);
const PING_LIMIT: Duration = Duration::from_secs(2);

/// Keeps this node's word. Owned and run by the node.
#[derive(Debug)]
pub(crate) struct WordKeeper {
    pub(crate) cluster: ClusterHandle,
    pub(crate) worker: WorkerHandle,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) epoch: HighestEpoch,
    pub(crate) metrics: Metrics,
    pub(crate) machine: Arc<dyn Machine>,
}

impl WordKeeper {
    /// Runs until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let both = async { tokio::join!(self.keep(), self.watch_store()) };
        stop.run_until_cancelled(both).await;
    }

    /// Asks the store for a sign of life, which may take its time.
    async fn watch_store(&self) {
        let mut ping = interval(PING_EVERY);
        let mut rival = None;
        loop {
            ping.tick().await;
            let reaches = self.store.ping(PING_LIMIT).await.is_ok();
            self.cluster.tell(|word| word.store_reachable = reaches);
            self.measure();
            self.look_for_a_rival(&mut rival);
        }
    }

    async fn keep(&self) {
        let mut load = interval(LOAD_EVERY);
        let mut work = self.worker.load();
        let mut highest = self.epoch.current();
        let mut departures = self.cluster.departures().watch();
        loop {
            tokio::select! {
                biased;
                Ok(()) = work.changed() => {
                    let running = u32::try_from(work.borrow_and_update().running).unwrap_or(u32::MAX);
                    self.cluster.tell(|word| word.running = running);
                }
                higher = self.epoch.higher_than(highest) => {
                    highest = higher;
                    self.cluster.tell(|word| word.highest_epoch = word.highest_epoch.max(highest));
                }
                Ok(()) = departures.changed() => {
                    let goes = *departures.borrow_and_update() != super::Departure::Stays;
                    self.cluster.tell(|word| word.draining = goes);
                }
                _ = load.tick() => {
                    let load = self.machine.load_per_core();
                    self.cluster.tell(|word| word.load = load);
                }
            }
        }
    }
}

impl WordKeeper {
    fn measure(&self) {
        let (members, meters) = (self.cluster.members(), self.cluster.gossip_meters());
        self.metrics
            .cluster(members.alive().count(), members.iter().count(), &meters);
        if let Some(readings) = self.cluster.connection_meters() {
            self.metrics.connections(&readings);
        }
    }

    /// Two nodes of one name take each other's place in everybody's eyes; that must not go unnoticed.
    fn look_for_a_rival(&self, known: &mut Option<Incarnation>) {
        let members = self.cluster.members();
        let Some(rival) = members.rival() else {
            *known = None;
            return;
        };
        if known.replace(rival.incarnation) != Some(rival.incarnation) {
            tracing::error!(
                node = %self.cluster.own_id(),
                other = %rival.gossip,
                "another node lives under this node's id: give each its own node.id and data directory"
            );
        }
    }
}
