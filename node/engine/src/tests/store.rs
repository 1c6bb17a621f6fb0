//! A store that keeps what the engine makes durable, and refuses what must never be made durable.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use peerflow_model::{
    ActiveRun, ActiveState, Attempt, AttemptId, Blood, BloodId, Change, ContentHash,
    CoordinatorKey, CoordinatorRecord, CoordinatorState, DataReading, Fate, Instance,
    InstanceStatus, LedgerGap, LedgerRow, LinkKey, LinkRecord, Mail, PlanRow, Restoration, RunId,
    StoredDefinition, Visit, VisitId, WorkflowRecord,
};
use peerflow_workflow::{CoordinatorName, WorkflowName};

/// Everything that was made durable.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) workflows: BTreeMap<WorkflowName, WorkflowRecord>,
    pub(super) coordinators: BTreeMap<CoordinatorName, CoordinatorRecord>,
    pub(super) states: BTreeMap<CoordinatorKey, CoordinatorState>,
    pub(super) definitions: BTreeMap<ContentHash, StoredDefinition>,
    pub(super) instances: BTreeMap<RunId, Instance>,
    pub(super) visits: BTreeMap<VisitId, Visit>,
    pub(super) attempts: BTreeMap<AttemptId, Attempt>,
    pub(super) ledger: BTreeMap<(CoordinatorKey, WorkflowName, Timestamp), LedgerRow>,
    pub(super) gaps: Vec<LedgerGap>,
    pub(super) bloods: BTreeMap<BloodId, Blood>,
    pub(super) mails: BTreeMap<String, Mail>,
    pub(super) readings: Vec<DataReading>,
    pub(super) plan: Vec<PlanRow>,
    pub(super) offers: BTreeMap<(String, String), ContentHash>,
    /// Runs that are not over, and rows that are held, so that checks need not look at all.
    pub(super) active: BTreeSet<RunId>,
    pub(super) held: BTreeSet<(CoordinatorKey, WorkflowName, Timestamp)>,
    pub(super) last_queue_order: u64,
    pub(super) last_renewed_at: Option<Timestamp>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) links: BTreeMap<LinkKey, LinkRecord>,
    pub(super) restoration: Option<Restoration>,
}

