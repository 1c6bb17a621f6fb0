//! Instances: a workflow running once, with its parameters and its logical time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use peerflow_workflow::{Outcome, StepName, WorkflowName};
use serde::{Deserialize, Serialize};

use crate::IllegalMove;
use crate::coordinator::{BloodId, CoordinatorKey};
use crate::definition::ContentHash;
use crate::id::RunId;

/// One run of an instance of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    pub id: RunId,
    pub workflow: WorkflowName,
    pub status: InstanceStatus,
    /// Set as soon as the outcome is decided; until every attempt is known to be over the status stays `running`.
    pub ending: Option<Ending>,
    /// Final parameters: the coordinator's expanded ones, then those given.
    pub params: BTreeMap<String, String>,
    /// What made it; a rerun keeps it.
    pub trigger: TriggerKind,
    /// The instant that time macros are computed from.
    pub logical_time: Timestamp,
    /// Who fired it, where a coordinator did.
    pub coordinator: Option<CoordinatorKey>,
    /// The `--blood` wave it belongs to.
    pub blood: Option<BloodId>,
    /// Steps to skip in this run.
    pub skip: BTreeSet<StepName>,
    /// The definition it runs by, document and files: [`crate::WorkflowRecord::hash`] of then.
    pub definition: ContentHash,
    /// Copied from the definition: higher dispatches first.
    pub priority: i32,
    /// Place in its workflow's queue; grows with each instance the cluster makes.
    pub queue_order: u64,
    pub created_at: Timestamp,
    /// When it left the queue.
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Why it stands so; empty on plain success.
    pub message: String,
}

/// An outcome that is decided while attempts are still being killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    pub outcome: Outcome,
    pub message: String,
}

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstanceStatus {
    /// Queued behind its workflow's instance limit.
    Waiting,
    /// Started and not known to be over.
    Running,
    Succeeded,
    Failed,
    Killed,
}

/// What may happen to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceEvent {
    Started,
    Ended(Outcome),
}

impl InstanceStatus {
    /// Whether it is over and never changes again (invariant 7).
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    /// The outcome, once it is over.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Waiting | Self::Running => None,
            Self::Succeeded => Some(Outcome::Succeeded),
            Self::Failed => Some(Outcome::Failed),
            Self::Killed => Some(Outcome::Killed),
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// When the state does not allow it.
    pub fn after(self, event: InstanceEvent) -> Result<Self, IllegalMove> {
        match (self, event) {
            (Self::Waiting, InstanceEvent::Started) => Ok(Self::Running),
            // A queued one may be killed; one whose parameters do not fit fails before it starts.
            (Self::Waiting, InstanceEvent::Ended(Outcome::Killed)) => Ok(Self::Killed),
            (Self::Waiting, InstanceEvent::Ended(Outcome::Failed)) => Ok(Self::Failed),
            (Self::Running, InstanceEvent::Ended(outcome)) => Ok(outcome.into()),
            _ => Err(IllegalMove {
                what: "instance",
                from: format!("{self:?}"),
                event: format!("{event:?}"),
            }),
        }
    }
}

impl From<Outcome> for InstanceStatus {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Killed => Self::Killed,
        }
    }
}

/// What made an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TriggerKind {
    /// A scheduled time.
    Cron,
    /// All dependencies were ready, and there is no schedule.
    Dependency,
    /// A person, as the coordinator would.
    Trigger,
    /// A `--blood` wave.
    Blood,
    /// A person, once, with parameters; dependents unaffected.
    Run,
}

impl TriggerKind {
    /// Whether success makes dependents ready.
    pub fn readies_dependents(self) -> bool {
        matches!(self, Self::Cron | Self::Dependency | Self::Trigger)
    }
}
