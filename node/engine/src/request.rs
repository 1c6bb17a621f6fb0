//! What people, the loader and other programs ask of the engine, and its answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peerflow_model::{
    ActiveRun, ContentHash, CoordinatorKey, FileRecord, InstanceId, LinkKey, LinkRecord,
    StoredDefinition, VisitId,
};
use peerflow_workflow::{CoordinatorName, Diagnostics, StepName, WorkflowName};

/// Ties a [`crate::Command::Reply`] to its request; given by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Something asked for.
#[derive(Clone, Debug)]
pub enum Request {
    /// Registers or updates a workflow, or a standalone coordinator, as the document's root says.
    PutDocument {
        xml: Arc<str>,
        files: Vec<FileRecord>,
        origin: Origin,
        /// What must be registered under its name if this is to change it; otherwise it is refused as a conflict.
        expected: Expected,
        /// Hash of what whoever asks sent, where `xml` or `files` hold more than that: it alone tells this request from
        /// another one with the same `Idempotency-Key`.
        sent: Option<ContentHash>,
    },
    /// Refused while others depend on it or instances of it are not over.
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
    /// Runs once; dependents unaffected. `params` come after the coordinator's.
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
    /// Makes run n+1 of an instance that is over. The shell reads the latest run from the store and brings it.
    Rerun {
        latest: Box<ActiveRun>,
        mode: RerunMode,
        of: RerunOf,
    },
    /// An operator's word on a held visit: run it again, or let it fail.
    Release {
        visit: VisitId,
        run_again: bool,
    },
    /// The same for everything that waits for an operator: held visits, and instances that wait in doubt since the store
    /// went back, which are queued again or killed. Attempts whose nodes have not answered yet stay undecided.
    ReleaseAll {
        run_again: bool,
    },
    /// Queues an instance again that waits in doubt since the store went back.
    ReleaseInstance {
        instance: InstanceId,
    },
    /// Changes a cluster-wide setting; in force at once.
    SetSetting {
        key: String,
        value: String,
    },
    /// Adds a link, or changes it. Whoever asks has checked it and sealed its secrets.
    PutLink {
        link: Box<LinkRecord>,
        origin: Origin,
        /// The hash of what is kept under its name if this is to change it; otherwise it is refused as a conflict.
        expected: Expected,
        /// Hash, with a key that only nodes have, of what was sent: secrets that are sealed twice differ, and nobody may
        /// guess them by it. It tells this request from another one with the same `Idempotency-Key`, and is what a loader
        /// offered.
        sent: ContentHash,
    },
    /// Refused while registered workflows name it, unless by force.
    DeleteLink {
        key: LinkKey,
        force: bool,
    },
}

/// What is registered under a document's name when it is offered. Whoever offers what follows from what it read says
/// so, and reads again when it is refused: so nothing that others registered in between is lost, whichever peers they
/// asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is.
    Anything,
    /// Nothing of that name.
    Nothing,
    /// The definition of this hash.
    Definition(ContentHash),
}

impl Expected {
    /// The definition of this hash, or nothing.
    pub fn just(hash: Option<ContentHash>) -> Self {
        hash.map_or(Self::Nothing, Self::Definition)
    }
}

/// Who offers a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person or program, by API or CLI: what is offered wins.
    Person,
    /// A node's loader. Its `first` offer of a path only adds.
    Loader {
        node: String,
        path: String,
        first: bool,
    },
}

/// Where a rerun begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RerunMode {
    /// At the start.
    FromStart,
    /// At the visits that failed without a taken `error`, were killed, lost or never began.
    Recover,
}

/// Which definition a rerun goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RerunOf {
    /// What is registered now.
    Current,
    /// What the run was made from, document and files; the shell brings it.
    Recorded(StoredDefinition),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A document is registered, or a link.
    Registered {
        name: String,
        /// The document's root is `coordinator`.
        standalone: bool,
        outcome: RegisterOutcome,
        warnings: Diagnostics,
        /// Warnings that have no place in the document, such as an unknown dependency.
        notes: Vec<String>,
    },
    /// Instances were made, in order; of a standalone coordinator one for each workflow it lists.
    Instances(Vec<InstanceId>),
    /// It is done; the text says what.
    Done(String),
}

/// What registering did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterOutcome {
    Added,
    Updated,
    /// The same content was registered already.
    Unchanged,
    /// A loader's first offer differs from what is registered, which stays.
    Kept,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub kind: RefusalKind,
    /// What is wrong and what to do.
    pub message: String,
}

/// Kinds of refusal, for the API's problem types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// No workflow, coordinator or instance of that name or id.
    NotFound,
    /// Its state does not allow that now.
    Conflict,
    /// The document has errors.
    InvalidDocument(Diagnostics),
    /// Parameters that nobody gave.
    MissingParameters(Vec<String>),
    /// Anything else wrong with the request itself.
    Invalid,
    /// A limit was reached.
    Limit,
}
