//! Log lines and events.

use peerflow_model::LogLevel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::instance::Step;
use super::time::Time;

/// One line of a task's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    pub instance: String,
    pub run: u32,
    pub step: String,
    pub visit: u32,
    pub attempt: u32,
    /// By the clock of the node where the task runs.
    pub at: Time,
    /// `INFO`: standard output, `ERROR`: standard error, `WARN`: said by peerflow about the task.
    #[schema(schema_with = level)]
    pub level: LogLevel,
    pub text: String,
}

/// A page of log lines, in the order in which they arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// Give it as `cursor` to go on.
    pub next: String,
    /// More is there already.
    pub more: bool,
}

/// Data of the event `step`: a visit changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StepChanged {
    pub instance: String,
    pub run: u32,
    pub step: Step,
}

/// Data of the event `definition`: a workflow or coordinator was registered, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DefinitionChanged {
    pub name: String,
    pub deleted: bool,
}

/// Data of the event `cluster`: mastership, membership or the store's reachability changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// Id of the master; absent while there is none.
    pub master: Option<String>,
    pub epoch: u64,
    /// Why nothing is scheduled now, for people; absent while all is well.
    pub trouble: Option<String>,
}

/// Data of the event `lagged`: the reader was too slow and missed events. Read the present state again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lagged {
    /// How many were missed.
    pub missed: u64,
}

fn level() -> Object {
    super::one_of(&["DEBUG", "INFO", "WARN", "ERROR"])
}
