//! What happens in a run, as data: the cluster, its workflows, what clients want, and what goes wrong when.
//!
//! Scenarios with a name are files in `simulations/scenarios`; the standard mix is drawn from the seed.

mod check;
mod expect;
mod mix;
mod named;
#[cfg(test)]
mod tests;
mod workflows;
mod written;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::fault::{Fault, Incident, duration};

pub use expect::Expect;
pub use mix::{FaultKind, mix};
pub use named::{named, names};

/// What happens in a run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    /// What it tells, for people.
    #[serde(default)]
    pub story: String,
    #[serde(default = "Cluster::default")]
    pub cluster: Cluster,
    /// How long faults happen; then the cluster must heal.
    #[serde(with = "duration")]
    pub lasts: Duration,
    /// Requests of clients each second, on average.
    #[serde(default)]
    pub requests_per_second: f64,
    /// Workflows that are registered, by file name without ending: of `simulations/workflows` or
    /// `simulations/scenarios/workflows`; empty: all of the former.
    #[serde(default)]
    pub workflows: Vec<String>,
    /// Workflows that are registered so many times, each time under a name of its own.
    #[serde(default)]
    pub copies: BTreeMap<String, usize>,
    /// What must be seen in the end, beside the invariants.
    #[serde(default)]
    pub expect: Expect,
    #[serde(default, rename = "incident", deserialize_with = "written::incidents")]
    pub incidents: Vec<Incident>,
}

/// What the cluster is like.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    pub nodes: usize,
    /// Of each node.
    pub slots: u32,
    /// A worker's grant.
    #[serde(with = "duration")]
    pub worker_lease: Duration,
    /// How long mastership holds without renewal.
    #[serde(with = "duration")]
    pub ttl: Duration,
    #[serde(with = "duration")]
    pub renew_every: Duration,
    #[serde(with = "duration")]
    pub gossip_interval: Duration,
    /// The least time that a datagram takes, and the length of a quantum.
    #[serde(with = "duration")]
    pub latency: Duration,
    /// Up to so much more.
    #[serde(with = "duration")]
    pub jitter: Duration,
    /// What a call of the store takes at least, and up to so much more.
    #[serde(with = "duration")]
    pub store_latency: Duration,
    #[serde(with = "duration")]
    pub store_jitter: Duration,
    /// Clocks go too fast or too slow by up to so many parts in a million.
    pub drift: u32,
    /// Wall clocks are off by up to so much.
    #[serde(with = "duration")]
    pub skew: Duration,
    /// What true clocks say at the beginning, such as `2026-11-20T23:58:30Z`.
    pub begins_at: String,
    /// IANA zone.
    pub timezone: String,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            nodes: 5,
            slots: 4,
            worker_lease: Duration::from_secs(10),
            ttl: Duration::from_secs(2),
            renew_every: Duration::from_millis(500),
            gossip_interval: Duration::from_millis(200),
            latency: Duration::from_millis(1),
            jitter: Duration::from_millis(1),
            store_latency: Duration::from_millis(1),
            store_jitter: Duration::from_millis(2),
            drift: 100,
            skew: Duration::from_millis(200),
            begins_at: "2026-11-20T22:59:20Z".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
        }
    }
}

/// A scenario that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("cannot read the scenario {file}: {source}")]
    File {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{file} is no scenario: {source}")]
    Malformed {
        file: String,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("there is no scenario {name:?}; there are {known}")]
    Unknown { name: String, known: String },
    #[error("the scenario {name:?} {what}")]
    Unfit { name: String, what: String },
}

impl Scenario {
    /// Reads a scenario; `file` is named in errors.
    ///
    /// # Errors
    /// When the text is no scenario, or makes no sense.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|source| ScenarioError::Malformed {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Whether the store goes back in it.
    pub(crate) fn goes_back(&self) -> bool {
        let is_restore =
            |incident: &Incident| matches!(incident.fault, Fault::StoreRestored { .. });
        self.incidents.iter().any(is_restore)
    }

    fn unfit(&self, what: String) -> ScenarioError {
        ScenarioError::Unfit {
            name: self.name.clone(),
            what,
        }
    }
}
