//! Start-up: bind and load, which may fail and spawns nothing but the spawner process; then run, which cannot fail.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_actions::{
    ActionRunner, RunnerParts, Spawner, SpawnerError, SpawnerOptions, TaskLimits, TaskRunner,
    WallClock,
};
use peerflow_links::{Vault, VaultError};
use peerflow_model::{Incarnation, LinkKind, NodeId};
use peerflow_store::Store;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock};
use crate::cluster::{
    BoundCluster, BoundEndpoint, ClusterError, Departing, Relay, Serving, WordKeeper,
};
use crate::config::{Config, ConfigError};
use crate::data_dir::{DataDir, DataDirError, DataDirLock};
use crate::epoch::HighestEpoch;
use crate::events::EventHub;
use crate::files::StoredFiles;
use crate::handle::{NodeHandle, Parts};
use crate::http::{HttpListener, ListenError};
use crate::identity::NodeIdentity;
use crate::links::{LinkBook, StoredLinks};
use crate::loader::{LinkLoader, Loader};
use crate::logs::{LogHub, LogWriter};
use crate::machine::{Machine, OwnMachine};
use crate::mail::{MailServer, Outbox};
use crate::metrics::Metrics;
use crate::retention::Retention;
use crate::scheduler::{Scheduler, SchedulerParts};
use crate::stage::Stage;
use crate::worker::{Definitions, Outcomes, Worker, WorkerParts};

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("cannot use {what} in the data directory: {source}")]
    File {
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot open the store {url}: {source}")]
    Store {
        url: String,
        #[source]
        source: peerflow_store::Error,
    },
    #[error(transparent)]
    Http(#[from] ListenError),
    #[error("cannot take a place in the cluster: {}", with_causes(.0))]
    Cluster(#[from] ClusterError),
    #[error("cannot keep the passwords of links: {0}")]
    Links(#[from] VaultError),
    #[error("cannot start the process that runs tasks: {}", with_causes(.0))]
    Spawner(#[from] SpawnerError),
}

fn with_causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}

/// What stands in for the world in simulations, tests and benchmarks. The default is the real world.
#[derive(Debug, Default)]
pub struct Seams {
    pub clock: Option<Arc<dyn Clock>>,
    /// Instead of the machine that this process runs on.
    pub machine: Option<Arc<dyn Machine>>,
    /// Instead of UDP, for gossip.
    pub gossip: Option<Arc<dyn peerflow_gossip::Network>>,
    /// Instead of UDP, for the connections between nodes.
    pub rpc: Option<Arc<dyn peerflow_wire::Network>>,
    /// Instead of processes; no spawner is started then.
    pub runner: Option<Arc<dyn TaskRunner>>,
    /// Instead of opening `store.url`.
    pub store: Option<Arc<dyn Store>>,
    /// Instead of randomness from the system.
    pub seed: Option<u64>,
    /// Instead of the running program as the spawner, for programs whose `main` is not ours.
    pub spawner: Option<SpawnerOptions>,
    /// Where files are looked up whose paths are known only at run time, instead of `xml_loader.workflow_dir`: nothing
    /// is loaded from there.
    pub document_dir: Option<PathBuf>,
}

/// Brings a node up in the real world.
///
/// # Errors
/// When something it needs cannot be had: see the message.
pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<NodeHandle, StartError> {
    let seams = Seams {
        clock: Some(clock),
        ..Seams::default()
    };
    start_with(config, seams).await
}

/// Brings a node up with parts of the world replaced.
///
/// # Errors
/// When something it needs cannot be had: see the message.
pub async fn start_with(config: Config, seams: Seams) -> Result<NodeHandle, StartError> {
    Ok(Bound::bind(config, seams).await?.run())
}

/// A node that has all it needs and does nothing yet.
struct Bound {
    lock: DataDirLock,
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    machine: Arc<dyn Machine>,
    identity: Arc<NodeIdentity>,
    epoch: HighestEpoch,
    cluster: BoundCluster,
    store: Arc<dyn Store>,
    links: LinkBook,
    outcomes: Outcomes,
    logs: LogHub,
    log_writer: LogWriter,
    mail_server: Arc<MailServer>,
    runner: Arc<dyn TaskRunner>,
    spawner: Option<Spawner>,
    listener: Option<HttpListener>,
    metrics: Metrics,
    random: SmallRng,
}

impl Bound {
    /// Takes what is not shared first, so that what fails leaves nothing behind.
    async fn bind(config: Config, seams: Seams) -> Result<Self, StartError> {
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let clock = seams.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let machine = seams.machine.unwrap_or_else(|| Arc::new(OwnMachine));
        let mut random = seams
            .seed
            .map_or_else(SmallRng::from_os_rng, SmallRng::seed_from_u64);
        let mail_server = MailServer::new(&config.email);
        let mail_server = Arc::new(mail_server.map_err(|message| ConfigError { message })?);
        let (data_dir, lock) = DataDir::open(&config.node.data_dir)?;
        let data_dir = Arc::new(data_dir);
        let listener = HttpListener::bind(&config.http).await?;
        let id = data_dir.node_id(config.node.id.as_deref(), &mut random)?;
        let incarnation = data_dir.next_incarnation(clock.now())?;
        let epoch = HighestEpoch::open(Arc::clone(&data_dir))?;
        let endpoint = BoundEndpoint::bind(&config, &id, incarnation, &epoch, seams.rpc).await?;
        let identity = NodeIdentity {
            rpc: endpoint.as_ref().map(|endpoint| endpoint.advertised),
            hosts: machine.hosts(),
            ..identity(&config, listener.as_ref(), clock.now(), id, incarnation)
        };
        let cluster =
            BoundCluster::bind(&config, &identity, endpoint, &clock, seams.gossip).await?;
        let file = |what| move |source| StartError::File { what, source };
        let outcomes = Outcomes::open(data_dir.path()).map_err(file("the outcomes that wait"))?;
        let store = open_store(&config, seams.store).await?;
        let links = LinkBook::new(Arc::clone(&store), vault(&config, data_dir.path())?);
        let metrics = Metrics::new();
        let (logs, log_writer) = LogHub::new(Arc::clone(&store), data_dir.path(), metrics.clone())
            .map_err(file("the task logs that wait"))?;
        let document_dir = seams.document_dir.or_else(|| document_dir(&config));
        let (runner, spawner) = match seams.runner {
            Some(runner) => (runner, None),
            None => {
                let spawner = start_spawner(seams.spawner, data_dir.path()).await?;
                let files = StoredFiles::new(Arc::clone(&store), identity.id.clone(), document_dir);
                let runner = real_runner(
                    &config,
                    files,
                    links.clone(),
                    data_dir.path(),
                    &mail_server,
                    &spawner,
                    &clock,
                )
                .map_err(file("the tasks' working directories"))?;
                (runner, Some(spawner))
            }
        };
        Ok(Self {
            lock,
            epoch,
            cluster,
            config: Arc::new(config),
            clock,
            machine,
            identity: Arc::new(identity),
            store,
            links,
            outcomes,
            logs,
            log_writer,
            mail_server,
            runner,
            spawner,
            listener,
            metrics,
            random,
        })
    }

    /// Spawns everything into stages that end one after the other.
    fn run(mut self) -> NodeHandle {
        let (logs, worker_stage, schedule) = (
            Stage::new("logs"),
            Stage::new("worker"),
            Stage::new("scheduler"),
        );
        let (services, web) = (Stage::new("services"), Stage::new("http"));
        let network = Stage::new("network");
        let events = EventHub::default();
        let mail_due = Arc::new(Notify::new());
        let cluster = self.cluster.run(&self.epoch);
        let (worker, worker_handle) = Worker::new(WorkerParts {
            identity: Arc::clone(&self.identity),
            runner: self.runner,
            definitions: Definitions::new(Arc::clone(&self.store)),
            logs: self.logs.clone(),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
            outcomes: self.outcomes,
            epoch: self.epoch.clone(),
        });
        let parts = SchedulerParts {
            config: Arc::clone(&self.config),
            identity: Arc::clone(&self.identity),
            store: Arc::clone(&self.store),
            cluster: cluster.clone(),
            epoch: self.epoch.clone(),
            clock: Arc::clone(&self.clock),
            events: events.clone(),
            metrics: self.metrics.clone(),
            worker: worker_handle.clone(),
            mail_due: Arc::clone(&mail_due),
            seed: self.random.random(),
        };
        let (scheduler, scheduler_handle) = Scheduler::new(parts, schedule.stop_signal());
        logs.spawn("log writer", |stop| self.log_writer.run(stop));
        worker_stage.spawn("worker", |stop| worker.run(stop));
        schedule.spawn("scheduler", |_stop| scheduler.run());
        let gone = CancellationToken::new();
        let parts = Parts {
            lock: self.lock,
            cluster,
            gone,
            config: self.config,
            identity: self.identity,
            store: self.store,
            links: self.links,
            loaded: CancellationToken::new(),
            clock: self.clock,
            events,
            logs: self.logs,
            metrics: self.metrics,
            scheduler: scheduler_handle,
            worker: worker_handle,
            spawner: self.spawner,
        };
        spawn_services(&parts, self.mail_server, mail_due, &services);
        spawn_network(&parts, self.epoch, self.machine, &network);
        NodeHandle::new(
            parts,
            [web, services, schedule, worker_stage, network, logs],
            self.listener,
        )
    }
}

/// Spawns what this node does for its peers and tells them.
fn spawn_network(node: &Parts, epoch: HighestEpoch, machine: Arc<dyn Machine>, network: &Stage) {
    let serving = Serving {
        cluster: node.cluster.clone(),
        worker: node.worker.clone(),
        scheduler: node.scheduler.clone(),
        events: node.events.clone(),
        logs: node.logs.clone(),
    };
    let word = WordKeeper {
        cluster: node.cluster.clone(),
        worker: node.worker.clone(),
        store: Arc::clone(&node.store),
        epoch,
        metrics: node.metrics.clone(),
        machine,
    };
    let relay = Relay {
        cluster: node.cluster.clone(),
        scheduler: node.scheduler.clone(),
        events: node.events.clone(),
        logs: node.logs.clone(),
    };
    let departing = Departing {
        departures: node.cluster.departures().clone(),
        worker: node.worker.clone(),
        gone: node.gone.clone(),
    };
    network.spawn("peers", |stop| serving.run(stop));
    network.spawn("word", |stop| word.run(stop));
    network.spawn("relay", |stop| relay.run(stop));
    network.spawn("departure", |stop| departing.run(stop));
}

/// Spawns what works beside scheduling.
fn spawn_services(node: &Parts, server: Arc<MailServer>, mail_due: Arc<Notify>, services: &Stage) {
    let outbox = Outbox {
        store: Arc::clone(&node.store),
        server,
        logs: node.logs.clone(),
        clock: Arc::clone(&node.clock),
        metrics: node.metrics.clone(),
        scheduler: node.scheduler.clone(),
        cluster: node.cluster.clone(),
        due: mail_due,
    };
    let retention = Retention {
        settings: node.config.settings(),
        store: Arc::clone(&node.store),
        scheduler: node.scheduler.clone(),
        clock: Arc::clone(&node.clock),
        metrics: node.metrics.clone(),
    };
    services.spawn("mail", |stop| outbox.run(stop));
    services.spawn("retention", |stop| retention.run(stop));
    services.spawn("metrics", |stop| upkeep(node.metrics.clone(), stop));
    let loader = loader(node);
    if loader.folder.is_some() || !loader.links.files.is_empty() {
        services.spawn("loader", |stop| loader.run(stop));
    } else {
        node.loaded.cancel();
    }
}

fn loader(node: &Parts) -> Loader {
    let config = &node.config;
    let folder = config.xml_loader.workflow_dir.clone();
    let files = [
        (LinkKind::Database, config.links.db_file.clone()),
        (LinkKind::File, config.links.file_file.clone()),
    ];
    Loader {
        folder: folder.map(|folder| std::path::absolute(&folder).unwrap_or(folder)),
        links: LinkLoader {
            files: files
                .into_iter()
                .filter_map(|(kind, file)| Some((kind, file?)))
                .collect(),
            node: node.identity.id.clone(),
            book: node.links.clone(),
            scheduler: node.scheduler.clone(),
        },
        loaded: node.loaded.clone(),
        interval: config.xml_loader.scan_interval,
        node: node.identity.id.clone(),
        store: Arc::clone(&node.store),
        scheduler: node.scheduler.clone(),
        metrics: node.metrics.clone(),
    }
}

fn identity(
    config: &Config,
    listener: Option<&HttpListener>,
    now: Timestamp,
    id: NodeId,
    incarnation: Incarnation,
) -> NodeIdentity {
    NodeIdentity {
        id,
        incarnation,
        version: env!("CARGO_PKG_VERSION"),
        started_at: now,
        labels: config.node.labels.clone(),
        slots: config.node.slots,
        http: listener.map(HttpListener::address),
        rpc: None,
        cluster_name: config.cluster.name.clone(),
        hosts: BTreeSet::new(),
    }
}

/// The store of the configuration, unless another stands in for it.
async fn open_store(
    config: &Config,
    instead: Option<Arc<dyn Store>>,
) -> Result<Arc<dyn Store>, StartError> {
    if let Some(store) = instead {
        return Ok(store);
    }
    let url = &config.store.url;
    peerflow_store::open(url.url())
        .await
        .map_err(|source| StartError::Store {
            url: url.to_string(),
            source,
        })
}

/// What seals the passwords of links: the same on every node of a cluster, which all have its secret.
fn vault(config: &Config, data_dir: &Path) -> Result<Vault, VaultError> {
    match &config.cluster.secret {
        Some(secret) => Ok(Vault::of_cluster(&secret.links_key(&config.cluster.name))),
        None => Vault::of_data_directory(data_dir),
    }
}

/// Where the loader finds documents.
fn document_dir(config: &Config) -> Option<PathBuf> {
    let folder = config.xml_loader.workflow_dir.as_ref()?;
    std::path::absolute(folder).ok()
}

/// The process that owns all task processes.
async fn start_spawner(
    options: Option<SpawnerOptions>,
    data_dir: &Path,
) -> Result<Spawner, StartError> {
    let file = |what| move |source| StartError::File { what, source };
    let options = match options {
        Some(options) => options,
        None => SpawnerOptions::new(data_dir).map_err(file("the program itself"))?,
    };
    peerflow_actions::become_subreaper()
        .map_err(file("this process as the reaper of orphaned tasks"))?;
    Ok(Spawner::start(options).await?)
}

fn real_runner(
    config: &Config,
    files: StoredFiles,
    links: LinkBook,
    data_dir: &Path,
    mailer: &Arc<MailServer>,
    spawner: &Spawner,
    clock: &Arc<dyn Clock>,
) -> std::io::Result<Arc<dyn TaskRunner>> {
    let limits = TaskLimits {
        kill_grace: config.worker.kill_grace,
        log_limit: config.worker.log_limit,
        log_tail: 1024 * 1024,
        profile: config.worker.profile.clone(),
        work_dir: data_dir.join("work"),
    };
    let clock = Arc::clone(clock);
    let mailer: Arc<MailServer> = Arc::clone(mailer);
    let runner = ActionRunner::new(RunnerParts {
        limits,
        files: Arc::new(files),
        links: Arc::new(StoredLinks::new(links)),
        mailer,
        spawner: spawner.clone(),
        clock: WallClock::new(move || clock.now()),
    })?;
    Ok(Arc::new(runner))
}

/// Keeps the histograms small.
async fn upkeep(metrics: Metrics, stop: CancellationToken) {
    let forever = async {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            metrics.upkeep();
        }
    };
    stop.run_until_cancelled(forever).await;
}