impl Store {
    /// Makes one change durable.
    ///
    /// # Panics
    /// When it breaks an invariant: an ended run changes (7), an outcome counts twice (4), the fate of a scheduled
    /// time changes (6), times are considered again (6).
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::PutWorkflow(record) => {
                let definition = StoredDefinition {
                    xml: record.xml.clone(),
                    files: record.files.clone(),
                };
                self.definitions.insert(record.hash, definition);
                self.workflows.insert(record.name.clone(), record);
            }
            Change::DeleteWorkflow(name) => {
                assert!(self.workflows.remove(&name).is_some(), "{name} was there");
            }
            Change::PutCoordinator(record) => {
                self.coordinators.insert(record.name.clone(), record);
            }
            Change::DeleteCoordinator(name) => {
                assert!(self.coordinators.remove(&name).is_some());
            }
            Change::PutCoordinatorState(state) => self.put_state(state),
            Change::DeleteCoordinatorState(key) => {
                self.states.remove(&key);
            }
            Change::PutInstance(instance) => self.put_instance(instance),
            Change::DeleteInstance(id) => {
                self.active.retain(|run| run.instance != id);
                self.instances.retain(|run, _| run.instance != id);
                self.visits.retain(|visit, _| visit.run.instance != id);
                self.attempts
                    .retain(|attempt, _| attempt.visit.run.instance != id);
            }
            Change::PutVisit(visit) => self.put_visit(visit),
            Change::PutAttempt(attempt) => self.put_attempt(attempt),
            Change::PutLedger(row) => self.put_ledger(row),
            Change::PutLedgerGap(gap) => self.gaps.push(gap),
            Change::PutBlood(blood) => {
                self.bloods.insert(blood.id.clone(), blood);
            }
            Change::DeleteBlood(id) => {
                self.bloods.remove(&id);
            }
            Change::PutMail(mail) => {
                let id = mail.id.clone();
                let before = self.mails.insert(id.clone(), mail);
                assert!(before.is_none(), "mail {id} was due twice");
            }
            Change::PutReading(reading) => self.readings.push(reading),
            Change::PutPlan(rows) => self.plan = rows,
            Change::PutOffer { node, path, hash } => {
                self.offers.insert((node, path), hash);
            }
            Change::PutSetting { key, value } => {
                self.settings.insert(key, value);
            }
            Change::PutLink(link) => {
                self.links.insert(link.key(), link);
            }
            Change::DeleteLink(key) => {
                assert!(self.links.remove(&key).is_some(), "{key} was there");
            }
            Change::PutRestoration(restoration) => self.restoration = restoration,
            Change::PutAnswer { .. } => {}
        }
    }

    fn put_state(&mut self, state: CoordinatorState) {
        if let Some(before) = self.states.get(&state.key) {
            assert!(
                before.considered_until <= state.considered_until,
                "{} considers times again",
                state.key
            );
        }
        self.states.insert(state.key.clone(), state);
    }

    fn put_instance(&mut self, instance: Instance) {
        let id = instance.id.clone();
        if let Some(before) = self.instances.get(&id) {
            assert!(!before.status.is_final(), "{id} had ended and changes");
            assert!(
                before.ending.is_none() || instance.ending.is_some() || instance.status.is_final(),
                "{id} was to end and goes on"
            );
        } else if id.run > 1 {
            let last = RunId {
                run: id.run - 1,
                ..id.clone()
            };
            assert!(self.instances[&last].status.is_final(), "{last} runs still");
        }
        if instance.status.is_final() {
            for attempt in self.attempts_of(&id) {
                assert!(
                    attempt.status.is_final(),
                    "{id} ended before {}",
                    attempt.id
                );
            }
            for visit in self.visits_of(&id) {
                assert!(visit.status.is_final(), "{id} ended before {}", visit.id);
            }
            self.active.remove(&id);
        } else {
            self.active.insert(id.clone());
        }
        self.last_queue_order = self.last_queue_order.max(instance.queue_order);
        self.instances.insert(id, instance);
    }

    /// All visits of a run.
    pub(super) fn visits_of<'a>(&'a self, run: &'a RunId) -> impl Iterator<Item = &'a Visit> {
        let first = VisitId {
            run: run.clone(),
            step: "".into(),
            visit: 0,
        };
        let visits = self.visits.range(first..).map(|(_, visit)| visit);
        visits.take_while(move |visit| visit.id.run == *run)
    }

    fn attempts_of<'a>(&'a self, run: &'a RunId) -> impl Iterator<Item = &'a Attempt> {
        let first = AttemptId {
            visit: VisitId {
                run: run.clone(),
                step: "".into(),
                visit: 0,
            },
            attempt: 0,
        };
        let attempts = self.attempts.range(first..).map(|(_, attempt)| attempt);
        attempts.take_while(move |attempt| attempt.id.visit.run == *run)
    }

    fn is_over(&self, run: &RunId) -> bool {
        self.instances
            .get(run)
            .is_some_and(|instance| instance.status.is_final())
    }

    fn put_visit(&mut self, visit: Visit) {
        assert!(!self.is_over(&visit.id.run), "{} changed late", visit.id);
        if let Some(before) = self.visits.get(&visit.id) {
            assert!(!before.status.is_final(), "{} had ended", visit.id);
        }
        self.visits.insert(visit.id.clone(), visit);
    }

    fn put_attempt(&mut self, attempt: Attempt) {
        let id = attempt.id.clone();
        assert!(!self.is_over(&id.visit.run), "{id} changed late");
        if let Some(before) = self.attempts.get(&id) {
            assert!(!before.status.is_final(), "{id} ended twice");
        }
        self.attempts.insert(id, attempt);
    }

    fn put_ledger(&mut self, row: LedgerRow) {
        let key = (row.coordinator.clone(), row.workflow.clone(), row.instant);
        if let Some(before) = self.ledger.get(&key) {
            assert_eq!(before.fate, Fate::Held, "the fate of {key:?} was decided");
        }
        if row.fate == Fate::Held {
            self.held.insert(key.clone());
        } else {
            self.held.remove(&key);
        }
        self.ledger.insert(key, row);
    }

    /// What a new master reads.
    pub(super) fn active(&self) -> ActiveState {
        let runs: Vec<ActiveRun> = self.active.iter().map(|id| self.run(id)).collect();
        let used: BTreeSet<ContentHash> = runs.iter().map(|run| run.instance.definition).collect();
        ActiveState {
            workflows: self.workflows.values().cloned().collect(),
            coordinators: self.coordinators.values().cloned().collect(),
            coordinator_states: self.states.values().cloned().collect(),
            runs,
            definitions: self
                .definitions
                .iter()
                .filter(|(hash, _)| used.contains(hash))
                .map(|(hash, definition)| (*hash, definition.clone()))
                .collect(),
            bloods: self.bloods.values().cloned().collect(),
            held: self
                .held
                .iter()
                .map(|key| self.ledger[key].clone())
                .collect(),
            links: self
                .links
                .iter()
                .map(|(key, link)| (key.clone(), link.hash()))
                .collect(),
            last_queue_order: self.last_queue_order,
            last_renewed_at: self.last_renewed_at,
            restoration: self.restoration.clone(),
        }
    }

    /// A run as the shell reads it.
    pub(super) fn run(&self, id: &RunId) -> ActiveRun {
        let mut visits: Vec<Visit> = self.visits_of(id).cloned().collect();
        visits.sort_by_key(|visit| visit.sequence);
        let live = |attempt: &&Attempt| !self.visits[&attempt.id.visit].status.is_final();
        ActiveRun {
            instance: self.instances[id].clone(),
            visits,
            attempts: self.attempts_of(id).filter(live).cloned().collect(),
        }
    }

    /// How many instances of a workflow run or end, and how many wait.
    pub(super) fn count(&self, workflow: &str) -> (usize, usize) {
        let mut counts = (0, 0);
        for id in &self.active {
            let instance = &self.instances[id];
            if instance.workflow.as_str() != workflow {
                continue;
            }
            match instance.status {
                InstanceStatus::Waiting => counts.1 += 1,
                _ => counts.0 += 1,
            }
        }
        counts
    }
}
