//! Several nodes as processes that are one cluster.

mod faults;
mod ports;
mod task_log;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::api::Api;
use crate::binary::run;
use crate::hosts::Hosts;
use crate::mariadb::{Database, Server, test_server_url};
use crate::node::{Node, NodeBuilder, StoreKind};
use crate::processes::processes_of;
use crate::wait::{eventually, within};
use ports::Sockets;
pub use task_log::{TaskLog, TaskTry};

/// How long a cluster may take to agree.
const AGREED: Duration = Duration::from_secs(45);

/// How much of each node's log is told when a test fails.
const LAST_LINES: usize = 40;

/// Which store the nodes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedStore {
    /// A database of the cluster's own on the shared server.
    MariaDb,
    /// One file.
    Sqlite,
}

/// How a cluster is started.
#[derive(Clone, Debug)]
pub struct ClusterBuilder {
    nodes: usize,
    store: SharedStore,
    server: Option<String>,
    on_hosts: bool,
    environment: Vec<(String, String)>,
}

/// A cluster. Its nodes are killed when this is dropped, with all they started; its database is dropped.
#[derive(Debug)]
pub struct Cluster {
    seats: Vec<Seat>,
    task_log: TaskLog,
    database: Option<Database>,
    hosts: Option<Hosts>,
    folder: TempDir,
}

/// The place of a node, which may be down.
#[derive(Debug)]
struct Seat {
    id: String,
    builder: NodeBuilder,
    node: Option<Node>,
    is_paused: bool,
    /// What the node listens on, while it is down too.
    _sockets: Sockets,
}

/// The cluster as one node shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub master: Option<String>,
    pub epoch: u64,
    /// Ids of the nodes it calls alive.
    pub alive: BTreeSet<String>,
}

impl ClusterBuilder {
    /// How many nodes; otherwise three.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        self.nodes = count;
        self
    }

    /// What they share; otherwise MariaDB.
    #[must_use]
    pub fn store(mut self, store: SharedStore) -> Self {
        self.store = store;
        self
    }

    /// A MariaDB server of the test's own, instead of the shared one.
    #[must_use]
    pub fn server(mut self, server: &Server) -> Self {
        self.server = Some(server.url.clone());
        self
    }

    /// Each node on a host of its own, to be cut from others.
    #[must_use]
    pub fn on_hosts(mut self) -> Self {
        self.on_hosts = true;
        self
    }

    /// `worker.lease`.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        self.set(
            "PEERFLOW__WORKER__LEASE",
            &format!("{}ms", lease.as_millis()),
        )
    }

    /// `node.slots` of each.
    #[must_use]
    pub fn slots(self, slots: u32) -> Self {
        self.set("PEERFLOW__NODE__SLOTS", &slots.to_string())
    }

    /// One setting of every node, such as `PEERFLOW__GOSSIP__INTERVAL`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts all nodes and waits until they agree who is there and who is master.
    ///
    /// # Panics
    /// When that does not come to pass; the nodes' messages are told.
    pub fn start(self) -> Cluster {
        let folder = tempfile::Builder::new()
            .prefix("peerflow-cluster.")
            .tempdir()
            .expect("a temporary folder");
        let server = self.server.clone().unwrap_or_else(test_server_url);
        let on_mariadb = self.store == SharedStore::MariaDb;
        let database = on_mariadb.then(|| Database::on(&server));
        let hosts = self.on_hosts.then(|| {
            let database = database.as_ref().expect("hosts share a MariaDB");
            Hosts::new(self.nodes, &database.address())
        });
        let store = match (&database, &hosts) {
            (Some(database), Some(hosts)) => database.url_at(hosts.store()),
            (Some(database), None) => database.url(),
            (None, _) => format!("sqlite:{}", folder.path().join("peerflow.db").display()),
        };
        let seats = self.seats(folder.path(), &store, hosts.as_ref());
        let mut cluster = Cluster {
            seats,
            task_log: TaskLog::new(folder.path()),
            database,
            hosts,
            folder,
        };
        cluster.start_missing();
        cluster.agreed_master();
        cluster
    }

    fn seats(&self, folder: &Path, store: &str, hosts: Option<&Hosts>) -> Vec<Seat> {
        let secret = write_secret(folder);
        let token = hosts.map(|_| token(&secret));
        let sockets: Vec<_> = (0..self.nodes)
            .map(|at| hosts.map_or_else(Sockets::here, |hosts| Sockets::on(&hosts.address(at))))
            .collect();
        let seeds: Vec<&str> = sockets.iter().map(|each| each.gossip.as_str()).collect();
        let seeds = seeds.join(",");
        let seats = sockets.into_iter().enumerate().map(|(at, sockets)| {
            let id = format!("n{at}");
            let own = folder.join(&id);
            std::fs::create_dir(&own).expect("the folder can be written");
            let mut builder = NodeBuilder::new(&own)
                .store(StoreKind::Mysql(store.to_owned()))
                .sockets(&sockets.gossip, &sockets.rpc)
                .set("PEERFLOW__NODE__ID", &id)
                .set("PEERFLOW__CLUSTER__SECRET_FILE", &secret)
                .set("PEERFLOW__CLUSTER__SEEDS", &seeds)
                .set("TEST_NODE", &id);
            if let (Some(hosts), Some(token)) = (hosts, &token) {
                builder = builder.host(&hosts.host(at), &hosts.address(at), token);
            }
            for (name, value) in &self.environment {
                builder = builder.set(name, value);
            }
            Seat {
                id,
                builder,
                node: None,
                is_paused: false,
                _sockets: sockets,
            }
        });
        seats.collect()
    }
}

