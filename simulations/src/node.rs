//! One simulated machine with its node: the program as it runs in production, in a runtime of its own.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use jiff::Timestamp;
use peerflow_actions::{BootTime, KillSignal, LogSink, Task, TaskEnd, TaskRunner};
use peerflow_gossip::Members;
use peerflow_model::{Epoch, Incarnation, NodeId};
use peerflow_node::{Clock, Config, NodeHandle, Seams, start_with};
use peerflow_wire::ClusterSecret;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::history::{History, What};
use crate::network::SimNet;
use crate::pinned;
use crate::store::SimStore;
use crate::tasks::Tasks;
use crate::time::{MachineClock, VirtualTime};

/// The port on which every simulated node gossips.
pub(crate) const GOSSIP_PORT: u16 = 8091;
/// The port on which every simulated node takes connections.
pub(crate) const RPC_PORT: u16 = 8092;
/// Seeds that a node knows beside itself.
pub(crate) const SEEDS: usize = 3;
/// A node that was not run for longer than this stood still: its clock jumps.
const JUMP: Duration = Duration::from_millis(50);

/// What one machine is like.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub node: NodeId,
    /// How many tasks it runs at once.
    pub slots: u32,
    pub labels: Vec<String>,
    pub clock: MachineClock,
}

/// What all nodes of a run share.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) history: History,
    pub(crate) net: SimNet,
    pub(crate) store: SimStore,
    pub(crate) tasks: Tasks,
    pub(crate) settings: ClusterSettings,
    pub(crate) secret: ClusterSecret,
    /// Decides all randomness of the nodes.
    pub(crate) seed: u64,
}

/// Settings of the simulated cluster.
#[derive(Clone, Debug)]
pub(crate) struct ClusterSettings {
    /// IANA zone.
    pub timezone: String,
    /// How long mastership holds without renewal.
    pub ttl: Duration,
    pub renew_every: Duration,
    /// A worker's grant.
    pub worker_lease: Duration,
    pub gossip_interval: Duration,
    /// How long a stop waits for tasks.
    pub drain: Duration,
}

/// A machine and the life of its node, if it has one.
#[derive(Debug)]
pub(crate) struct SimNode {
    number: usize,
    machine: Machine,
    data_dir: PathBuf,
    life: Option<Life>,
    lives: u64,
    /// Stands still, as by SIGSTOP.
    paused: bool,
    /// Runs in one quantum of so many: an overloaded machine.
    slowness: u32,
    /// The epoch in which it believes to be master.
    master_in: Option<Epoch>,
    /// To be started again as soon as it has stopped.
    starts_again: bool,
    /// Of its lives so far, where its disk, which remembers it, is lost.
    outlived: Option<Incarnation>,
    /// To be started as soon as its clock is right.
    waits_for_clock: bool,
}

/// From the start of a node's program to its end.
#[derive(Debug)]
struct Life {
    incarnation: Incarnation,
    handle: Option<NodeHandle>,
    router: Router,
    /// Where the runtime's clock and the machine's stood at the start.
    began: (Instant, Duration),
    stopping: Option<JoinHandle<()>>,
    /// It was told that a part of it broke.
    told_broken: bool,
    /// Last, so that everything else is let go while it is there.
    runtime: Runtime,
}

impl SimNode {
    /// A machine whose node has not been started; the `number` gives its address.
    pub(crate) fn new(number: usize, machine: Machine, dir: &Path) -> Self {
        Self {
            number,
            data_dir: dir.join(machine.node.as_str()),
            machine,
            life: None,
            lives: 0,
            paused: false,
            slowness: 1,
            master_in: None,
            starts_again: false,
            outlived: None,
            waits_for_clock: false,
        }
    }

    pub(crate) fn id(&self) -> &NodeId {
        &self.machine.node
    }

    pub(crate) fn clock(&self) -> &MachineClock {
        &self.machine.clock
    }

    pub(crate) fn lives(&self) -> bool {
        self.life.is_some()
    }

    /// Whether it lives and is not about to go.
    pub(crate) fn serves(&self) -> bool {
        !self.paused && self.life.as_ref().is_some_and(|life| life.handle.is_some())
    }

    /// Whether a connection to its API can be made: a program that stands still takes one and does not answer.
    pub(crate) fn answers(&self) -> bool {
        self.life.as_ref().is_some_and(|life| life.handle.is_some())
    }

    /// How many tasks run there, as it tells of itself.
    pub(crate) fn running(&self) -> u32 {
        let members = self.members();
        let own = members.as_ref().and_then(|members| members.own());
        own.map_or(0, |own| own.word.running)
    }

    /// The epoch in which it believes to be master.
    pub(crate) fn master_in(&self) -> Option<Epoch> {
        self.master_in
    }

