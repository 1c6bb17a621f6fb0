//! The world of a run: everything in it, moved on one quantum at a time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_model::NodeId;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

use crate::chaos::Chaos;
use crate::client::{Clients, Demand};
use crate::history::{Entry, History};
use crate::network::{SimNet, Weather};
use crate::node::{ClusterSettings, Machine, SimNode, Surroundings};
use crate::node_logs::NodeLogs;
use crate::scenario::{Cluster, Scenario};
use crate::store::{SimStore, StoreLatency};
use crate::tasks::{Playbook, Tasks};
use crate::time::{MachineClock, VirtualTime, WorldClock};

/// How often the store is backed up.
const BACK_UP_EVERY: Duration = Duration::from_millis(500);
/// Of the simulated cluster; it opens nothing real.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Everything that lives in a run.
#[derive(Debug)]
pub(crate) struct World {
    clock: WorldClock,
    quantum: Duration,
    quanta: u64,
    pub(crate) around: Surroundings,
    pub(crate) nodes: Vec<SimNode>,
    pub(crate) chaos: Chaos,
    pub(crate) clients: Clients,
    /// Whether clients ask for new things.
    pub(crate) clients_ask: bool,
    logs: NodeLogs,
    next_backup: VirtualTime,
    /// Whether the store is backed up at all: only where it is to go back.
    backs_up: bool,
    /// The data directories.
    _dir: TempDir,
}

/// Why a world cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error("cannot make a folder for the simulated nodes: {0}")]
    Folder(#[from] std::io::Error),
    #[error("{0:?} is no instant; write it like 2026-11-20T23:58:30Z")]
    Beginning(String),
    #[error("cannot make a cluster secret: {0}")]
    Secret(#[from] peerflow_wire::SecretError),
}

impl World {
    /// A world in which nothing happens yet and no node lives.
    pub(crate) fn new(
        scenario: &Scenario,
        seed: u64,
        playbook: Playbook,
        triggered: Vec<String>,
    ) -> Result<Self, WorldError> {
        let cluster = &scenario.cluster;
        let mut random = SmallRng::seed_from_u64(seed);
        let begins_at: Timestamp = cluster
            .begins_at
            .parse()
            .map_err(|_malformed| WorldError::Beginning(cluster.begins_at.clone()))?;
        let clock = WorldClock::new(begins_at);
        let history = History::new(clock.clone());
        let weather = Weather {
            latency: cluster.latency,
            jitter: cluster.jitter,
            ..Weather::default()
        };
        let latency = StoreLatency {
            least: cluster.store_latency,
            jitter: cluster.store_jitter,
        };
        let around = Surroundings {
            net: SimNet::new(clock.clone(), random.random(), weather),
            store: SimStore::new(clock.clone(), history.clone(), random.random(), latency),
            tasks: Tasks::new(clock.clone(), history.clone(), random.random(), playbook),
            settings: settings(cluster),
            secret: SECRET.parse()?,
            seed: random.random(),
            history: history.clone(),
        };
        let demand = Demand {
            requests_per_second: scenario.requests_per_second,
            triggered,
        };
        let clients = Clients::new(history, random.random(), demand);
        let dir = tempfile::Builder::new()
            .prefix("peerflow-sim")
            .tempdir_in(memory_disk())?;
        let nodes = (0..cluster.nodes)
            .map(|number| {
                let machine = machine(cluster, number, &clock, &mut random);
                SimNode::new(number, machine, dir.path())
            })
            .collect();
        Ok(Self {
            logs: NodeLogs::new(clock.clone()),
            quantum: cluster.latency,
            quanta: 0,
            around,
            nodes,
            chaos: Chaos::new(Vec::new()),
            clients,
            clients_ask: false,
            next_backup: clock.now(),
            backs_up: scenario.goes_back(),
            clock,
            _dir: dir,
        })
    }

    pub(crate) fn now(&self) -> VirtualTime {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> &WorldClock {
        &self.clock
    }

    pub(crate) fn logs(&self) -> &NodeLogs {
        &self.logs
    }

    /// Starts every node that does not live.
    pub(crate) fn start_all(&mut self) {
        let now = self.now();
        for node in &mut self.nodes {
            self.logs.enter(node.id());
            node.start(&self.around, now);
        }
    }

    /// Ends all faults; from here on the cluster must heal.
    pub(crate) fn heal(&mut self) {
        let now = self.now();
        self.chaos.heal(&self.around, &mut self.nodes, now);
    }

    /// Lets one quantum go by.
    pub(crate) fn step(&mut self) {
        let now = self.now();
        self.chaos.tick(&self.around, &mut self.nodes, now);
        self.around.net.deliver();
        self.around.tasks.tick();
        self.clients.tick(now, &self.nodes, self.clients_ask);
        if self.backs_up && self.next_backup <= now {
            self.around.store.take_backup();
            self.next_backup = now.after(BACK_UP_EVERY);
        }
        let until = now.after(self.quantum);
        self.quanta += 1;
        for node in &mut self.nodes {
            self.logs.enter(node.id());
            node.run(&self.around, until, self.quanta);
        }
        self.clock.advance(self.quantum);
    }

    /// What happened since the first `seen` entries.
    pub(crate) fn since(&self, seen: usize) -> Vec<Entry> {
        self.around.history.since(seen)
    }
}

fn settings(cluster: &Cluster) -> ClusterSettings {
    ClusterSettings {
        timezone: cluster.timezone.clone(),
        ttl: cluster.ttl,
        renew_every: cluster.renew_every,
        worker_lease: cluster.worker_lease,
        gossip_interval: cluster.gossip_interval,
        drain: Duration::from_secs(2),
    }
}

/// A machine whose clocks are off by what is drawn.
fn machine(cluster: &Cluster, number: usize, clock: &WorldClock, random: &mut SmallRng) -> Machine {
    let drift = i64::from(cluster.drift);
    let skew = i64::try_from(cluster.skew.as_millis()).unwrap_or(i64::MAX);
    let drift = random.random_range(-drift..=drift);
    let skew = SignedDuration::from_millis(random.random_range(-skew..=skew));
    Machine {
        node: NodeId::from(format!("n{}", number + 1)),
        slots: cluster.slots,
        labels: Vec::new(),
        clock: MachineClock::new(clock.clone(), drift, skew),
    }
}

/// Where data directories cost no disk: in memory, where the system has such a place.
fn memory_disk() -> std::path::PathBuf {
    let shared = std::path::Path::new("/dev/shm");
    if shared.is_dir() {
        shared.to_owned()
    } else {
        std::env::temp_dir()
    }
}