/// What opens the API of nodes with this secret to callers from outside.
fn token(secret: &str) -> String {
    let told = run(&["cluster", "token", "--secret-file", secret]);
    assert_eq!(told.code, 0, "{}", told.text());
    told.stdout.trim().to_owned()
}

/// A new secret, in a file that its owner alone can read. Gives the path.
fn write_secret(folder: &Path) -> String {
    let mut random = [0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .expect("the system gives random numbers");
    let path = folder.join("secret");
    let mut file = std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .expect("the folder can be written");
    for byte in random {
        write!(file, "{byte:02x}").expect("the folder can be written");
    }
    path.display().to_string()
}

impl Cluster {
    /// Three nodes on MariaDB, unless it is told otherwise.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder {
            nodes: 3,
            store: SharedStore::MariaDb,
            server: None,
            on_hosts: false,
            environment: Vec::new(),
        }
    }

    /// How many nodes belong to it, those that are down too.
    pub fn size(&self) -> usize {
        self.seats.len()
    }

    /// Where everything of it lies: a folder `n0`, `n1`, … for each node.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database that the nodes share, where it is one.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// What the tasks wrote down, and what was done to the nodes.
    pub fn task_log(&self) -> &TaskLog {
        &self.task_log
    }

    /// The API of a node that runs.
    ///
    /// # Panics
    /// When it is down.
    pub fn api(&self, at: usize) -> &Api {
        &self.node(at).api
    }

    /// The process id of a node that runs.
    ///
    /// # Panics
    /// When it is down.
    pub fn pid(&self, at: usize) -> i32 {
        self.node(at).pid()
    }

    /// The id of a node.
    pub fn id(&self, at: usize) -> &str {
        &self.seats[at].id
    }

    /// How a node is started, to start one like it.
    pub fn node_builder(&self, at: usize) -> NodeBuilder {
        self.seats[at].builder.clone()
    }

    /// The nodes that run and are not paused.
    pub fn awake(&self) -> Vec<usize> {
        let seats = self.seats.iter().enumerate();
        seats
            .filter(|(_, seat)| seat.node.is_some() && !seat.is_paused)
            .map(|(at, _)| at)
            .collect()
    }

    /// `kill -9`, with nothing told to anybody.
    pub fn kill(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        self.task_log.leaving(&seat.id);
        if let Some(mut node) = seat.node.take() {
            node.kill();
        }
        // What its spawner had begun to start may still say so: it is gone for good when it is started again.
        seat.is_paused = false;
    }

    /// SIGTERM, and waits for its end; gives the exit code.
    pub fn stop(&mut self, at: usize) -> i32 {
        let seat = &mut self.seats[at];
        let node = seat.node.take().expect("the node runs");
        self.task_log.leaving(&seat.id);
        let code = node.stop();
        self.task_log.left(&seat.id);
        code
    }

    /// Starts a node that is down, and waits until it is ready.
    pub fn start_again(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        assert!(seat.node.is_none(), "{} runs", seat.id);
        seat.node = Some(seat.builder.clone().start());
        // Not before: what the former life had begun to start says so until the new one has killed it.
        self.task_log.left(&seat.id);
    }

    /// Starts all that are down, side by side, and waits until they are ready.
    pub fn start_missing(&mut self) {
        std::thread::scope(|scope| {
            let log = &self.task_log;
            for seat in self.seats.iter_mut().filter(|seat| seat.node.is_none()) {
                scope.spawn(|| {
                    seat.node = Some(seat.builder.clone().start());
                    log.left(&seat.id);
                });
            }
        });
    }

    /// SIGSTOP. What it started goes on: its spawner is a process of its own.
    pub fn pause(&mut self, at: usize) {
        self.task_log.leaving(&self.seats[at].id);
        self.node(at).signal(Signal::SIGSTOP);
        self.seats[at].is_paused = true;
    }

    /// SIGCONT.
    pub fn resume(&mut self, at: usize) {
        self.node(at).signal(Signal::SIGCONT);
        self.seats[at].is_paused = false;
        self.task_log.left(&self.seats[at].id);
    }

    /// The cluster as a node shows it; `None` when it does not answer.
    pub fn view(&self, at: usize) -> Option<View> {
        view(self.api(at))
    }

    /// The node that some other one now calls master, if it runs.
    pub fn master(&self) -> Option<usize> {
        let awake = self.awake();
        awake.iter().find_map(|at| {
            let master = self.view(*at)?.master?;
            awake.iter().copied().find(|each| self.id(*each) == master)
        })
    }

    /// Waits until all nodes that are awake show the same cluster, made up of just them, with one of them as master. Gives
    /// that one.
    pub fn agreed_master(&self) -> usize {
        self.agreed_within(AGREED)
    }

    /// As [`Self::agreed_master`], within a bound.
    ///
    /// # Panics
    /// When they do not agree in time, with what each says.
    pub fn agreed_within(&self, bound: Duration) -> usize {
        let awake = self.awake();
        let ids: BTreeSet<String> = awake.iter().map(|at| self.id(*at).to_owned()).collect();
        let what = format!("{ids:?} agree who is there and who is master");
        eventually(&what, bound, || {
            let views: Option<Vec<View>> = awake.iter().map(|at| self.view(*at)).collect();
            let views = views?;
            let first = views.first()?;
            (first.alive == ids && views.iter().all(|each| each == first)).then_some(())?;
            let master = first.master.as_ref()?;
            awake.iter().copied().find(|at| self.id(*at) == master)
        })
    }

    fn node(&self, at: usize) -> &Node {
        let seat = &self.seats[at];
        seat.node
            .as_ref()
            .unwrap_or_else(|| panic!("{} is down", seat.id))
    }
}

