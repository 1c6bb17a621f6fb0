//! The JSON shapes of the HTTP API. Field names are part of the interface; further fields may come.

mod cluster;
mod instance;
mod link;
mod log;
mod problem;
mod records;
mod time;
mod workflow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use cluster::{Cluster, Drain, Node, NodeState, SettingValue, Settings};
pub use instance::{
    Attempt, Instance, InstanceCreated, InstancePage, InstanceSummary, InstancesCreated,
    PreviousVisit, Progress, Release, ReleaseAll, Rerun, Run, Step, Trigger,
};
pub use link::{Link, LinkGiven, LinkOutcome, LinkPage, LinkSaved, LinkTrial};
pub use log::{Changed, DefinitionChanged, Lagged, LogLine, LogPage, StepChanged};
pub use problem::{DocumentFault, Problem};
pub use records::{
    CoordinatorRef, Directories, Directory, FateKind, Front, FrontDay, LedgerEntry, LedgerGap,
    LedgerPage, Mail, MailList, MailReason, Plan, PlanEntry, Reading, ReadingPage,
};
pub use time::Time;
pub use workflow::{
    AttachedFile, Check, Coordinator, CoordinatorInfo, CoordinatorPage, CoordinatorSummary,
    Dependency, EdgeKind, Graph, GraphEdge, GraphNode, Outcome, Parameter, Registered,
    ScheduleInfo, StepInfo, WorkflowInfo, WorkflowPage, WorkflowSummary,
};

/// Something was done that has no other answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// What was done, for people.
    pub message: String,
}

/// A schema for a text that is one of `values`.
pub(super) fn one_of(values: &[&str]) -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(values.iter().copied()))
        .build()
}
