//! What a store holds, as maps.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptId, Blood, BloodId, ContentHash, CoordinatorKey, CoordinatorRecord,
    CoordinatorState, DataReading, Epoch, Instance, InstanceId, LedgerGap, LedgerRow, LinkKey,
    LinkRecord, Mail, NodeId, PlanRow, Restoration, RunId, StoredDefinition, Visit, VisitId,
    WorkflowRecord,
};
use peerflow_workflow::{CoordinatorName, WorkflowName};

use crate::logs::LogChunk;
use crate::query::StoredAnswer;

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) lease: LeaseState,
    pub(super) workflows: BTreeMap<WorkflowName, WorkflowRecord>,
    pub(super) coordinators: BTreeMap<CoordinatorName, CoordinatorRecord>,
    pub(super) coordinator_states: BTreeMap<CoordinatorKey, CoordinatorState>,
    /// By hash and the name they are registered under.
    pub(super) definitions: BTreeMap<(ContentHash, String), StoredDefinition>,
    pub(super) directories: BTreeSet<String>,
    pub(super) instances: BTreeMap<RunId, Instance>,
    pub(super) visits: BTreeMap<VisitId, Visit>,
    pub(super) attempts: BTreeMap<AttemptId, Attempt>,
    pub(super) ledger: BTreeMap<LedgerKey, LedgerRow>,
    pub(super) gaps: BTreeMap<(CoordinatorKey, Timestamp), LedgerGap>,
    pub(super) bloods: BTreeMap<BloodId, Blood>,
    pub(super) mail: BTreeMap<String, Mail>,
    pub(super) readings: BTreeMap<AttemptId, DataReading>,
    pub(super) plan: Vec<PlanRow>,
    pub(super) answers: BTreeMap<String, (StoredAnswer, Timestamp)>,
    pub(super) offers: BTreeMap<(String, String), ContentHash>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) links: BTreeMap<LinkKey, LinkRecord>,
    /// The largest ever given.
    pub(super) queue_order: u64,
    pub(super) files: BTreeMap<ContentHash, StoredFile>,
    pub(super) logs: BTreeMap<RunId, RunLog>,
}

/// Newest instant last.
pub(super) type LedgerKey = (Timestamp, CoordinatorKey, WorkflowName);

/// The lease row.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaseState {
    pub(super) holder: Option<NodeId>,
    pub(super) epoch: Epoch,
    pub(super) renewals: u64,
    pub(super) commit_seq: u64,
    pub(super) expires_at: Timestamp,
    /// When its holder last showed that it lives.
    pub(super) held_at: Option<Timestamp>,
    /// The same of the epoch before.
    pub(super) held_before: Option<Timestamp>,
    pub(super) restoration: Option<Restoration>,
}

#[derive(Clone, Debug)]
pub(super) struct StoredFile {
    pub(super) content: Vec<u8>,
    /// When it was put or last found wanted.
    pub(super) touched_at: Timestamp,
}

/// The log of a run, in order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct RunLog {
    pub(super) chunks: Vec<LogChunk>,
    pub(super) seen: BTreeSet<(AttemptId, u32)>,
}

impl State {
    /// All runs of an instance, oldest first.
    pub(super) fn runs_of<'a>(
        &'a self,
        instance: &'a InstanceId,
    ) -> impl Iterator<Item = &'a Instance> {
        let first = RunId {
            instance: instance.clone(),
            run: 0,
        };
        self.instances
            .range(first..)
            .take_while(move |(id, _)| id.instance == *instance)
            .map(|(_, record)| record)
    }

    /// Whether no later run of the same instance is there.
    pub(super) fn is_latest(&self, id: &RunId) -> bool {
        let next = RunId {
            instance: id.instance.clone(),
            run: id.run + 1,
        };
        self.instances
            .range(next..)
            .next()
            .is_none_or(|(other, _)| other.instance != id.instance)
    }

    pub(super) fn definition(&self, hash: ContentHash) -> Option<&StoredDefinition> {
        let mut found = self.definitions.range((hash, String::new())..);
        found
            .next()
            .filter(|((other, _), _)| *other == hash)
            .map(|(_, definition)| definition)
    }

    pub(super) fn visits_of<'a>(&'a self, run: &'a RunId) -> impl Iterator<Item = &'a Visit> {
        let first = VisitId {
            run: run.clone(),
            step: "".into(),
            visit: 0,
        };
        self.visits
            .range(first..)
            .take_while(move |(id, _)| id.run == *run)
            .map(|(_, visit)| visit)
    }

    pub(super) fn attempts_of<'a>(&'a self, run: &'a RunId) -> impl Iterator<Item = &'a Attempt> {
        let visit = VisitId {
            run: run.clone(),
            step: "".into(),
            visit: 0,
        };
        self.attempts
            .range(AttemptId { visit, attempt: 0 }..)
            .take_while(move |(id, _)| id.visit.run == *run)
            .map(|(_, attempt)| attempt)
    }
}
