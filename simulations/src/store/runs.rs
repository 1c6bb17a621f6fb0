//! Scheduling state and history through a door.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, ActiveState, Attempt, Change, ContentHash, CoordinatorRecord, CoordinatorState,
    DataReading, InstanceId, LedgerGap, LedgerRow, LinkKey, LinkKind, LinkRecord, Mail, PlanRow,
    RunId, StoredDefinition, WorkflowRecord,
};
use peerflow_store::{
    CommitError, DirectoryEntry, Error, Fence, FrontCounts, InstanceFilter, InstancePage,
    LedgerFilter, Page, ReadingFilter, RunStore, StoredAnswer,
};
use tokio::time::timeout;

use super::door::Door;
use super::unavailable;

#[async_trait]
impl RunStore for Door {
    async fn commit(&self, fence: &Fence, changes: &[Change]) -> Result<(), CommitError> {
        let done = self.call(async { self.store.commit(fence, changes) }).await;
        done.map_err(CommitError::Unknown)?
    }

    async fn active_state(&self) -> Result<ActiveState, Error> {
        self.call(self.memory().active_state()).await?
    }

    async fn run(
        &self,
        instance: &InstanceId,
        run: Option<u32>,
    ) -> Result<Option<ActiveRun>, Error> {
        self.call(self.memory().run(instance, run)).await?
    }

    async fn attempts(&self, run: &RunId) -> Result<Vec<Attempt>, Error> {
        self.call(self.memory().attempts(run)).await?
    }

    async fn instances(&self, filter: &InstanceFilter) -> Result<InstancePage, Error> {
        self.call(self.memory().instances(filter)).await?
    }

    async fn front(&self, since: Timestamp, zone: &TimeZone) -> Result<FrontCounts, Error> {
        self.call(self.memory().front(since, zone)).await?
    }

    async fn workflow(&self, name: &str) -> Result<Option<WorkflowRecord>, Error> {
        self.call(self.memory().workflow(name)).await?
    }

    async fn workflows(
        &self,
        key: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<WorkflowRecord>, Error> {
        self.call(self.memory().workflows(key, after, limit))
            .await?
    }

    async fn coordinator(&self, name: &str) -> Result<Option<CoordinatorRecord>, Error> {
        self.call(self.memory().coordinator(name)).await?
    }

    async fn coordinators(&self) -> Result<Vec<CoordinatorRecord>, Error> {
        self.call(self.memory().coordinators()).await?
    }

    async fn coordinator_states(&self) -> Result<Vec<CoordinatorState>, Error> {
        self.call(self.memory().coordinator_states()).await?
    }

    async fn definition(&self, hash: ContentHash) -> Result<Option<StoredDefinition>, Error> {
        self.call(self.memory().definition(hash)).await?
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Page<LedgerRow>, Error> {
        self.call(self.memory().ledger(filter)).await?
    }

    async fn ledger_gaps(&self, limit: u32) -> Result<Vec<LedgerGap>, Error> {
        self.call(self.memory().ledger_gaps(limit)).await?
    }

    async fn plan(&self) -> Result<Vec<PlanRow>, Error> {
        self.call(self.memory().plan()).await?
    }

    async fn readings(&self, filter: &ReadingFilter) -> Result<Page<DataReading>, Error> {
        self.call(self.memory().readings(filter)).await?
    }

    async fn due_mail(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, Error> {
        self.call(self.memory().due_mail(now, limit)).await?
    }

    async fn put_mail(&self, mail: &Mail) -> Result<(), Error> {
        self.call(self.memory().put_mail(mail)).await?
    }

    async fn mail(&self, limit: u32) -> Result<Vec<Mail>, Error> {
        self.call(self.memory().mail(limit)).await?
    }

    async fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, Error> {
        self.call(self.memory().answer(key)).await?
    }

    async fn offers(&self, node: &str) -> Result<Vec<(String, ContentHash)>, Error> {
        self.call(self.memory().offers(node)).await?
    }

    async fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        self.call(self.memory().settings()).await?
    }

    async fn link(&self, key: &LinkKey) -> Result<Option<LinkRecord>, Error> {
        self.call(self.memory().link(key)).await?
    }

    async fn links(
        &self,
        kind: LinkKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LinkRecord>, Error> {
        self.call(self.memory().links(kind, after, limit)).await?
    }

    async fn link_names(&self, kind: LinkKind) -> Result<Vec<String>, Error> {
        self.call(self.memory().link_names(kind)).await?
    }

    async fn directories(&self) -> Result<Vec<DirectoryEntry>, Error> {
        self.call(self.memory().directories()).await?
    }

    async fn delete_directory(&self, path: &str) -> Result<bool, Error> {
        self.call(self.memory().delete_directory(path)).await?
    }

    async fn put_file(&self, hash: ContentHash, content: &[u8]) -> Result<(), Error> {
        self.call(self.memory().put_file(hash, content)).await?
    }

    async fn file_chunk(&self, hash: ContentHash, chunk: u32) -> Result<Option<Vec<u8>>, Error> {
        self.call(self.memory().file_chunk(hash, chunk)).await?
    }

    async fn has_file(&self, hash: ContentHash) -> Result<bool, Error> {
        self.call(self.memory().has_file(hash)).await?
    }

    async fn retain(
        &self,
        instances_before: Timestamp,
        logs_before: Timestamp,
        step: u32,
    ) -> Result<u64, Error> {
        self.call(self.memory().retain(instances_before, logs_before, step))
            .await?
    }

    async fn ping(&self, limit: Duration) -> Result<(), Error> {
        let asked = timeout(limit, self.call(self.memory().ping(limit))).await;
        asked.unwrap_or_else(|_elapsed| {
            let milliseconds = limit.as_millis();
            Err(unavailable(format!("no answer within {milliseconds} ms")))
        })?
    }

    async fn close(&self) {
        Self::close(self);
    }
}
