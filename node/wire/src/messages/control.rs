//! What a master and its worker say to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{AttemptId, ContentHash, DataReading, Epoch, FileRecord, Incarnation, NodeId};
use peerflow_workflow::{StepName, WorkflowName};
use serde::{Deserialize, Serialize};

use crate::message::{LARGE, Message};

/// What a master wants of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// Run an attempt.
    Dispatch(Box<DispatchMessage>),
    /// Kill an attempt; of no effect when it is over.
    Kill { attempt: AttemptId, reason: String },
    /// The reported end of an attempt is durable.
    Acknowledge { attempt: AttemptId },
    /// Answers [`Told::GrantRequest`] of that number: run what you have for `lease`, counted from sending the request.
    Grant { number: u64, lease: Duration },
}

/// An attempt for a worker, with all it needs to know besides the definition, which it reads from the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DispatchMessage {
    pub attempt: AttemptId,
    /// The grant that it belongs to.
    pub grant: u64,
    pub epoch: Epoch,
    /// The worker's life that it is meant for.
    pub incarnation: Incarnation,
    /// The document that the instance runs by.
    pub definition: ContentHash,
    pub workflow: WorkflowName,
    /// The action in it.
    pub step: StepName,
    pub params: BTreeMap<String, String>,
    /// The instant that time macros are computed from.
    pub logical_time: Timestamp,
    /// IANA name of the zone that they are computed in.
    pub zone: String,
    /// When the step was reached, for the log.
    pub created_at: Timestamp,
    /// What is left of the step's `timeout`.
    pub timeout: Option<Duration>,
    /// Files snapshotted with the workflow.
    pub files: Vec<FileRecord>,
}

/// What a worker tells its master.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Told {
    /// The worker follows a master of a higher epoch: the stream ends.
    Refused {
        /// The highest epoch it has seen.
        epoch: Epoch,
        reason: String,
    },
    /// The worker cannot take orders now; worth another try later. The stream ends.
    Busy { reason: String },
    /// The worker asks for a grant. Its numbers grow within its life.
    GrantRequest { number: u64 },
    /// What the worker says of itself: first of all, and whenever it changes.
    Peer(PeerMessage),
    /// All attempts that this life of the node runs, or whose outcome it still holds; after the outcomes that waited.
    Inventory {
        node: NodeId,
        incarnation: Incarnation,
        attempts: BTreeSet<AttemptId>,
    },
    /// Of an attempt; an end is repeated until [`Order::Acknowledge`] comes.
    Report {
        attempt: AttemptId,
        node: NodeId,
        incarnation: Incarnation,
        report: ReportMessage,
    },
}

/// A node that can run attempts, as it tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerMessage {
    pub id: NodeId,
    pub incarnation: Incarnation,
    /// Addresses and host names that an action's `host` may name, besides the id.
    pub hosts: BTreeSet<String>,
    pub labels: BTreeSet<String>,
    /// How many attempts it takes at once.
    pub slots: u32,
    /// Takes no new attempts.
    pub draining: bool,
}

/// What a worker tells of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReportMessage {
    /// It began.
    Started { at: Timestamp },
    /// It is over.
    Ended(Box<EndedMessage>),
    /// The worker did not take it: no slot, draining, an old grant or a lower epoch.
    Refused { reason: String },
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndedMessage {
    pub result: AttemptResultMessage,
    /// Exit code of its process, where it had one and it exited.
    pub exit_code: Option<i32>,
    /// Why it ended so; empty on plain success.
    pub message: String,
    pub started_at: Option<Timestamp>,
    pub ended_at: Timestamp,
    /// What a data monitor read, to be kept.
    pub readings: Vec<DataReading>,
    /// A data monitor's warning that is mailed without failing the step.
    pub warning: Option<String>,
}

/// How an attempt ended, as its worker saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptResultMessage {
    Succeeded,
    Failed,
    /// Because the master asked for it.
    Killed,
    /// By the worker, because the time it was given was over.
    TimedOut,
    /// By the worker, because its grant was over.
    Revoked,
    /// By the worker, because its node leaves in order: runs again elsewhere, and is not lost.
    Moved,
}

impl Message for Order {
    const NAME: &'static str = "an order";
    const LIMIT: usize = LARGE;
}

impl Message for Told {
    const NAME: &'static str = "a worker's report";
    const LIMIT: usize = LARGE;
}