/// The cluster as a node shows it; `None` when it does not answer.
fn view(api: &Api) -> Option<View> {
    let cluster = api.try_get("/api/v1/cluster")?.json;
    let alive = cluster["nodes"].as_array()?.iter();
    Some(View {
        master: cluster["master"].as_str().map(str::to_owned),
        epoch: cluster["epoch"].as_u64()?,
        alive: alive
            .filter(|node| node["state"] == "alive")
            .filter_map(|node| node["id"].as_str().map(str::to_owned))
            .collect(),
    })
}

impl Cluster {
    /// What the nodes said last, for whoever reads why a test failed.
    fn tell_logs(&self) {
        for seat in &self.seats {
            let path = self.folder.path().join(&seat.id).join("node.log");
            let log = std::fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
            eprintln!("-- {} said last:\n{}", seat.id, last.join("\n"));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell_logs();
        }
        for seat in &mut self.seats {
            seat.node = None;
        }
        // Spawners kill their tasks and end as soon as their nodes are gone.
        let own = |folder: &Path| processes_of(folder).is_empty().then_some(());
        if within(Duration::from_secs(15), || own(self.folder.path())).is_some() {
            return;
        }
        let left = processes_of(self.folder.path());
        for process in &left {
            // It may end at this moment.
            kill(Pid::from_raw(process.pid), Signal::SIGKILL).ok();
        }
        if !std::thread::panicking() {
            panic!("left behind by nodes that were killed: {left:#?}");
        }
    }
}
