//! A running node, as whoever started it holds it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use peerflow_actions::Spawner;
use peerflow_store::Store;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::cluster::{ClusterHandle, Departure};
use crate::config::Config;
use crate::data_dir::DataDirLock;
use crate::events::EventHub;
use crate::http::{Access, ApiState, HttpListener, router, serve};
use crate::identity::NodeIdentity;
use crate::links::LinkBook;
use crate::logs::LogHub;
use crate::metrics::Metrics;
use crate::scheduler::SchedulerHandle;
use crate::stage::Stage;
use crate::worker::{Load, WorkerHandle};

/// How long a stop waits for the master to confirm the last outcomes; what is left waits in the data directory.
const CONFIRM: Duration = Duration::from_secs(3);
/// How long each stage of a stop may take.
const STAGE: Duration = Duration::from_secs(8);
/// How long mastership may take to be handed over.
const HAND_OVER: Duration = Duration::from_secs(3);

/// A running node. Dropping it stops the node without waiting; [`Self::stop`] does it properly.
#[derive(Debug)]
pub struct NodeHandle {
    parts: Parts,
    /// In the order in which they end: HTTP, services, scheduler, worker, network, logs.
    stages: [Stage; 6],
}

/// What a handle gives access to.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Freed when everything else has ended.
    #[expect(dead_code, reason = "it is held, never asked")]
    pub(crate) lock: DataDirLock,
    pub(crate) cluster: ClusterHandle,
    /// Cancelled when this node was asked to go, and can.
    pub(crate) gone: CancellationToken,
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<NodeIdentity>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) links: LinkBook,
    /// Cancelled once the loader has looked at all for the first time.
    pub(crate) loaded: CancellationToken,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: EventHub,
    pub(crate) logs: LogHub,
    pub(crate) metrics: Metrics,
    pub(crate) scheduler: SchedulerHandle,
    pub(crate) worker: WorkerHandle,
    pub(crate) spawner: Option<Spawner>,
}

impl NodeHandle {
    pub(crate) fn new(parts: Parts, stages: [Stage; 6], listener: Option<HttpListener>) -> Self {
        let handle = Self { parts, stages };
        if let Some(listener) = listener {
            let router = router(handle.api_state(listener.access()));
            handle.stages[0].spawn("http", |stop| serve(listener, router, stop));
        }
        handle
    }

    /// Who this node is.
    pub fn identity(&self) -> &NodeIdentity {
        &self.parts.identity
    }

    /// Asks the scheduler.
    pub fn scheduler(&self) -> &SchedulerHandle {
        &self.parts.scheduler
    }

