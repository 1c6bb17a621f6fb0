//! One run: set-up, faults while safety is judged, then healing.

mod expected;
mod healing;
mod view;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peerflow_model::{InstanceId, NodeId};

use crate::chaos::Chaos;
use crate::client::Registration;
use crate::history::{Answer, Entry, What};
use crate::invariants::{Invariants, Terms, Violation};
use crate::network::Traffic;
use crate::operator::{Operator, active};
use crate::pinned;
use crate::scenario::Scenario;
use crate::tasks::Playbook;
use crate::time::{VirtualTime, WorldClock};
use crate::world::{World, WorldError};

pub use healing::Healing;
pub use watch::Watch;

/// How long the cluster may take to come up and take its workflows.
const SET_UP: Duration = Duration::from_secs(60);
/// How long the cluster may take to heal, beside what its settings ask for.
const HEALING: Duration = Duration::from_secs(240);
/// How long all must stay well before a run is over.
const CALM: Duration = Duration::from_secs(2);
/// Entries of the history are judged in portions of so many quanta.
const JUDGE_EVERY: u64 = 16;

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Decides everything that is drawn.
    pub seed: u64,
    pub scenario: Scenario,
    pub workflows: Vec<Registration>,
    pub playbook: Playbook,
    /// Workflows that are triggered once, as soon as all are registered.
    pub triggers: Vec<String>,
    pub healing: Healing,
}

/// What became of a run.
#[derive(Debug)]
pub struct Outcome {
    pub options: RunOptions,
    /// All that happened.
    pub entries: Vec<Entry>,
    pub nodes: Vec<NodeId>,
    pub clock: WorldClock,
    /// How long the run went on.
    pub lasted: VirtualTime,
    /// What each node wrote to its log, the latest lines.
    pub logs: BTreeMap<NodeId, Vec<(VirtualTime, String)>>,
    /// What each node sent and received, over all its lives.
    pub traffic: BTreeMap<NodeId, Traffic>,
    /// What went wrong.
    pub violation: Option<Violation>,
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    World(#[from] WorldError),
    #[error("the run cannot be made repeatable: {0}")]
    Pin(#[from] pinned::PinError),
    #[error("the cluster did not come up in {} virtual seconds: {why}", SET_UP.as_secs())]
    SetUp { why: String },
    #[error("a workflow was not taken: {why}")]
    Refused { why: String },
    #[error("the run was stopped")]
    Stopped,
    #[error(
        "the thread of the run broke off; this is a bug of the simulation or of a node: {what}"
    )]
    Panicked { what: String },
}

/// Runs a whole run on a thread of its own, whose randomness follows from the seed. Only the first run of a process is the
/// same each time: what a process makes once, such as the caches of a regular expression, shifts the randomness of the
/// thread that comes first. So whoever wants to repeat a run gives it a process of its own.
///
/// # Errors
/// When the run cannot be made; what goes wrong within it is part of the outcome.
pub fn run(options: RunOptions) -> Result<Outcome, RunError> {
    run_watched(options, Watch::default())
}

