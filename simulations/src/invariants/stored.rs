//! What the store holds, as the history tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptId, Change, ContentHash, CoordinatorKey, CoordinatorState, Epoch, Incarnation,
    Instance, InstanceId, InstanceStatus, LedgerGap, LedgerRow, NodeId, RunId, Visit, VisitId,
    WorkflowRecord,
};
use peerflow_workflow::WorkflowName;

use super::graph::Graph;

/// Identity of a row of the ledger.
pub(super) type LedgerKey = (CoordinatorKey, WorkflowName, Timestamp);

/// What the store holds by the commits of the present lineage: a restoration begins another one.
#[derive(Debug, Default)]
pub struct Stored {
    batches: Vec<Arc<[Change]>>,
    pub(super) instances: BTreeMap<RunId, Instance>,
    pub(super) visits: BTreeMap<VisitId, Visit>,
    pub(super) attempts: BTreeMap<AttemptId, Attempt>,
    pub(super) workflows: BTreeMap<WorkflowName, WorkflowRecord>,
    pub(super) coordinators: BTreeMap<CoordinatorKey, CoordinatorState>,
    /// The first time that each coordinator called considered.
    pub(super) considered_from: BTreeMap<CoordinatorKey, Timestamp>,
    pub(super) ledger: BTreeMap<LedgerKey, LedgerRow>,
    pub(super) gaps: BTreeMap<CoordinatorKey, Vec<LedgerGap>>,
    /// Visits that are not over, of each run that has some.
    live_visits: BTreeMap<RunId, BTreeSet<VisitId>>,
    /// Runs that run or end, of each workflow.
    running: BTreeMap<WorkflowName, BTreeSet<RunId>>,
    /// What was committed in any lineage.
    ever: Ever,
}

/// An attempt was given to a life of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub node: NodeId,
    pub incarnation: Incarnation,
    pub epoch: Epoch,
}

/// What was committed at some time, in a lineage that may have been lost.
#[derive(Debug, Default)]
struct Ever {
    instances: BTreeSet<InstanceId>,
    workflows: BTreeSet<WorkflowName>,
    assignments: BTreeMap<AttemptId, Vec<Assignment>>,
    graphs: BTreeMap<ContentHash, Option<Arc<Graph>>>,
}

impl Stored {
    /// How many batches the present lineage has.
    pub fn commits(&self) -> usize {
        self.batches.len()
    }

