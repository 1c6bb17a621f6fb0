//! A batch of changes as statements: of each record only the last state is written, table by table.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use peerflow_model::{
    Attempt, AttemptId, Blood, Change, ContentHash, CoordinatorKey, CoordinatorRecord,
    CoordinatorState, DataReading, FileRecord, Instance, InstanceId, LedgerGap, LedgerRow,
    LinkKind, LinkRecord, Mail, PlanRow, Restoration, RunId, Visit, VisitId, WorkflowRecord,
};
use peerflow_workflow::WorkflowName;

use super::definitions as d;
use super::links;
use super::records::{self, json};
use super::rows::{Rows, Table, by_keys};
use super::server::Dialect;
use super::value::{Statement, Value};
use crate::query::folders;

/// Records of one kind, each key once, in the order in which they came.
struct Latest<K, V> {
    places: HashMap<K, usize>,
    records: Vec<Option<V>>,
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            records: Vec::new(),
        }
    }
}

impl<K: Eq + Hash, V> Latest<K, V> {
    fn put(&mut self, key: K, record: V) {
        let place = *self.places.entry(key).or_insert(self.records.len());
        if place == self.records.len() {
            self.records.push(Some(record));
        } else {
            self.records[place] = Some(record);
        }
    }

    fn forget(&mut self, gone: impl Fn(&K) -> bool) {
        let records = &mut self.records;
        self.places.retain(|key, place| {
            let goes = gone(key);
            if goes {
                records[*place] = None;
            }
            !goes
        });
    }

    fn rows<R: IntoIterator<Item = Value>>(
        &self,
        table: &'static Table,
        row: impl Fn(&V) -> R,
    ) -> Rows {
        let mut rows = Rows::new(table);
        self.records
            .iter()
            .flatten()
            .for_each(|record| rows.push(row(record)));
        rows
    }
}

type LedgerPlace<'a> = (&'a CoordinatorKey, &'a WorkflowName, i64);

