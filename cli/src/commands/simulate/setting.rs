//! What the options come to: for each seed, a cluster, its workflows, and what happens to them.

use std::path::Path;
use std::time::Duration;

use peerflow_simulations::{
    Cluster, FaultKind, Healing, Playbook, Registration, RunOptions, Scenario, mix, named,
};

use super::documents::Documents;
use super::{playbook, times};
use crate::args::{Faults, SimulateArgs};
use crate::error::Error;
use crate::output::Output;

/// How long faults happen where nothing else is said.
const SHORT: Duration = Duration::from_secs(60);
/// Longer runs have a coarser step of time, and a cluster set as real ones are.
const LONG: Duration = Duration::from_secs(600);
/// The step of time of long runs.
const COARSE: Duration = Duration::from_millis(10);
/// The longest step of time: ten of them must fit into a mastership.
const COARSEST: Duration = Duration::from_millis(200);
/// What a user's own workflows may take to end after the last fault.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// What the options come to.
#[derive(Debug)]
pub(super) struct Setting {
    /// As given; where the beginning and the zone follow from this machine, they stand here as if they were given.
    pub(super) args: SimulateArgs,
    scenario: Option<Scenario>,
    /// The user's own; absent: the scenario's.
    workflows: Option<Vec<Registration>>,
    playbook: Playbook,
}

impl Setting {
    /// Reads all that the options name, and checks it.
    pub(super) fn read(output: &Output, mut args: SimulateArgs) -> Result<Self, Error> {
        let language = output.language;
        let told = |error: String| Error::Usage(language.told(&error).into_owned());
        let playbook = playbook(language, &args)?;
        let scenario = args.scenario.as_deref().map(|name| scenario(output, name));
        let scenario = scenario.transpose()?;
        let own = args.workflows.as_deref();
        let workflows =
            own.map(|path| Documents::read(output, path, &playbook)?.for_a_cluster(output, path));
        let workflows = workflows.transpose()?;
        if scenario.is_none() && args.workflows.is_some() && args.timezone.is_none() {
            args.timezone = Some(times::zone_here());
        }
        let is_today = scenario.is_none() && (args.workflows.is_some() || args.hours.is_some());
        let zone = args.timezone.clone().unwrap_or_else(|| {
            let cluster = scenario.as_ref().map(|scenario| scenario.cluster.clone());
            cluster.unwrap_or_default().timezone
        });
        let zone = times::zone(language, &zone)?;
        let begin = match args.begin.as_deref() {
            Some(text) => Some(times::instant(language, text, &zone)?),
            None if is_today => Some(times::before_today(crate::now(), &zone)),
            None => None,
        };
        args.begin = begin.map(|begin| begin.to_string());
        let quantum = Duration::from_millis(1)..=COARSEST;
        if args
            .latency
            .is_some_and(|latency| !quantum.contains(&latency))
        {
            return Err(Error::Usage(
                language.simulate_latency(COARSEST.as_millis()),
            ));
        }
        let setting = Self {
            args,
            scenario,
            workflows,
            playbook,
        };
        let options = setting.options(setting.args.seed);
        options
            .scenario
            .check()
            .map_err(|error| told(error.to_string()))?;
        let known = |name: &&String| options.workflows.iter().any(|each| each.workflow == **name);
        match setting.args.triggers.iter().find(|name| !known(name)) {
            Some(name) => Err(Error::Usage(language.simulate_no_workflow(name))),
            None => Ok(setting),
        }
    }

    /// What a run of that seed is made of.
    pub(super) fn options(&self, seed: u64) -> RunOptions {
        let scenario = self.scenario(seed);
        let workflows = match &self.workflows {
            Some(own) => own.clone(),
            // A scenario that names what there is not is refused before.
            None => scenario.registrations().unwrap_or_default(),
        };
        let is_quiet = scenario.incidents.is_empty() && self.scenario.is_none();
        let healing = match (&self.workflows, is_quiet) {
            (Some(_), true) => Healing::Skipped,
            (Some(_), false) => Healing::Within(PATIENCE),
            (None, true) if self.args.hours.is_some() => Healing::Skipped,
            (None, _) => Healing::Bounded,
        };
        RunOptions {
            seed,
            scenario,
            workflows,
            playbook: self.playbook.clone(),
            triggers: self.args.triggers.clone(),
            healing,
        }
    }

    /// How long faults may happen.
    pub(super) fn lasts(&self) -> Duration {
        let scenario = self.scenario.as_ref().map(|scenario| scenario.lasts);
        let given = self.args.hours.or(self.args.lasts);
        given.or(scenario).unwrap_or(SHORT)
    }

    fn scenario(&self, seed: u64) -> Scenario {
        let lasts = self.lasts();
        let is_long = lasts > LONG;
        if let Some(scenario) = &self.scenario {
            let mut scenario = scenario.clone();
            scenario.lasts = lasts;
            self.adjust(&mut scenario.cluster);
            return scenario;
        }
        let mut cluster = Cluster::default();
        if is_long {
            cluster.latency = COARSE;
            cluster.gossip_interval = Duration::from_secs(1);
            cluster.worker_lease = Duration::from_secs(60);
        }
        self.adjust(&mut cluster);
        let mut scenario = mix(seed, cluster, lasts, &self.kinds(is_long));
        if self.args.hours.is_some() {
            scenario.requests_per_second = 0.0;
        }
        scenario
    }

    fn adjust(&self, cluster: &mut Cluster) {
        let args = &self.args;
        if let Some(nodes) = args.nodes {
            cluster.nodes = usize::try_from(nodes).unwrap_or(usize::MAX);
        }
        cluster.slots = args.slots.unwrap_or(cluster.slots);
        cluster.latency = args.latency.unwrap_or(cluster.latency);
        if let Some(begin) = &args.begin {
            cluster.begins_at.clone_from(begin);
        }
        if let Some(zone) = &args.timezone {
            cluster.timezone.clone_from(zone);
        }
    }

    /// Kinds of faults that are drawn. A store that can go back is copied twice a second, which long runs are spared
    /// unless it is asked for.
    fn kinds(&self, is_long: bool) -> Vec<FaultKind> {
        let is_kept = |kind: &FaultKind| !is_long || *kind != FaultKind::Restore;
        match &self.args.faults {
            Some(Faults::These(kinds)) => kinds.clone(),
            None if self.workflows.is_some() => Vec::new(),
            None | Some(Faults::All) => FaultKind::ALL.into_iter().filter(is_kept).collect(),
        }
    }
}

/// A scenario by its name, or of a file: what ends with `.toml` or holds a slash is one.
fn scenario(output: &Output, name: &str) -> Result<Scenario, Error> {
    let language = output.language;
    let is_file = name.contains('/') || name.ends_with(".toml");
    let scenario = if is_file {
        let text = std::fs::read_to_string(Path::new(name))
            .map_err(|error| Error::Usage(language.cannot_read(name, error)))?;
        Scenario::parse(name, &text)
    } else {
        named(name)
    };
    scenario.map_err(|error| Error::Usage(language.told(&error.to_string()).into_owned()))
}
