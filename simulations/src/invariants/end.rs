//! What the world looked like when a run was over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{CoordinatorKey, Epoch, Incarnation, InstanceStatus, NodeId, RunId, VisitId};
use peerflow_workflow::WorkflowName;

use crate::time::VirtualTime;

/// What the world looked like when a run was over.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    pub at: VirtualTime,
    /// How long after the end of the faults the cluster may take to heal, and how long an instance may take.
    pub bound: Duration,
    /// All nodes that live.
    pub nodes: &'a [NodeView],
    /// Runs that may well never end, and what each waits for.
    pub waiting: &'a BTreeMap<RunId, WaitsFor>,
    /// All runs that the store really holds.
    pub runs: &'a BTreeMap<RunId, InstanceStatus>,
    /// Scheduled times that must have a fate.
    pub expected: &'a [ExpectedTimes],
}

/// What a living node believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    pub node: NodeId,
    pub incarnation: Incarnation,
    /// Whom it takes for alive, itself too.
    pub members: BTreeSet<(NodeId, Incarnation)>,
    /// Set while it believes to be master.
    pub master: Option<Epoch>,
}

/// Something named that is absent, for which an instance may wait for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// A held step: an operator decides.
    HeldStep(VisitId),
    /// It waited for its turn when the store went back: an operator decides.
    HeldInstance,
    /// No living node has that name, host or label.
    AbsentNode(String),
    /// Its turn under the workflow's limit, behind instances that wait themselves.
    Turn,
}

/// Scheduled times of one workflow of one coordinator, each of which must have a row in the ledger or lie in a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedTimes {
    pub coordinator: CoordinatorKey,
    pub workflow: WorkflowName,
    /// From the registration on; those before the first time that the coordinator considered are not counted.
    pub instants: Vec<Timestamp>,
}
