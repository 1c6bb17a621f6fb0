//! Scheduling state and history in memory.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, ActiveState, Attempt, Change, ContentHash, CoordinatorRecord, CoordinatorState,
    DataReading, Fate, Instance, InstanceId, LedgerGap, LedgerRow, LinkKey, LinkKind, LinkRecord,
    Mail, MailState, PlanRow, RunId, StoredDefinition, WorkflowRecord,
};

use super::MemoryStore;
use super::state::{State, StoredFile};
use crate::error::{CommitError, Error};
use crate::lease::Fence;
use crate::query::{
    DirectoryEntry, FrontCounts, InstanceFilter, InstancePage, LedgerFilter, Page, ReadingFilter,
    StoredAnswer,
};
use crate::runs::{FILE_CHUNK_BYTES, RunStore};

impl State {
    fn active_run(&self, instance: &Instance, all_attempts: bool) -> ActiveRun {
        let mut visits: Vec<_> = self.visits_of(&instance.id).cloned().collect();
        visits.sort_by_key(|visit| visit.sequence);
        let over: BTreeSet<_> = visits
            .iter()
            .filter(|visit| visit.status.is_final())
            .map(|visit| &visit.id)
            .collect();
        let attempts = self
            .attempts_of(&instance.id)
            .filter(|attempt| all_attempts || !over.contains(&attempt.id.visit));
        ActiveRun {
            instance: instance.clone(),
            attempts: attempts.cloned().collect(),
            visits,
        }
    }

    fn active_state(&self) -> ActiveState {
        let runs: Vec<ActiveRun> = self
            .instances
            .values()
            .filter(|run| !run.status.is_final())
            .map(|run| self.active_run(run, false))
            .collect();
        let current: BTreeSet<ContentHash> =
            self.workflows.values().map(|record| record.hash).collect();
        let definitions = runs
            .iter()
            .map(|run| run.instance.definition)
            .filter(|hash| !current.contains(hash))
            .filter_map(|hash| Some((hash, self.definition(hash)?.clone())))
            .collect();
        ActiveState {
            workflows: self.workflows.values().cloned().collect(),
            coordinators: self.coordinators.values().cloned().collect(),
            coordinator_states: self.coordinator_states.values().cloned().collect(),
            definitions,
            bloods: self.bloods.values().cloned().collect(),
            held: self
                .ledger
                .values()
                .filter(|row| row.fate == Fate::Held)
                .cloned()
                .collect(),
            links: self
                .links
                .iter()
                .map(|(key, link)| (key.clone(), link.hash()))
                .collect(),
            last_queue_order: self.queue_order,
            last_renewed_at: if self.lease.holder.is_some() {
                self.lease.held_before
            } else {
                self.lease.held_at
            },
            restoration: self.lease.restoration.clone(),
            runs,
        }
    }

    fn entries(&self, path: &str) -> u64 {
        let workflows = self
            .workflows
            .values()
            .filter(|record| record.dir == path)
            .count();
        let coordinators = self
            .coordinators
            .values()
            .filter(|record| record.dir == path)
            .count();
        (workflows + coordinators) as u64
    }
}

#[async_trait]
impl RunStore for MemoryStore {
    async fn commit(&self, fence: &Fence, changes: &[Change]) -> Result<(), CommitError> {
        crate::limits::check(changes).map_err(CommitError::Refused)?;
        let mut state = self.state();
        if state.pass(fence)? {
            changes
                .iter()
                .cloned()
                .for_each(|change| state.apply(change));
        }
        Ok(())
    }

    async fn active_state(&self) -> Result<ActiveState, Error> {
        Ok(self.state().active_state())
    }

    async fn run(
        &self,
        instance: &InstanceId,
        run: Option<u32>,
    ) -> Result<Option<ActiveRun>, Error> {
        let state = self.state();
        let found = state
            .runs_of(instance)
            .filter(|record| run.is_none_or(|run| run == record.id.run))
            .last();
        Ok(found.map(|record| state.active_run(record, true)))
    }

    async fn attempts(&self, run: &RunId) -> Result<Vec<Attempt>, Error> {
        let mut attempts: Vec<_> = self.state().attempts_of(run).cloned().collect();
        attempts.sort_by(|a, b| (a.assigned_at, &a.id).cmp(&(b.assigned_at, &b.id)));
        Ok(attempts)
    }

    async fn instances(&self, filter: &InstanceFilter) -> Result<InstancePage, Error> {
        self.state().instance_page(filter)
    }

    async fn front(&self, since: Timestamp, zone: &TimeZone) -> Result<FrontCounts, Error> {
        let now = self.now();
        Ok(self.state().front_counts(since, now, zone))
    }

    async fn workflow(&self, name: &str) -> Result<Option<WorkflowRecord>, Error> {
        Ok(self.state().workflows.get(name).cloned())
    }

