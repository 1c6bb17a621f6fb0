//! The schedule ledger: the fate of every scheduled time.

use jiff::Timestamp;
use peerflow_workflow::WorkflowName;
use serde::{Deserialize, Serialize};

use crate::coordinator::CoordinatorKey;
use crate::id::InstanceId;

/// One scheduled time of one workflow of one coordinator: written with the instance it makes, once (invariant 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    pub coordinator: CoordinatorKey,
    pub workflow: WorkflowName,
    /// The scheduled instant.
    pub instant: Timestamp,
    pub fate: Fate,
    /// When the fate was decided.
    pub decided_at: Timestamp,
}

/// What became of a scheduled time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "fate")]
pub enum Fate {
    /// It waits until all dependencies are ready.
    Held,
    /// It made this instance.
    Ran { instance: InstanceId },
    /// A later time took its place, or the coordinator was disabled, reset or deleted.
    Skipped { reason: String },
    /// No master was up, or the misfire policy said so.
    Missed { reason: String },
}

/// Scheduled times missed in a row while no master was up: one row for the gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerGap {
    pub coordinator: CoordinatorKey,
    /// First missed instant.
    pub from: Timestamp,
    /// Last missed instant.
    pub to: Timestamp,
    /// How many; counted up to 100,000.
    pub count: u64,
    /// What became of them, in words.
    pub fate: String,
    pub decided_at: Timestamp,
}

/// One line of the daily plan: a time at which a workflow is to run today.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanRow {
    /// Absent: fires when its dependencies are ready.
    pub instant: Option<Timestamp>,
    pub workflow: WorkflowName,
    pub coordinator: CoordinatorKey,
}