    /// Begins another life; of a node that is stopping, once it has stopped.
    pub(crate) fn start(&mut self, around: &Surroundings, now: VirtualTime) {
        if let Some(life) = &self.life {
            self.starts_again = life.stopping.is_some();
            return;
        }
        self.starts_again = false;
        self.waits_for_clock = self.clock_is_behind();
        if self.waits_for_clock {
            return;
        }
        self.outlived = None;
        self.lives += 1;
        self.paused = false;
        let node = self.machine.node.clone();
        match self.begin(around, now) {
            Ok(life) => {
                let incarnation = life.incarnation;
                self.life = Some(life);
                around.history.record(What::Started { node, incarnation });
            }
            Err(why) => around.history.record(What::StartFailed { node, why }),
        }
    }

    /// Whether a life begun now would look older to its peers than the one before. With its disk a node remembers its
    /// latest life; who gives a machine a new disk sets its clock right first, as `docs/operations.md` says.
    fn clock_is_behind(&self) -> bool {
        let now = Clock::now(&self.machine.clock).as_millisecond();
        self.outlived
            .is_some_and(|latest| i64::try_from(latest.0).is_ok_and(|latest| now <= latest))
    }

    fn begin(&self, around: &Surroundings, now: VirtualTime) -> Result<Life, String> {
        let seed = around.seed ^ mix(self.number, self.lives);
        let runtime = pinned::runtime(seed).map_err(|error| error.to_string())?;
        let config = self.config(around).map_err(|error| error.to_string())?;
        let host = around
            .net
            .host(self.machine.node.clone(), address(self.number));
        let node = &self.machine.node;
        let clock = self.machine.clock.clone();
        let runner = Arc::new(LateRunner::default());
        let seams = Seams {
            clock: Some(Arc::new(clock.clone())),
            machine: Some(Arc::new(self.machine.clone())),
            gossip: Some(Arc::new(host.clone())),
            rpc: Some(Arc::new(host)),
            runner: Some(Arc::clone(&runner) as Arc<dyn TaskRunner>),
            store: Some(around.store.door(node.clone())),
            seed: Some(seed),
            ..Seams::default()
        };
        let (handle, began) = runtime.block_on(async {
            let handle = Box::pin(start_with(config, seams)).await;
            (handle, Instant::now())
        });
        let handle = handle.map_err(|error| error.to_string())?;
        let incarnation = handle.identity().incarnation;
        // Nothing has run yet: a node runs no task before its runtime is run again.
        let played = around.tasks.runner(node.clone(), incarnation, clock);
        runner.0.get_or_init(|| played);
        Ok(Life {
            incarnation,
            router: handle.router(),
            handle: Some(handle),
            began: (began, self.machine.clock.local(now.since_start())),
            stopping: None,
            told_broken: false,
            runtime,
        })
    }

    fn config(&self, around: &Surroundings) -> Result<Config, peerflow_node::ConfigError> {
        let settings = &around.settings;
        let mut config = Config::throwaway(&self.data_dir)?;
        config.node.id = Some(self.machine.node.as_str().to_owned());
        config.node.slots = self.machine.slots;
        config.node.labels = self.machine.labels.iter().cloned().collect();
        config.node.timezone.clone_from(&settings.timezone);
        config.cluster.secret = Some(around.secret.clone());
        config.cluster.seeds = (0..SEEDS)
            .map(|number| SocketAddr::new(address(number), GOSSIP_PORT).into())
            .collect();
        let listen = |port| Some(SocketAddr::new(address(self.number), port));
        config.gossip.listen = listen(GOSSIP_PORT);
        config.gossip.interval = settings.gossip_interval;
        config.rpc.listen = listen(RPC_PORT);
        config.election.ttl = settings.ttl;
        config.election.renew_every = settings.renew_every;
        config.worker.lease = settings.worker_lease;
        config.worker.drain = settings.drain;
        Ok(config)
    }

    /// The program dies: nothing of it survives but its data directory; its tasks die with it.
    pub(crate) fn crash(&mut self, around: &Surroundings, loses_disk: bool) {
        let Some(life) = self.life.take() else {
            return;
        };
        if loses_disk {
            self.outlived = Some(life.incarnation);
        }
        drop(life);
        self.paused = false;
        let node = self.machine.node.clone();
        around.tasks.crash(&node);
        around.history.record(What::Crashed { node });
        self.master_in = None;
        if loses_disk && let Err(error) = std::fs::remove_dir_all(&self.data_dir) {
            tracing::warn!(%error, "a simulated disk could not be emptied");
        }
    }

    /// Asks the program to stop, as SIGTERM does.
    pub(crate) fn stop(&mut self) {
        if let Some(life) = &mut self.life
            && let Some(handle) = life.handle.take()
        {
            life.stopping = Some(life.runtime.spawn(handle.stop()));
        }
    }

    /// The program stands still from now on, as by SIGSTOP.
    pub(crate) fn pause(&mut self, around: &Surroundings) {
        if self.life.is_some() && !self.paused {
            self.paused = true;
            let node = self.machine.node.clone();
            around.history.record(What::Paused { node });
        }
    }