    /// The store that this node works on.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.parts.store)
    }

    /// What becomes durable.
    pub fn events(&self) -> EventHub {
        self.parts.events.clone()
    }

    /// Logs of tasks that run here.
    pub fn logs(&self) -> LogHub {
        self.parts.logs.clone()
    }

    /// Meters in Prometheus' text format.
    pub fn metrics(&self) -> Metrics {
        self.parts.metrics.clone()
    }

    /// The HTTP API for a client in this process: no socket, no token. Whoever reaches it is trusted, so never serve it
    /// on a socket.
    pub fn router(&self) -> axum::Router {
        router(self.api_state(Access::Inside))
    }

    /// Where HTTP is served; absent when it is off.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.parts.identity.http
    }

    /// URL of the HTTP API, as people reach it; absent when it is off.
    pub fn http_url(&self) -> Option<String> {
        let bound = self.http_address()?;
        Some(self.parts.config.http_advertised(bound))
    }

    /// This node among its peers.
    pub fn cluster(&self) -> ClusterHandle {
        self.parts.cluster.clone()
    }

    /// Waits until this node was asked to go (drained by an operator, or stopped with the whole cluster), and can: then
    /// stop it.
    pub async fn asked_to_go(&self) {
        self.parts.gone.cancelled().await;
    }

    /// Waits until the master is known and all is well, at most `limit`. `false`: it is not; the scheduler's state
    /// says why.
    pub async fn ready(&self, limit: Duration) -> bool {
        let mut state = self.parts.scheduler.watch();
        let well = state.wait_for(|state| state.trouble.is_none());
        matches!(timeout(limit, well).await, Ok(Ok(_)))
    }

    /// Waits until the files of links and the documents were looked at once, at most `limit`.
    pub async fn loaded(&self, limit: Duration) -> bool {
        timeout(limit, self.parts.loaded.cancelled()).await.is_ok()
    }

    /// Whether a part of the node has ended by itself, which only a bug does.
    pub fn is_broken(&self) -> bool {
        self.stages.iter().any(Stage::is_broken)
    }

    /// Waits until a part of the node has ended by itself, which only a bug does: then stop the node and start it
    /// again.
    pub async fn broken(&self) {
        let broken = self
            .stages
            .iter()
            .map(|stage| Box::pin(stage.broken().cancelled_owned()));
        futures::future::select_all(broken).await;
    }

    /// Stops the node. Mastership is handed over at once where another node can take it. The node takes no new tasks;
    /// those that run get `worker.drain` to end by themselves, then they are killed (TERM, and KILL after
    /// `worker.kill_grace`) and run again elsewhere or at the next start, without using a retry. HTTP goes on answering
    /// until nothing runs any more; the lease is released, logs are flushed, the store is closed.
    ///
    /// Dropping the future stops at once: the spawner kills what runs when this process ends.
    pub async fn stop(self) {
        tracing::info!(
            running = self.parts.worker.running(),
            "this node is stopping"
        );
        let [web, services, schedule, worker, network, logs] = &self.stages;
        services.signal();
        self.hand_over().await;
        self.end_tasks().await;
        web.end(STAGE).await;
        services.end(STAGE).await;
        schedule.end(STAGE).await;
        worker.end(STAGE).await;
        if let Some(spawner) = &self.parts.spawner {
            spawner.stop().await;
        }
        self.parts.cluster.leave().await;
        network.end(STAGE).await;
        logs.end(STAGE).await;
        self.parts.store.close().await;
        tracing::info!("this node has stopped");
    }

    /// Gives mastership away before anything else, so that nobody waits for it. When all nodes stop, the master stays
    /// the last, to take the outcomes of the others.
    async fn hand_over(&self) {
        let Parts {
            cluster, scheduler, ..
        } = &self.parts;
        let shuts_down = cluster.departures().current() == Departure::ShutsDown;
        if !shuts_down {
            cluster.tell(|word| word.draining = true);
        }
        if !scheduler.is_master() || (!shuts_down && cluster.has_successor()) {
            return scheduler.resign(HAND_OVER).await;
        }
        if shuts_down {
            let worker = &self.parts.config.worker;
            let patience = worker.drain + worker.kill_grace + CONFIRM + STAGE;
            cluster.others_gone(patience).await;
        }
    }

    /// Lets tasks end, kills those that do not, and waits until the master knows of their ends.
    async fn end_tasks(&self) {
        let worker = &self.parts.worker;
        worker.drain(true).await;
        let is_idle = |load: &Load| load.running == 0;
        if timeout(self.parts.config.worker.drain, worker.wait_for(is_idle))
            .await
            .is_err()
        {
            tracing::info!(
                running = worker.running(),
                "killing tasks that still run; they run again at the next start"
            );
            let reason = if self.parts.cluster.has_successor() {
                "its node stops; the task runs again elsewhere"
            } else {
                "the node stops; the task runs again at its next start"
            };
            worker.revoke(reason.to_owned()).await;
            let patience = self.parts.config.worker.kill_grace + Duration::from_secs(3);
            if timeout(patience, worker.wait_for(is_idle)).await.is_err() {
                tracing::warn!(
                    running = worker.running(),
                    "tasks did not end; the spawner kills them as this node goes"
                );
            }
        }
        if timeout(CONFIRM, worker.wait_for(|load| load.unconfirmed == 0))
            .await
            .is_err()
        {
            tracing::warn!("outcomes that no master confirmed wait in the data directory");
        }
    }

    fn api_state(&self, access: Access) -> ApiState {
        let parts = &self.parts;
        ApiState {
            store: Arc::clone(&parts.store),
            links: parts.links.clone(),
            scheduler: parts.scheduler.clone(),
            events: parts.events.clone(),
            logs: parts.logs.clone(),
            identity: Arc::clone(&parts.identity),
            cluster: parts.cluster.clone(),
            clock: Arc::clone(&parts.clock),
            metrics: parts.metrics.clone(),
            settings: parts.config.settings(),
            access,
            stopping: self.stages[0].stop_signal(),
        }
    }
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        for stage in &self.stages {
            stage.signal();
        }
    }
}
