//! Instances and their steps.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{AttemptStatus, InstanceStatus, TriggerKind, VisitStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::records::CoordinatorRef;
use super::time::Time;

/// One run of an instance, without its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstanceSummary {
    pub id: String,
    /// Counted from 1: a rerun is the next run.
    pub run: u32,
    pub workflow: String,
    #[schema(schema_with = instance_status)]
    pub status: InstanceStatus,
    pub params: BTreeMap<String, String>,
    /// What made it; a rerun keeps it.
    #[schema(schema_with = trigger_kind)]
    pub trigger: TriggerKind,
    /// The instant that time macros are computed from.
    pub logical_time: Time,
    pub created_at: Time,
    /// When it left its workflow's queue.
    pub started_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// Why it stands so: of a waiting one what it waits for, of an ended one the reason; empty on plain success.
    pub message: String,
    /// An outcome that is decided while attempts are still being killed.
    #[serde(default)]
    #[schema(schema_with = outcome)]
    pub ending: Option<peerflow_model::Outcome>,
    /// The coordinator that fired it.
    #[serde(default)]
    pub coordinator: Option<CoordinatorRef>,
    /// The first instance of the `--blood` wave it belongs to.
    #[serde(default)]
    pub blood: Option<String>,
    /// Steps to skip in this run.
    #[serde(default)]
    pub skip: BTreeSet<String>,
    #[serde(default)]
    pub priority: i32,
    /// SHA-256 of the document it runs by.
    #[serde(default)]
    pub definition: String,
}

/// One run of an instance with its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    #[serde(flatten)]
    pub summary: InstanceSummary,
    /// Visits of steps in the order in which they were reached. A step that was reached twice is there twice, one
    /// not reached is not there (`/workflows/{name}/graph` tells all steps).
    pub steps: Vec<Step>,
    /// Number of its latest run.
    #[serde(default)]
    pub latest_run: u32,
}

/// One visit of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    pub name: String,
    /// The element's name: `script`, `fork`, …
    #[serde(rename = "type")]
    pub kind: String,
    #[schema(schema_with = visit_status)]
    pub status: VisitStatus,
    /// Where the latest try runs or ran.
    pub node: Option<String>,
    /// Counted from 1 for each step of a run.
    pub visit: u32,
    /// Number of the latest try; 0 before the first.
    pub attempt: u32,
    pub started_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// Why it stands so: of a waiting one what it waits for, of an ended one the reason; empty on plain success.
    pub message: String,
    /// Position in the run's history, counted from 1.
    #[serde(default)]
    pub sequence: u32,
    /// When it was reached.
    #[serde(default)]
    pub created_at: Option<Time>,
    /// When the next try is due, while it waits for one.
    #[serde(default)]
    pub retry_at: Option<Time>,
    /// Tries that failed.
    #[serde(default)]
    pub failures: u32,
    /// Tries that were lost with their node.
    #[serde(default)]
    pub losses: u32,
    /// The visit that led here.
    #[serde(default)]
    pub from: Option<PreviousVisit>,
    /// Exit code of the latest try's process.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// All tries, oldest first. Left out of events.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// How far its running try has come, of a transfer; absent where its node does not say. Left out of events.
    #[serde(default)]
    pub progress: Option<Progress>,
}

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Rows so far.
    pub rows: u64,
    /// Bytes of their values so far.
    pub bytes: u64,
    /// Rows in the last second.
    pub rows_per_second: u64,
}

/// The visit that led to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviousVisit {
    pub step: String,
    /// Its `sequence`.
    pub sequence: u32,
}

/// One try of a visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Counted from 1 for each visit.
    pub attempt: u32,
    pub node: String,
    #[schema(schema_with = attempt_status)]
    pub status: AttemptStatus,
    pub assigned_at: Time,
    pub started_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// Exit code of its process, where it had one and it exited.
    pub exit_code: Option<i32>,
    pub message: String,
}

/// A page of instances, newest first; of each the latest run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstancePage {
    pub items: Vec<InstanceSummary>,
    /// Give it as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
}

/// Body of `POST /workflows/{name}/run`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Parameters; they win over those of the coordinator.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
}

/// Body of `POST /workflows/{name}/trigger`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Then every enabled workflow downstream, in dependency order, once each.
    #[serde(default)]
    pub blood: bool,
    /// Steps to skip: they count as succeeded without running.
    #[serde(default)]
    pub skip: BTreeSet<String>,
}

/// Body of `POST /instances/{id}/rerun`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rerun {
    /// Resume at the visits that did not succeed.
    #[serde(default)]
    pub recover: bool,
    /// By the recorded definition instead of the current one.
    #[serde(default)]
    pub as_was: bool,
}

/// Body of `POST /instances/{id}/release`: an operator's word on a held instance, or on held steps of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Absent: every step of it that is held, or the instance itself while it waits for its turn.
    #[serde(default)]
    pub step: Option<String>,
    /// Which visit of the step; absent: each that is held.
    #[serde(default)]
    pub visit: Option<u32>,
    /// Run it again (`true`), or let it fail; an instance that has not begun is killed then.
    pub run_again: bool,
}

fn first() -> u32 {
    1
}

/// Body of `POST /cluster/release`: an operator's word on all that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseAll {
    /// Run it again (`true`), or let it fail.
    pub run_again: bool,
}

/// An instance was made, or a run of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstanceCreated {
    pub instance: String,
    /// Which run of it.
    #[serde(default = "first")]
    pub run: u32,
}

/// Instances were made, one for each workflow that the coordinator starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstancesCreated {
    pub instances: Vec<String>,
}

fn instance_status() -> Object {
    super::one_of(&["waiting", "running", "succeeded", "failed", "killed"])
}

fn visit_status() -> Object {
    super::one_of(&[
        "pending",
        "waiting",
        "running",
        "succeeded",
        "failed",
        "killed",
        "skipped",
        "lost",
    ])
}

fn attempt_status() -> Object {
    super::one_of(&[
        "assigned",
        "running",
        "succeeded",
        "failed",
        "killed",
        "lost",
    ])
}

fn trigger_kind() -> Object {
    super::one_of(&["cron", "dependency", "trigger", "blood", "run"])
}

fn outcome() -> Object {
    super::one_of(&["succeeded", "failed", "killed"])
}
