//! Changes of scheduling state: what the engine asks the store to make durable, and what it starts from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use peerflow_workflow::{CoordinatorName, WorkflowName};

use crate::attempt::Attempt;
use crate::coordinator::{Blood, BloodId, CoordinatorKey, CoordinatorState};
use crate::definition::{ContentHash, CoordinatorRecord, StoredDefinition, WorkflowRecord};
use crate::id::InstanceId;
use crate::instance::Instance;
use crate::ledger::{LedgerGap, LedgerRow, PlanRow};
use crate::link::{LinkKey, LinkRecord};
use crate::mail::Mail;
use crate::reading::DataReading;
use crate::restoration::Restoration;
use crate::visit::Visit;

/// One change of scheduling state. Each carries the whole record, so that applying it twice is applying it once.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Replaces or adds a workflow; its document and the list of its files are kept by the definition's hash as long
    /// as a run refers to it, and so are the contents of those files.
    PutWorkflow(WorkflowRecord),
    DeleteWorkflow(WorkflowName),
    PutCoordinator(CoordinatorRecord),
    DeleteCoordinator(CoordinatorName),
    PutCoordinatorState(CoordinatorState),
    DeleteCoordinatorState(CoordinatorKey),
    PutInstance(Instance),
    /// All runs of it, with visits, attempts, logs and readings.
    DeleteInstance(InstanceId),
    PutVisit(Visit),
    PutAttempt(Attempt),
    PutLedger(LedgerRow),
    PutLedgerGap(LedgerGap),
    PutBlood(Blood),
    DeleteBlood(BloodId),
    PutMail(Mail),
    PutReading(DataReading),
    /// Replaces the plan of the day.
    PutPlan(Vec<PlanRow>),
    /// The answer to a request that bore an `Idempotency-Key`.
    PutAnswer {
        key: String,
        request: ContentHash,
        answer: String,
        at: Timestamp,
    },
    /// What a node's loader last offered from a path.
    PutOffer {
        node: String,
        path: String,
        /// Of the document's text alone.
        hash: ContentHash,
    },
    PutSetting {
        key: String,
        value: String,
    },
    PutLink(LinkRecord),
    DeleteLink(LinkKey),
    /// What is in doubt since the store went back is written down; absent: nothing is in doubt any more.
    PutRestoration(Option<Restoration>),
}

/// All that a new master reads before it acts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActiveState {
    pub workflows: Vec<WorkflowRecord>,
    pub coordinators: Vec<CoordinatorRecord>,
    pub coordinator_states: Vec<CoordinatorState>,
    /// Runs that are not over.
    pub runs: Vec<ActiveRun>,
    /// Older definitions that those runs go by.
    pub definitions: BTreeMap<ContentHash, StoredDefinition>,
    pub bloods: Vec<Blood>,
    /// Ledger rows whose fate is [`crate::Fate::Held`].
    pub held: Vec<LedgerRow>,
    /// All links, each with the hash of its content.
    pub links: BTreeMap<LinkKey, ContentHash>,
    /// The largest `queue_order` ever given.
    pub last_queue_order: u64,
    /// When some master was last known to hold the lease, by the store's clock; absent in a new store.
    pub last_renewed_at: Option<Timestamp>,
    /// The store went back, and not all that is in doubt since has been decided on.
    pub restoration: Option<Restoration>,
}

/// A run that is not over, or one to run again.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveRun {
    pub instance: Instance,
    /// All visits, in order of their sequence.
    pub visits: Vec<Visit>,
    /// All attempts of visits that are not over.
    pub attempts: Vec<Attempt>,
}
