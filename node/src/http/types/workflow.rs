//! Workflows and coordinators.

use std::collections::BTreeSet;

use peerflow_model::{CoordinatorKind, Outcome as RunOutcome};
use peerflow_workflow::Misfire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::instance::InstanceSummary;
use super::problem::DocumentFault;
use super::time::Time;

/// A registered workflow, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowSummary {
    pub name: String,
    /// Folder in the workflow tree.
    pub dir: String,
    pub creator: String,
    pub description: String,
    /// SHA-256 of its document.
    pub hash: String,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A page of workflows, by folder, then name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowPage {
    pub items: Vec<WorkflowSummary>,
    /// Give it as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
}

/// All about a registered workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowInfo {
    #[serde(flatten)]
    pub summary: WorkflowSummary,
    /// Outcomes that send mail.
    #[schema(schema_with = outcomes)]
    pub mail_level: BTreeSet<RunOutcome>,
    pub mail_receivers: Vec<String>,
    pub instance_limit: u32,
    pub priority: i32,
    /// IANA zone; absent: the cluster's.
    pub timezone: Option<String>,
    /// Parameters that neither the document nor its coordinator gives.
    pub parameters_needed: BTreeSet<String>,
    /// Absent: it runs only when asked.
    pub coordinator: Option<CoordinatorInfo>,
    /// In document order.
    pub steps: Vec<StepInfo>,
    /// Workflows and standalone coordinators whose coordinator depends on this one.
    pub downstream: Vec<String>,
    pub files: Vec<AttachedFile>,
    /// Warnings about its document.
    pub warnings: Vec<DocumentFault>,
    /// Its latest instances, newest first, at most 10.
    pub instances: Vec<InstanceSummary>,
}

/// A step as the document says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepInfo {
    pub name: String,
    /// The element's name: `script`, `fork`, …
    #[serde(rename = "type")]
    pub kind: String,
    pub description: String,
    /// Where the document says so.
    pub line: u32,
}

/// A file snapshotted with a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachedFile {
    /// As the workflow writes it.
    pub path: String,
    /// SHA-256 of its content; absent while the content was not given.
    pub hash: Option<String>,
    /// Bytes.
    pub size: u64,
}

/// When workflows run by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoordinatorInfo {
    #[schema(schema_with = coordinator_kind)]
    pub kind: CoordinatorKind,
    pub name: String,
    /// In force: the switch, where a person set it, else what the document says.
    pub enabled: bool,
    /// Not before this local time, `2026-01-01T00:00:00`.
    pub start_time: Option<String>,
    /// Not after this local time.
    pub end_time: Option<String>,
    /// The IANA zone of its times.
    pub timezone: String,
    /// Absent: it fires by dependencies alone.
    pub schedule: Option<ScheduleInfo>,
    pub dependencies: Vec<Dependency>,
    /// In order, macros not yet expanded.
    pub parameters: Vec<Parameter>,
    #[schema(schema_with = misfire)]
    pub misfire: Misfire,
    /// Workflows it starts.
    pub triggers: Vec<String>,
    /// When it last fired or was reset.
    pub fired_at: Option<Time>,
    /// A scheduled time that passed and waits for dependencies.
    pub held_time: Option<Time>,
    /// What it waits for, for people.
    pub waits_for: String,
}

/// A schedule and what comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScheduleInfo {
    /// As written: a crontab expression or English.
    pub text: String,
    /// What it means, in English.
    pub description: String,
    /// The next scheduled times within start and end time, at most 5. Empty while disabled or when none comes.
    pub next_fire_times: Vec<Time>,
}

/// A workflow that a coordinator waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Dependency {
    pub workflow: String,
    /// It has succeeded since the coordinator last fired or was reset.
    pub ready: bool,
    /// Whether a workflow of that name is registered.
    pub registered: bool,
    /// The instance that made it ready.
    pub instance: Option<String>,
    /// That instance's logical time.
    pub logical_time: Option<Time>,
    /// When it became ready.
    pub since: Option<Time>,
}

/// A parameter and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parameter {
    pub name: String,
    pub value: String,
}

/// A registered standalone coordinator, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoordinatorSummary {
    pub name: String,
    pub dir: String,
    pub creator: String,
    pub description: String,
    /// SHA-256 of its document.
    pub hash: String,
    pub created_at: Time,
    pub updated_at: Time,
}

/// All standalone coordinators whose name, folder, creator or description holds the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoordinatorPage {
    pub items: Vec<CoordinatorSummary>,
    /// Give it as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
}

/// All about a standalone coordinator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Coordinator {
    #[serde(flatten)]
    pub summary: CoordinatorSummary,
    pub coordinator: CoordinatorInfo,
    /// Warnings about its document.
    pub warnings: Vec<DocumentFault>,
}

/// What checking a document found. The document is accepted when `errors` is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    pub valid: bool,
    pub errors: Vec<DocumentFault>,
    pub warnings: Vec<DocumentFault>,
    /// Remarks that have no place in the document, such as an unknown dependency.
    pub notes: Vec<String>,
    /// What the root is; absent when the document is not valid.
    #[schema(schema_with = coordinator_kind)]
    pub kind: Option<CoordinatorKind>,
    /// The name it would be registered under.
    pub name: Option<String>,
    /// Parameters that whoever runs it must give.
    pub parameters_needed: BTreeSet<String>,
    pub schedule: Option<ScheduleInfo>,
    /// Paths of files that it attaches or executes and that are snapshotted with it.
    pub files: Vec<String>,
}

/// A document was registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    pub name: String,
    #[schema(schema_with = coordinator_kind)]
    pub kind: CoordinatorKind,
    pub outcome: Outcome,
    pub warnings: Vec<DocumentFault>,
    /// Warnings that have no place in the document, such as an unknown dependency.
    pub notes: Vec<String>,
    /// Paths of files whose content was not given yet: `PUT …/attachments/{path}`.
    #[serde(default)]
    pub files_missing: Vec<String>,
}

/// What registering did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Added,
    Updated,
    /// The same content was registered already.
    Unchanged,
    /// What was registered stays.
    Kept,
}

/// A workflow's steps and the ways between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Graph {
    /// The step where it begins.
    pub start: String,
    /// In document order.
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GraphNode {
    pub name: String,
    /// The element's name: `script`, `fork`, …
    #[serde(rename = "type")]
    pub kind: String,
    pub description: String,
}

/// A way from one step to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GraphEdge {
    pub from: String,
    pub to: String,
    pub kind: EdgeKind,
}

/// When a way is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// Always: of start and join.
    To,
    /// Always, together with the fork's other paths.
    Path,
    /// After success.
    Ok,
    /// When the tries are used up.
    Error,
}

fn coordinator_kind() -> Object {
    super::one_of(&["workflow", "standalone"])
}

fn misfire() -> Object {
    super::one_of(&["once", "skip", "all"])
}

fn outcomes() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new()
        .items(super::one_of(&["succeeded", "failed", "killed"]))
        .build()
}
