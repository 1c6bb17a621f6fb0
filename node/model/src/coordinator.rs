//! What must be remembered of coordinators: when they fired, what is ready, and `--blood` waves under way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use peerflow_workflow::{CoordinatorName, WorkflowName};
use serde::{Deserialize, Serialize};

use crate::id::InstanceId;

/// Identity of a coordinator: workflows and standalone coordinators are named apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CoordinatorKey {
    pub kind: CoordinatorKind,
    pub name: CoordinatorName,
}

impl fmt::Display for CoordinatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            CoordinatorKind::Workflow => write!(f, "workflow {}", self.name),
            CoordinatorKind::Standalone => write!(f, "coordinator {}", self.name),
        }
    }
}

/// Where a coordinator is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoordinatorKind {
    /// Inside a workflow; bears its name.
    Workflow,
    /// A document of its own.
    Standalone,
}

/// What must be remembered of a coordinator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoordinatorState {
    pub key: CoordinatorKey,
    /// The switch a person set; absent means what the document says.
    pub enabled: Option<bool>,
    /// All scheduled times up to and including this one have a row in the ledger.
    pub considered_until: Option<Timestamp>,
    /// The latest scheduled time that passed while a dependency was not ready.
    pub held_time: Option<Timestamp>,
    /// When it last fired or was reset.
    pub fired_at: Option<Timestamp>,
    /// Dependencies that succeeded since then.
    pub ready: BTreeMap<WorkflowName, Readiness>,
}

/// A dependency that has succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Which instance did it.
    pub instance: InstanceId,
    /// That instance's logical time.
    pub logical_time: Timestamp,
    /// When it ended.
    pub at: Timestamp,
}

/// Id of a `--blood` wave: the id of its first instance.
pub type BloodId = InstanceId;

/// A `--blood` wave: a workflow, then every enabled workflow downstream, in dependency order, once each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blood {
    pub id: BloodId,
    pub root: WorkflowName,
    pub created_at: Timestamp,
    /// Workflows of the wave that have not been started, each with those of the wave it must wait for.
    pub remaining: BTreeMap<WorkflowName, BTreeSet<WorkflowName>>,
    /// Workflows of the wave that succeeded, with their logical times.
    pub succeeded: BTreeMap<WorkflowName, Timestamp>,
    /// Set when one did not succeed: nothing more starts.
    pub stopped: bool,
}

impl Blood {
    /// Whether nothing more will start.
    pub fn is_over(&self) -> bool {
        self.stopped || self.remaining.is_empty()
    }
}