/// The same, looked at by `watch`.
///
/// # Errors
/// As [`run()`], and when the watch stopped it.
pub fn run_watched(options: RunOptions, watch: Watch) -> Result<Outcome, RunError> {
    let seed = options.seed;
    let thread = pinned::on_pinned_thread("simulation", seed, move || begin(options, watch))?;
    match thread.join() {
        Ok(outcome) => outcome,
        Err(panic) => Err(RunError::Panicked {
            what: panic_text(panic.as_ref()),
        }),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}

fn begin(options: RunOptions, watch: Watch) -> Result<Outcome, RunError> {
    use tracing_subscriber::layer::SubscriberExt;
    let triggered = options
        .workflows
        .iter()
        .map(|registration| registration.workflow.clone())
        .collect();
    let world = World::new(
        &options.scenario,
        options.seed,
        options.playbook.clone(),
        triggered,
    )?;
    let subscriber = tracing_subscriber::registry().with(world.logs().clone());
    tracing::subscriber::with_default(subscriber, || Run::new(world, options, watch).through())
}

/// A run that goes on.
struct Run {
    world: World,
    options: RunOptions,
    watch: Watch,
    judge: Invariants,
    judged: usize,
    steps: u64,
}

impl Run {
    fn new(world: World, options: RunOptions, watch: Watch) -> Self {
        let terms = Terms {
            began_at: world.clock().wall(VirtualTime::default()),
            clock_error: clock_error(&options.scenario),
        };
        Self {
            world,
            options,
            watch,
            judge: Invariants::new(terms),
            judged: 0,
            steps: 0,
        }
    }

    fn through(mut self) -> Result<Outcome, RunError> {
        self.set_up()?;
        let violation = self.live().err();
        if self.watch.stops() {
            return Err(RunError::Stopped);
        }
        let World { nodes, .. } = &self.world;
        Ok(Outcome {
            entries: self.world.since(0),
            nodes: nodes.iter().map(|node| node.id().clone()).collect(),
            clock: self.world.clock().clone(),
            lasted: self.world.now(),
            logs: self.world.logs().take(),
            traffic: nodes
                .iter()
                .map(|node| (node.id().clone(), self.world.around.net.traffic(node.id())))
                .collect(),
            violation,
            options: self.options,
        })
    }

    /// All nodes live, and all workflows are registered.
    fn set_up(&mut self) -> Result<(), RunError> {
        self.world.start_all();
        let now = self.world.now();
        for registration in self.options.workflows.clone() {
            self.world.clients.register(now, registration);
        }
        let until = now.after(SET_UP);
        while self.world.clients.is_busy() {
            self.world.step();
            if self.watch.stops() {
                return Err(RunError::Stopped);
            }
            if self.world.now() >= until {
                let why = self.world.nodes.iter().find_map(|node| node.trouble());
                let why = why.unwrap_or_else(|| "workflows were not registered".to_owned());
                return Err(RunError::SetUp { why });
            }
        }
        let refused = |entry: &Entry| match &entry.what {
            What::Answered {
                answer: Answer::Refused { why, .. },
                ..
            } => Some(why.clone()),
            _ => None,
        };
        match self.world.since(0).iter().find_map(refused) {
            Some(why) => Err(RunError::Refused { why }),
            None => Ok(()),
        }
    }

    /// Faults, then healing.
    fn live(&mut self) -> Result<(), Violation> {
        self.judge_new()?;
        self.suffer()?;
        self.heal()?;
        self.judge_end()?;
        let entries = self.world.since(0);
        let expect = &self.options.scenario.expect;
        expect.judge(&entries, self.world.clock(), self.world.now())
    }

    fn suffer(&mut self) -> Result<(), Violation> {
        let begin = self.world.now();
        let mut incidents = self.options.scenario.incidents.clone();
        for incident in &mut incidents {
            incident.at += begin.since_start();
        }
        self.world.chaos = Chaos::new(incidents);
        self.world.clients_ask = true;
        for workflow in &self.options.triggers {
            self.world.clients.trigger(begin, workflow);
        }
        let until = begin.after(self.options.scenario.lasts);
        while self.world.now() < until && !self.watch.stops() {
            self.step()?;
        }
        Ok(())
    }

    /// Faults are over: everything that was under way must come to its end, and the cluster must be of one mind.
    fn heal(&mut self) -> Result<(), Violation> {
        self.world.clients_ask = false;
        if self.options.healing == Healing::Skipped {
            return Ok(());
        }
        self.world.heal();
        let under_way = self.under_way();
        let until = self.world.now().after(self.bound());
        let mut operator = Operator::default();
        let mut well_since = None;
        while self.world.now() < until && !self.watch.stops() {
            self.step()?;
            let now = self.world.now();
            operator.tick(now, &self.world.around.store, &self.world.nodes);
            if !self.steps.is_multiple_of(JUDGE_EVERY) {
                continue;
            }
            let is_well = !self.world.clients.is_busy()
                && self.is_of_one_mind()
                && self.nothing_is_in_doubt()
                && self.under_way().is_disjoint(&under_way);
            match (is_well, well_since) {
                (false, _) => well_since = None,
                (true, None) => well_since = Some(now),
                (true, Some(since)) if now.since(since) >= CALM => return Ok(()),
                (true, Some(_)) => {}
            }
        }
        // Not well in time: the end is judged first, since that says best what is not.
        self.judge_end()?;
        Err(self.not_healed())
    }

    /// How long healing may take: what a worker may be waited for, and the longest of what is queued.
    fn bound(&self) -> Duration {
        let least = HEALING + self.options.scenario.cluster.worker_lease * 4;
        match self.options.healing {
            Healing::Within(longer) => longer.max(least),
            Healing::Bounded | Healing::Skipped => least,
        }
    }

    /// Instances that are not over.
    fn under_way(&self) -> BTreeSet<InstanceId> {
        let state = active(&self.world.around.store).unwrap_or_default();
        let runs = state.runs.into_iter();
        runs.map(|run| run.instance.id.instance).collect()
    }

    fn step(&mut self) -> Result<(), Violation> {
        self.world.step();
        self.steps += 1;
        self.watch.reach(self.world.now());
        if self.steps.is_multiple_of(JUDGE_EVERY) {
            self.judge_new()?;
        }
        Ok(())
    }

    fn judge_new(&mut self) -> Result<(), Violation> {
        let new = self.world.since(self.judged);
        self.judged += new.len();
        self.judge.see(&new)
    }
}

/// How far a wall clock may be off at most in a scenario: by skew, jumps, drift, and some seconds of everything else.
fn clock_error(scenario: &Scenario) -> Duration {
    use crate::fault::Fault;
    let jump = scenario
        .incidents
        .iter()
        .map(|incident| match incident.fault {
            Fault::ClockJump { seconds, .. } => Duration::from_secs(seconds.unsigned_abs()),
            _ => Duration::ZERO,
        })
        .sum::<Duration>();
    let drift = (scenario.lasts + HEALING).mul_f64(f64::from(scenario.cluster.drift) / 1e6);
    scenario.cluster.skew + jump + drift + Duration::from_secs(5)
}