    /// All runs.
    pub fn runs(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    pub(super) fn commit(&mut self, changes: &Arc<[Change]>) {
        for change in changes.iter() {
            self.remember(change);
            self.apply(change);
        }
        self.batches.push(Arc::clone(changes));
    }

    pub(super) fn restore(&mut self, commits: usize) {
        let mut batches = std::mem::take(&mut self.batches);
        batches.truncate(commits);
        let ever = std::mem::take(&mut self.ever);
        *self = Self {
            ever,
            ..Self::default()
        };
        for change in batches.iter().flat_map(|batch| batch.iter()) {
            self.apply(change);
        }
        self.batches = batches;
    }

    /// Notes what a restoration does not undo.
    fn remember(&mut self, change: &Change) {
        match change {
            Change::PutWorkflow(record) => {
                self.ever.workflows.insert(record.name.clone());
                let graphs = &mut self.ever.graphs;
                let read = || Graph::read(&record.xml).map(Arc::new);
                graphs.entry(record.hash).or_insert_with(read);
            }
            Change::PutInstance(instance) if instance.id.run == 1 => {
                self.ever.instances.insert(instance.id.instance.clone());
            }
            Change::PutAttempt(attempt) if !self.attempts.contains_key(&attempt.id) => {
                let given = Assignment {
                    node: attempt.node.clone(),
                    incarnation: attempt.incarnation,
                    epoch: attempt.epoch,
                };
                let all = self.ever.assignments.entry(attempt.id.clone());
                all.or_default().push(given);
            }
            _ => {}
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::PutWorkflow(record) => {
                self.workflows.insert(record.name.clone(), record.clone());
            }
            Change::DeleteWorkflow(name) => drop(self.workflows.remove(name)),
            Change::PutCoordinatorState(state) => {
                if let Some(considered) = state.considered_until {
                    let from = self.considered_from.entry(state.key.clone());
                    from.or_insert(considered);
                }
                self.coordinators.insert(state.key.clone(), state.clone());
            }
            Change::DeleteCoordinatorState(key) => {
                self.coordinators.remove(key);
                self.considered_from.remove(key);
            }
            Change::PutInstance(instance) => self.put_instance(instance),
            Change::DeleteInstance(id) => self.delete_instance(id),
            Change::PutVisit(visit) => {
                let live = self.live_visits.entry(visit.id.run.clone()).or_default();
                if visit.status.is_final() {
                    live.remove(&visit.id);
                } else {
                    live.insert(visit.id.clone());
                }
                self.visits.insert(visit.id.clone(), visit.clone());
            }
            Change::PutAttempt(attempt) => {
                self.attempts.insert(attempt.id.clone(), attempt.clone());
            }
            Change::PutLedger(row) => {
                let key = (row.coordinator.clone(), row.workflow.clone(), row.instant);
                self.ledger.insert(key, row.clone());
            }
            Change::PutLedgerGap(gap) => {
                let gaps = self.gaps.entry(gap.coordinator.clone());
                gaps.or_default().push(gap.clone());
            }
            _ => {}
        }
    }

    fn put_instance(&mut self, instance: &Instance) {
        let running = self.running.entry(instance.workflow.clone()).or_default();
        if instance.status == InstanceStatus::Running {
            running.insert(instance.id.clone());
        } else {
            running.remove(&instance.id);
        }
        self.instances.insert(instance.id.clone(), instance.clone());
    }

    fn delete_instance(&mut self, id: &InstanceId) {
        self.instances.retain(|run, _| run.instance != *id);
        self.visits.retain(|visit, _| visit.run.instance != *id);
        self.attempts
            .retain(|attempt, _| attempt.visit.run.instance != *id);
        self.live_visits.retain(|run, _| run.instance != *id);
        for running in self.running.values_mut() {
            running.retain(|run| run.instance != *id);
        }
    }
}

/// What invariants ask.
impl Stored {
    /// Whether the store holds the instance.
    pub fn has_instance(&self, id: &InstanceId) -> bool {
        self.runs_of(id).next().is_some()
    }

    /// All runs of an instance, oldest first.
    pub(super) fn runs_of<'a>(&'a self, id: &'a InstanceId) -> impl Iterator<Item = &'a Instance> {
        let first = RunId {
            instance: id.clone(),
            run: 0,
        };
        let runs = self.instances.range(first..).map(|(_, run)| run);
        runs.take_while(move |run| run.id.instance == *id)
    }

    /// Whether the run was over.
    pub(super) fn is_over(&self, run: &RunId) -> bool {
        let run = self.instances.get(run);
        run.is_some_and(|run| run.status.is_final())
    }

    /// Visits of the run that are not over.
    pub(super) fn live_visits(&self, run: &RunId) -> impl Iterator<Item = &Visit> {
        let live = self.live_visits.get(run).into_iter().flatten();
        live.filter_map(|id| self.visits.get(id))
    }

    /// How many instances of a workflow run or end.
    pub(super) fn running(&self, workflow: &WorkflowName) -> usize {
        self.running.get(workflow).map_or(0, BTreeSet::len)
    }

    /// The workflow that the registered definition of that hash describes.
    pub(super) fn graph(&self, definition: ContentHash) -> Option<&Arc<Graph>> {
        self.ever.graphs.get(&definition)?.as_ref()
    }

    /// Whether the instance was committed at some time.
    pub(super) fn was_committed(&self, id: &InstanceId) -> bool {
        self.ever.instances.contains(id)
    }

    /// Whether a workflow of that name was committed at some time.
    pub(super) fn was_registered(&self, name: &str) -> bool {
        self.ever.workflows.contains(name)
    }

    /// To whom the attempt was given, in any lineage; the same try may be made anew after a restoration.
    pub(super) fn assignments(&self, attempt: &AttemptId) -> &[Assignment] {
        let all = self.ever.assignments.get(attempt);
        all.map_or(&[], Vec::as_slice)
    }
}