    async fn workflows(
        &self,
        key: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<WorkflowRecord>, Error> {
        let state = self.state();
        let place = |record: &WorkflowRecord| (record.dir.clone(), record.name.as_str().to_owned());
        let mut found: Vec<&WorkflowRecord> = state
            .workflows
            .values()
            .filter(|record| {
                let texts = [
                    record.name.as_str(),
                    &record.dir,
                    &record.creator,
                    &record.description,
                ];
                key.is_none_or(|key| texts.iter().any(|text| text.contains(key)))
            })
            .filter(|record| after.as_ref().is_none_or(|after| place(record) > *after))
            .collect();
        found.sort_by_key(|record| place(record));
        let bare = |record: &WorkflowRecord| WorkflowRecord {
            xml: "".into(),
            ..record.clone()
        };
        Ok(found.into_iter().take(limit as usize).map(bare).collect())
    }

    async fn coordinator(&self, name: &str) -> Result<Option<CoordinatorRecord>, Error> {
        Ok(self.state().coordinators.get(name).cloned())
    }

    async fn coordinators(&self) -> Result<Vec<CoordinatorRecord>, Error> {
        Ok(self.state().coordinators.values().cloned().collect())
    }

    async fn coordinator_states(&self) -> Result<Vec<CoordinatorState>, Error> {
        Ok(self.state().coordinator_states.values().cloned().collect())
    }

    async fn definition(&self, hash: ContentHash) -> Result<Option<StoredDefinition>, Error> {
        Ok(self.state().definition(hash).cloned())
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Page<LedgerRow>, Error> {
        self.state().ledger_page(filter)
    }

    async fn ledger_gaps(&self, limit: u32) -> Result<Vec<LedgerGap>, Error> {
        let mut gaps: Vec<LedgerGap> = self.state().gaps.values().cloned().collect();
        gaps.sort_by(|a, b| (b.to, &b.coordinator, b.from).cmp(&(a.to, &a.coordinator, a.from)));
        gaps.truncate(limit as usize);
        Ok(gaps)
    }

    async fn plan(&self) -> Result<Vec<PlanRow>, Error> {
        Ok(self.state().plan.clone())
    }

    async fn readings(&self, filter: &ReadingFilter) -> Result<Page<DataReading>, Error> {
        self.state().reading_page(filter)
    }

    async fn due_mail(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, Error> {
        let state = self.state();
        let mut due: Vec<Mail> = state
            .mail
            .values()
            .filter(|mail| mail.state == MailState::Due && mail.due_at <= now)
            .cloned()
            .collect();
        due.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
        due.truncate(limit as usize);
        Ok(due)
    }

    async fn put_mail(&self, mail: &Mail) -> Result<(), Error> {
        crate::limits::name("the mail's id", &mail.id)?;
        self.state().mail.insert(mail.id.clone(), mail.clone());
        Ok(())
    }

    async fn mail(&self, limit: u32) -> Result<Vec<Mail>, Error> {
        let state = self.state();
        let mut open: Vec<Mail> = state
            .mail
            .values()
            .filter(|mail| mail.state != MailState::Sent)
            .cloned()
            .collect();
        open.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        open.truncate(limit as usize);
        Ok(open)
    }

    async fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, Error> {
        Ok(self
            .state()
            .answers
            .get(key)
            .map(|(answer, _)| answer.clone()))
    }

    async fn offers(&self, node: &str) -> Result<Vec<(String, ContentHash)>, Error> {
        let state = self.state();
        let offers = state
            .offers
            .iter()
            .filter(|((offerer, _), _)| offerer == node);
        Ok(offers
            .map(|((_, path), hash)| (path.clone(), *hash))
            .collect())
    }

    async fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        Ok(self
            .state()
            .settings
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    async fn link(&self, key: &LinkKey) -> Result<Option<LinkRecord>, Error> {
        Ok(self.state().links.get(key).cloned())
    }

    async fn links(
        &self,
        kind: LinkKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LinkRecord>, Error> {
        let state = self.state();
        let links = state.links.values().filter(|link| {
            link.kind == kind && after.is_none_or(|after| link.name.as_str() > after)
        });
        Ok(links.take(limit as usize).cloned().collect())
    }

    async fn link_names(&self, kind: LinkKind) -> Result<Vec<String>, Error> {
        let state = self.state();
        let keys = state.links.keys().filter(|key| key.kind == kind);
        Ok(keys.map(|key| key.name.clone()).collect())
    }

    async fn directories(&self) -> Result<Vec<DirectoryEntry>, Error> {
        let state = self.state();
        let entry = |path: &String| DirectoryEntry {
            path: path.clone(),
            entries: state.entries(path),
        };
        Ok(state.directories.iter().map(entry).collect())
    }

    async fn delete_directory(&self, path: &str) -> Result<bool, Error> {
        let mut state = self.state();
        let below = format!("{path}/");
        if state.entries(path) > 0
            || state
                .directories
                .iter()
                .any(|other| other.starts_with(&below))
        {
            return Err(crate::runs::not_empty(path));
        }
        Ok(state.directories.remove(path))
    }

    async fn put_file(&self, hash: ContentHash, content: &[u8]) -> Result<(), Error> {
        let touched_at = self.now();
        let mut state = self.state();
        let file = state.files.entry(hash).or_insert_with(|| StoredFile {
            content: content.to_vec(),
            touched_at,
        });
        file.touched_at = touched_at;
        Ok(())
    }

    async fn file_chunk(&self, hash: ContentHash, chunk: u32) -> Result<Option<Vec<u8>>, Error> {
        let state = self.state();
        let chunks = state
            .files
            .get(&hash)
            .map(|file| file.content.chunks(FILE_CHUNK_BYTES));
        Ok(chunks
            .and_then(|mut chunks| chunks.nth(chunk as usize))
            .map(<[u8]>::to_vec))
    }

    async fn has_file(&self, hash: ContentHash) -> Result<bool, Error> {
        let touched_at = self.now();
        let mut state = self.state();
        let file = state.files.get_mut(&hash);
        Ok(file.map(|file| file.touched_at = touched_at).is_some())
    }

    async fn retain(
        &self,
        instances_before: Timestamp,
        logs_before: Timestamp,
        step: u32,
    ) -> Result<u64, Error> {
        let now = self.now();
        Ok(self
            .state()
            .retain(now, instances_before, logs_before, step as usize))
    }

    async fn ping(&self, _limit: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn close(&self) {}
}
