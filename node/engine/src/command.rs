//! What the engine wants done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{AttemptId, Change, ContentHash, Epoch, FileRecord, Incarnation, NodeId};
use peerflow_workflow::{LogicalTime, StepIndex, Workflow};

use crate::request::{Answer, Refusal, RequestId};

/// What the engine wants done. Anything but `Persist` is done only when every `Persist` that came before it is
/// durable (invariant 3).
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most commands are changes, and a box for each would cost more than the room it saves"
)]
pub enum Command {
    /// Make it durable.
    Persist(Change),
    /// Give an attempt to a worker.
    Dispatch(Box<Dispatch>),
    /// Ask a worker to kill an attempt; repeated when the worker comes back, until its end is reported.
    Kill {
        attempt: AttemptId,
        node: NodeId,
        reason: String,
    },
    /// Tell a worker that the end it reported is durable and need not be repeated.
    Acknowledge { attempt: AttemptId, node: NodeId },
    /// Answer a request.
    Reply {
        id: RequestId,
        result: Result<Answer, Refusal>,
    },
    /// Tell the operator; the shell logs it at warning level.
    Warn(String),
}

/// An attempt for a worker, with all it needs to know.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub attempt: AttemptId,
    pub node: NodeId,
    pub incarnation: Incarnation,
    pub epoch: Epoch,
    /// The definition that the instance goes by, document and files, as the store knows it.
    pub definition: ContentHash,
    /// The instance's workflow, parameters substituted.
    pub workflow: Arc<Workflow>,
    /// The action in it.
    pub step: StepIndex,
    pub params: Arc<BTreeMap<String, String>>,
    pub logical_time: LogicalTime,
    /// When the step was reached, for the log.
    pub created_at: Timestamp,
    /// What is left of the step's `timeout`.
    pub timeout: Option<Duration>,
    /// The definition's files.
    pub files: Arc<[FileRecord]>,
}