    /// The program goes on, as by SIGCONT.
    pub(crate) fn resume(&mut self, around: &Surroundings) {
        if self.paused {
            self.paused = false;
            let node = self.machine.node.clone();
            around.history.record(What::Resumed { node });
        }
    }

    /// From now on the program is run in one quantum of `slowness` only.
    pub(crate) fn slow_down(&mut self, slowness: u32) {
        self.slowness = slowness.max(1);
    }

    /// Lets the program run until `until`, the end of quantum number `quantum`.
    pub(crate) fn run(&mut self, around: &Surroundings, until: VirtualTime, quantum: u64) {
        if self.paused || !quantum.is_multiple_of(u64::from(self.slowness)) {
            return;
        }
        if self.waits_for_clock {
            self.start(around, until);
        }
        let Some(life) = &mut self.life else {
            return;
        };
        let (began, began_local) = life.began;
        let local = self.machine.clock.local(until.since_start());
        let target = began + local.saturating_sub(began_local);
        life.runtime.block_on(async {
            let behind = target.saturating_duration_since(Instant::now());
            if behind > JUMP {
                tokio::time::advance(behind).await;
            }
            sleep_until(target).await;
        });
        self.look_after_parts(around);
        self.look_after_mastership(around);
        self.look_after_stop(around, until);
    }

    /// Tells once in a life that a part of the program broke.
    fn look_after_parts(&mut self, around: &Surroundings) {
        let Some(life) = &mut self.life else {
            return;
        };
        let is_broken = life.handle.as_ref().is_some_and(NodeHandle::is_broken);
        if is_broken && !life.told_broken {
            life.told_broken = true;
            let node = self.machine.node.clone();
            around.history.record(What::Broke { node });
        }
    }

    fn look_after_mastership(&mut self, around: &Surroundings) {
        let believes = self.life.as_ref().and_then(|life| {
            let scheduler = life.handle.as_ref()?.scheduler();
            scheduler.is_master().then(|| scheduler.state().epoch)
        });
        if believes == self.master_in {
            return;
        }
        let node = self.machine.node.clone();
        if let Some(epoch) = self.master_in.take() {
            let node = node.clone();
            around.history.record(What::MasterEnded { node, epoch });
        }
        if let Some(epoch) = believes {
            around.history.record(What::MasterBegan { node, epoch });
        }
        self.master_in = believes;
    }

    fn look_after_stop(&mut self, around: &Surroundings, now: VirtualTime) {
        let has_stopped = self
            .life
            .as_ref()
            .and_then(|life| life.stopping.as_ref())
            .is_some_and(JoinHandle::is_finished);
        if has_stopped {
            self.life = None;
            let node = self.machine.node.clone();
            around.tasks.crash(&node);
            around.history.record(What::Stopped { node });
            if self.starts_again {
                self.start(around, now);
            }
        }
    }

    /// Runs something of a client's in this node's runtime; `None` where the node does not live.
    pub(crate) fn spawn<F>(&self, work: impl FnOnce(Router) -> F) -> Option<JoinHandle<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let life = self.life.as_ref()?;
        Some(life.runtime.spawn(work(life.router.clone())))
    }

    /// The members as this node sees them; `None` where it does not live.
    pub(crate) fn members(&self) -> Option<Arc<Members>> {
        let handle = self.life.as_ref()?.handle.as_ref()?;
        Some(handle.cluster().members())
    }

    /// Why nothing is scheduled, as this node says.
    pub(crate) fn trouble(&self) -> Option<String> {
        let handle = self.life.as_ref()?.handle.as_ref()?;
        handle.scheduler().state().trouble
    }
}

impl peerflow_node::Machine for Machine {
    fn hosts(&self) -> BTreeSet<String> {
        BTreeSet::from([self.node.as_str().to_owned()])
    }

    /// Simulated machines are never busy but with their tasks, which slots count.
    fn load_per_core(&self) -> f32 {
        0.0
    }
}

/// Runs what the tasks' runner of this life runs, which is there once the node has begun and told its incarnation.
#[derive(Debug, Default)]
struct LateRunner(OnceLock<Arc<dyn TaskRunner>>);

#[async_trait]
impl TaskRunner for LateRunner {
    async fn run(
        &self,
        task: Task,
        log: Arc<dyn LogSink>,
        kill: KillSignal,
        started: Box<dyn FnOnce(Timestamp) + Send>,
    ) -> TaskEnd {
        self.0.wait().run(task, log, kill, started).await
    }

    fn granted_until(&self, end: BootTime) {
        if let Some(runner) = self.0.get() {
            runner.granted_until(end);
        }
    }
}

/// A machine's address: room for 65,000.
pub(crate) fn address(number: usize) -> IpAddr {
    let number = u16::try_from(number + 1).unwrap_or(u16::MAX);
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 0, high, low).into()
}

/// Spreads a node's number and the count of its lives over 64 bits.
pub(crate) fn mix(number: usize, lives: u64) -> u64 {
    (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ lives.wrapping_mul(0xd1b5_4a32_d192_ed03)
}
