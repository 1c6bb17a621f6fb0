//! What a plan tells.

use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{
    AttemptStatus, CoordinatorKey, Fate, InstanceId, InstanceStatus, NodeId, TriggerKind,
};
use peerflow_workflow::{StepName, WorkflowName};
use serde::Serialize;

use super::late::Late;
use super::machine::Machine;
use super::numbers::milliseconds;
use crate::history::Entry;

/// What a period of the schedule will look like. As JSON, instants are RFC 3339 in UTC and durations milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    pub from: Timestamp,
    /// Does not belong to it.
    pub to: Timestamp,
    /// The cluster's zone, which days and hours are those of.
    pub timezone: String,
    /// What steps ran on, with the hosts and labels they were given.
    pub machines: Vec<Machine>,
    /// Every scheduled time of the period with its fate, in the order in which they came.
    pub times: Vec<ScheduledTime>,
    /// Every instance that was queued or ran within the period, in the order in which they were made.
    pub instances: Vec<PlannedInstance>,
    /// Spans in which all slots were taken, in order.
    pub full: Vec<FullSpan>,
    /// Instances that waited too long, those that waited longest first.
    pub late: Vec<Late>,
    /// Workflows of which no instance is in the period.
    pub idle: Vec<Idle>,
    /// How many mails would have been sent from the beginning of the run.
    pub mails: u64,
    /// What else is to be known: what documents name and is not there, what was given to machines.
    pub notes: Vec<String>,
    /// When the run began: before `from` by the warm-up and a second.
    pub began_at: Timestamp,
    #[serde(skip)]
    pub(super) history: Vec<Entry>,
}

impl Plan {
    /// What happened, for a timeline; empty unless [`super::PlanOptions::keep_history`] asked for it. Its times count
    /// from [`Plan::began_at`].
    pub fn history(&self) -> &[Entry] {
        &self.history
    }
}

/// A scheduled time of a workflow and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduledTime {
    pub at: Timestamp,
    pub workflow: WorkflowName,
    pub coordinator: CoordinatorKey,
    #[serde(flatten)]
    pub fate: Fate,
    /// While it is held: the workflows that it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<WorkflowName>,
}

/// An instance as it would run.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedInstance {
    pub id: InstanceId,
    pub workflow: WorkflowName,
    pub trigger: TriggerKind,
    /// The coordinator that fired it.
    pub coordinator: Option<CoordinatorKey>,
    /// Its scheduled time; of one that a dependency started, that of its latest upstream.
    pub logical_time: Timestamp,
    /// When it was made.
    pub queued_at: Timestamp,
    /// When it left the queue; absent: it still waits at the end of the plan, or never began.
    pub began_at: Option<Timestamp>,
    /// Absent: it is not over at the end of the plan.
    pub ended_at: Option<Timestamp>,
    pub status: InstanceStatus,
    /// Why it stands so; empty on plain success.
    pub message: String,
    pub waits: Waits,
    /// The dependency whose success let it fire.
    pub waited_for: Option<WorkflowName>,
    /// Every try of every step, in order of their starts.
    pub tasks: Vec<PlannedTask>,
}

/// How long an instance waited, and for what. None overlaps another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// From its scheduled time until its dependencies were ready.
    #[serde(rename = "dependencies_ms", serialize_with = "milliseconds")]
    pub dependencies: Duration,
    /// In its workflow's queue, behind `instance-limit`.
    #[serde(rename = "queue_ms", serialize_with = "milliseconds")]
    pub queue: Duration,
    /// Time in which at least one of its steps waited for a free slot or a machine.
    #[serde(rename = "slots_ms", serialize_with = "milliseconds")]
    pub slots: Duration,
}

impl Waits {
    /// All of it.
    pub fn total(&self) -> Duration {
        let total = self.dependencies.saturating_add(self.queue);
        total.saturating_add(self.slots)
    }
}

/// One try of a step on a machine.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedTask {
    pub step: StepName,
    /// Counted from 1 for each step of an instance.
    pub visit: u32,
    /// Counted from 1 for each visit.
    pub attempt: u32,
    pub node: NodeId,
    /// Since when it could have run.
    pub ready_at: Timestamp,
    pub from: Timestamp,
    /// Absent: it still runs at the end of the plan.
    pub to: Option<Timestamp>,
    pub status: AttemptStatus,
}

/// A span in which all slots of all machines were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FullSpan {
    pub from: Timestamp,
    pub to: Timestamp,
    /// How many steps waited at the same time, at most.
    pub most_waiting: usize,
    /// Waiting time of all steps together within the span.
    #[serde(rename = "waited_ms", serialize_with = "milliseconds")]
    pub waited: Duration,
}

/// A workflow that does not run in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Idle {
    pub workflow: WorkflowName,
    #[serde(flatten)]
    pub reason: IdleReason,
}

/// Why a workflow does not run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum IdleReason {
    /// Nothing starts it but a person.
    OnlyWhenAsked,
    /// All coordinators that start it are switched off.
    SwitchedOff,
    /// It waits for workflows that have not all succeeded.
    Dependencies { missing: Vec<WorkflowName> },
    /// None of its times lies in the period.
    NoTime,
}

impl ScheduledTime {
    /// Whether no instance came of it, or not yet.
    pub fn made_none(&self) -> bool {
        !matches!(self.fate, Fate::Ran { .. })
    }
}
