//! What any peer asks of the master for its callers, and the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peerflow_model::{
    ContentHash, CoordinatorKey, FileRecord, InstanceId, LinkKey, LinkRecord, NodeId, VisitId,
};
use peerflow_workflow::{CoordinatorName, StepName, WorkflowName};
use serde::{Deserialize, Serialize};

use super::DiagnosticMessage;
use crate::message::{LARGE, Message, Version};

/// Something asked of the master.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AskedMessage {
    /// Registers or updates a workflow, or a standalone coordinator, as the document's root says. The contents of its
    /// files are in the store already.
    PutDocument {
        xml: String,
        files: Vec<FileRecord>,
        origin: OriginMessage,
        expected: ExpectedMessage,
        /// Hash of what the caller sent, where more was added to it: tells requests with the same key apart.
        sent: Option<ContentHash>,
    },
    DeleteWorkflow {
        name: WorkflowName,
    },
    DeleteCoordinator {
        name: CoordinatorName,
    },
    /// Fires as the workflow's coordinator would, now.
    Trigger {
        workflow: WorkflowName,
        blood: bool,
        skip: BTreeSet<StepName>,
    },
    /// Fires a standalone coordinator, now.
    TriggerCoordinator {
        name: CoordinatorName,
    },
    /// Runs once; dependents unaffected.
    Run {
        workflow: WorkflowName,
        params: BTreeMap<String, String>,
    },
    /// Clears readiness and computes the next time.
    Reset {
        key: CoordinatorKey,
    },
    /// Clears readiness everywhere.
    ResetAll,
    SetEnabled {
        key: CoordinatorKey,
        enabled: bool,
    },
    /// Kills a waiting or running instance.
    Kill {
        instance: InstanceId,
    },
    /// Forgets an instance that is over.
    DeleteInstance {
        instance: InstanceId,
    },
    /// Makes run n+1 of an instance that is over.
    Rerun {
        instance: InstanceId,
        mode: RerunModeMessage,
        /// By the definition that it was made from, not by what is registered now.
        as_was: bool,
    },
    /// An operator's word on a held visit: run it again, or let it fail.
    Release {
        visit: VisitId,
        run_again: bool,
    },
    /// The same for everything that waits for an operator.
    ReleaseAll {
        run_again: bool,
    },
    /// Queues an instance again that waits in doubt since the store went back.
    ReleaseInstance {
        instance: InstanceId,
    },
    /// Changes a setting of the cluster.
    Set {
        key: String,
        value: String,
    },
    /// Asked of the node itself: it takes no new attempts, and leaves once it has none.
    Drain {
        node: NodeId,
        /// It stays after all, and takes attempts again.
        off: bool,
        /// What runs there is killed now, to run again elsewhere.
        moves: bool,
    },
    /// Asked of each node: it stops, as all others do.
    Shutdown,
    /// Adds a link, or changes it. Its secrets are sealed. Since version 2.
    PutLink {
        link: Box<LinkRecord>,
        origin: OriginMessage,
        expected: ExpectedMessage,
        sent: ContentHash,
    },
    /// Deletes a link; by force also one that workflows name. Since version 2.
    DeleteLink {
        key: LinkKey,
        force: bool,
    },
}

impl AskedMessage {
    /// The version of the protocol that brought it.
    pub(crate) fn since(&self) -> Version {
        match self {
            Self::PutLink { .. } | Self::DeleteLink { .. } => Version::LINKS,
            _ => Version::OLDEST,
        }
    }
}

/// What must be registered under a document's name for it to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExpectedMessage {
    Anything,
    Nothing,
    Definition(ContentHash),
}

/// Who offers a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OriginMessage {
    /// A person or program, by API or CLI.
    Person,
    /// A node's loader; `first` is its first offer of that path.
    Loader {
        node: String,
        path: String,
        first: bool,
    },
}

/// Where a rerun begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RerunModeMessage {
    FromStart,
    Recover,
}

/// What became of what was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AskAnswer {
    /// It is done, and durable.
    Answered(AnswerMessage),
    /// The engine says no.
    Refused(RefusalMessage),
    /// The peer asked is no master, or cannot act as one now.
    Unavailable {
        reason: String,
        retry_after: Duration,
    },
    /// Too much is asked at once.
    Busy,
    /// The same `Idempotency-Key` came with another request.
    KeyReused,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnswerMessage {
    /// A document is registered, or a link.
    Registered {
        name: String,
        /// The document's root is `coordinator`.
        standalone: bool,
        outcome: RegisteredMessage,
        warnings: Vec<DiagnosticMessage>,
        /// Warnings that have no place in the document.
        notes: Vec<String>,
    },
    /// Instances were made, in order.
    Instances(Vec<InstanceId>),
    /// It is done; the text says what.
    Done(String),
}

/// What registering did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegisteredMessage {
    Added,
    Updated,
    Unchanged,
    Kept,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusalMessage {
    pub kind: RefusalKindMessage,
    /// What is wrong and what to do.
    pub message: String,
}

/// Kinds of refusal, for the API's problem types.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RefusalKindMessage {
    NotFound,
    Conflict,
    InvalidDocument(Vec<DiagnosticMessage>),
    MissingParameters(Vec<String>),
    Invalid,
    Limit,
}

impl Message for AskAnswer {
    const NAME: &'static str = "an answer";
    const LIMIT: usize = LARGE;
}