/// A batch, sorted out.
#[derive(Default)]
pub(crate) struct Batch<'a> {
    /// Deletions go first: what was put before one is forgotten here, what was put after it stays.
    deletions: Vec<Statement>,
    pub(crate) deleted_instances: BTreeSet<&'a InstanceId>,
    /// By hash and owner: each definition keeps the documents that runs of it may go by.
    documents: Latest<(ContentHash, &'a str), &'a str>,
    directories: BTreeSet<&'a str>,
    /// Of each document of a workflow its files.
    document_files: Latest<(ContentHash, &'a str), &'a [FileRecord]>,
    workflows: Latest<&'a str, &'a WorkflowRecord>,
    coordinators: Latest<&'a str, &'a CoordinatorRecord>,
    coordinator_states: Latest<&'a CoordinatorKey, &'a CoordinatorState>,
    instances: Latest<&'a RunId, &'a Instance>,
    visits: Latest<&'a VisitId, &'a Visit>,
    attempts: Latest<&'a AttemptId, &'a Attempt>,
    ledger: Latest<LedgerPlace<'a>, &'a LedgerRow>,
    gaps: Latest<(&'a CoordinatorKey, i64), &'a LedgerGap>,
    bloods: Latest<&'a InstanceId, &'a Blood>,
    mail: Latest<&'a str, &'a Mail>,
    readings: Latest<&'a AttemptId, &'a DataReading>,
    plan: Option<&'a [PlanRow]>,
    answers: Latest<&'a str, [Value; 4]>,
    offers: Latest<(&'a str, &'a str), ContentHash>,
    settings: Latest<&'a str, &'a str>,
    links: Latest<(LinkKind, &'a str), &'a LinkRecord>,
    restoration: Option<Option<&'a Restoration>>,
    /// The largest among the instances put.
    pub(crate) queue_order: u64,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(changes: &'a [Change]) -> Self {
        let mut batch = Self::default();
        changes.iter().for_each(|change| batch.add(change));
        batch
    }

    fn add(&mut self, change: &'a Change) {
        match change {
            Change::PutWorkflow(record) => self.put_workflow(record),
            Change::DeleteWorkflow(name) => {
                self.workflows.forget(|key| *key == name.as_str());
                self.delete(
                    "DELETE FROM workflows WHERE name = ?",
                    vec![name.as_str().into()],
                );
            }
            Change::PutCoordinator(record) => {
                self.directories.extend(folders(&record.dir));
                self.documents
                    .put((record.hash, record.name.as_str()), &record.xml);
                self.coordinators.put(record.name.as_str(), record);
            }
            Change::DeleteCoordinator(name) => {
                self.coordinators.forget(|key| *key == name.as_str());
                self.delete(
                    "DELETE FROM coordinators WHERE name = ?",
                    vec![name.as_str().into()],
                );
            }
            Change::PutCoordinatorState(state) => self.coordinator_states.put(&state.key, state),
            Change::DeleteCoordinatorState(key) => {
                self.coordinator_states.forget(|other| *other == key);
                let values = vec![d::kind_code(key.kind), key.name.as_str().into()];
                self.delete(
                    "DELETE FROM coordinator_states WHERE kind = ? AND name = ?",
                    values,
                );
            }
            Change::PutInstance(instance) => {
                self.queue_order = self.queue_order.max(instance.queue_order);
                self.instances.put(&instance.id, instance);
            }
            Change::DeleteInstance(id) => self.delete_instance(id),
            Change::PutVisit(visit) => self.visits.put(&visit.id, visit),
            Change::PutAttempt(attempt) => self.attempts.put(&attempt.id, attempt),
            other => self.add_rest(other),
        }
    }

    fn add_rest(&mut self, change: &'a Change) {
        match change {
            Change::PutLedger(row) => {
                self.ledger.put(
                    (
                        &row.coordinator,
                        &row.workflow,
                        row.instant.as_microsecond(),
                    ),
                    row,
                );
            }
            Change::PutLedgerGap(gap) => self
                .gaps
                .put((&gap.coordinator, gap.from.as_microsecond()), gap),
            Change::PutBlood(blood) => self.bloods.put(&blood.id, blood),
            Change::DeleteBlood(id) => {
                self.bloods.forget(|key| *key == id);
                self.delete("DELETE FROM bloods WHERE id = ?", vec![id.as_str().into()]);
            }
            Change::PutMail(mail) => self.mail.put(&mail.id, mail),
            Change::PutReading(reading) => self.readings.put(&reading.attempt, reading),
            Change::PutPlan(plan) => self.plan = Some(plan),
            Change::PutAnswer {
                key,
                request,
                answer,
                at,
            } => {
                self.answers.put(
                    key,
                    [
                        key.as_str().into(),
                        (*request).into(),
                        (*at).into(),
                        answer.as_str().into(),
                    ],
                );
            }
            Change::PutOffer { node, path, hash } => self.offers.put((node, path), *hash),
            Change::PutSetting { key, value } => self.settings.put(key, value),
            Change::PutLink(link) => self.links.put((link.kind, &link.name), link),
            Change::DeleteLink(key) => {
                let gone = (key.kind, key.name.as_str());
                self.links.forget(|other| *other == gone);
                let values = vec![links::kind_code(key.kind), key.name.as_str().into()];
                self.delete("DELETE FROM links WHERE kind = ? AND name = ?", values);
            }
            Change::PutRestoration(restoration) => self.restoration = Some(restoration.as_ref()),
            other => unreachable!("added before: {other:?}"),
        }
    }

    fn put_workflow(&mut self, record: &'a WorkflowRecord) {
        self.directories.extend(folders(&record.dir));
        let key = (record.hash, record.name.as_str());
        self.documents.put(key, &record.xml);
        self.document_files.put(key, &record.files);
        self.workflows.put(record.name.as_str(), record);
    }

    fn delete(&mut self, sql: &'static str, values: Vec<Value>) {
        self.deletions.push(Statement::new(sql, values));
    }

    fn delete_instance(&mut self, id: &'a InstanceId) {
        self.instances.forget(|key| key.instance == *id);
        self.visits.forget(|key| key.run.instance == *id);
        self.attempts.forget(|key| key.visit.run.instance == *id);
        self.readings.forget(|key| key.visit.run.instance == *id);
        self.deleted_instances.insert(id);
        for sql in [
            "DELETE FROM instances WHERE id = ?",
            "DELETE FROM visits WHERE instance = ?",
            "DELETE FROM attempts WHERE instance = ?",
            "DELETE FROM readings WHERE instance = ?",
        ] {
            self.delete(sql, vec![id.as_str().into()]);
        }
    }

    /// The statements, in order.
    pub(crate) fn statements(mut self, dialect: Dialect) -> Vec<Statement> {
        let mut all = std::mem::take(&mut self.deletions);
        if self.plan.is_some() {
            all.push(Statement::new("DELETE FROM plan", []));
        }
        let plan = self.plan.unwrap_or_default().iter().zip(0..);
        let former = self.former_runs();
        let restoration = self.restoration.map(d::restoration_statement);
        for rows in [
            self.documents_rows(),
            self.workflows
                .rows(&d::WORKFLOWS, |record| d::workflow_row(record)),
            self.coordinators
                .rows(&d::COORDINATORS, |record| d::coordinator_row(record)),
            self.document_files_rows(),
            self.file_references_rows(),
            self.coordinator_states
                .rows(&d::COORDINATOR_STATES, |state| {
                    [
                        d::kind_code(state.key.kind),
                        state.key.name.as_str().into(),
                        json(state),
                    ]
                }),
            self.instances.rows(&records::INSTANCES, |instance| {
                records::instance_row(instance)
            }),
            self.visits
                .rows(&records::VISITS, |visit| records::visit_row(visit)),
            self.attempts
                .rows(&records::ATTEMPTS, |attempt| records::attempt_row(attempt)),
            self.ledger.rows(&d::LEDGER, |row| d::ledger_row(row)),
            self.gaps.rows(&d::LEDGER_GAPS, |gap| d::gap_row(gap)),
            self.bloods
                .rows(&d::BLOODS, |blood| [blood.id.as_str().into(), json(blood)]),
            self.mail.rows(&d::MAIL, |mail| d::mail_row(mail)),
            self.readings
                .rows(&d::READINGS, |reading| d::reading_row(reading)),
            Rows::of(
                &d::PLAN,
                plan.map(|(row, place)| vec![Value::Int(place), json(row)]),
            ),
            self.answers.rows(&d::ANSWERS, Clone::clone),
            self.offers_rows(),
            Rows::of(&d::SETTINGS, self.settings_rows()),
            self.links.rows(&links::LINKS, |link| links::row(link)),
        ] {
            all.extend(rows.statements("REPLACE INTO", ""));
        }
        let folders = self.directories.into_iter().map(|path| vec![path.into()]);
        all.extend(Rows::of(&d::DIRECTORIES, folders).statements(dialect.insert_new(), ""));
        all.extend(former);
        all.extend(restoration);
        all
    }

    /// Of an instance that is run again the former runs are no longer the latest.
    fn former_runs(&self) -> Vec<Statement> {
        let mut latest: HashMap<&InstanceId, u32> = HashMap::new();
        for instance in self
            .instances
            .records
            .iter()
            .flatten()
            .filter(|instance| instance.id.run > 1)
        {
            let run = latest.entry(&instance.id.instance).or_default();
            *run = instance.id.run.max(*run);
        }
        let sql = "UPDATE instances SET latest = 0 WHERE id = ? AND run < ?";
        latest
            .into_iter()
            .map(|(id, run)| Statement::new(sql, [id.as_str().into(), run.into()]))
            .collect()
    }

    fn documents_rows(&self) -> Rows {
        let mut rows = Rows::new(&d::DOCUMENTS);
        for ((hash, owner), place) in &self.documents.places {
            rows.push([
                (*hash).into(),
                (*owner).into(),
                self.documents.records[*place].into(),
            ]);
        }
        rows
    }

    fn document_files_rows(&self) -> Rows {
        let mut rows = Rows::new(&d::DOCUMENT_FILES);
        for ((hash, owner), place) in &self.document_files.places {
            let files = self.document_files.records[*place].unwrap_or_default();
            rows.push([(*hash).into(), (*owner).into(), json(&files)]);
        }
        rows
    }

    fn file_references_rows(&self) -> Rows {
        let mut references = BTreeSet::new();
        for ((hash, owner), place) in &self.document_files.places {
            let files = self.document_files.records[*place].unwrap_or_default();
            references.extend(files.iter().map(|file| (file.hash, *hash, *owner)));
        }
        let mut rows = Rows::new(&d::FILE_REFERENCES);
        for (file, hash, owner) in references {
            rows.push([file.into(), hash.into(), owner.into()]);
        }
        rows
    }

    fn offers_rows(&self) -> Rows {
        let mut rows = Rows::new(&d::OFFERS);
        for ((node, path), place) in &self.offers.places {
            let path_hash = ContentHash::of(path.as_bytes());
            rows.push([
                (*node).into(),
                path_hash.into(),
                self.offers.records[*place].into(),
                (*path).into(),
            ]);
        }
        rows
    }

    fn settings_rows(&self) -> impl Iterator<Item = Vec<Value>> {
        self.settings
            .places
            .iter()
            .map(|(key, place)| vec![(*key).into(), self.settings.records[*place].into()])
    }
}

/// Deletes the logs of whole instances.
pub(crate) fn delete_logs<'a>(
    dialect: Dialect,
    instances: impl IntoIterator<Item = &'a InstanceId>,
) -> Vec<Statement> {
    let keys: Vec<Vec<Value>> = instances
        .into_iter()
        .map(|id| vec![id.as_str().into()])
        .collect();
    let mut all = by_keys(
        dialect,
        "DELETE FROM log_chunks WHERE instance IN ({keys})",
        &keys,
    );
    all.extend(by_keys(
        dialect,
        "DELETE FROM log_runs WHERE instance IN ({keys})",
        &keys,
    ));
    all
}
