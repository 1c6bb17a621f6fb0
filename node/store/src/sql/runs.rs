//! The door to scheduling state and history; each room is a file of its own.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, ActiveState, Attempt, Change, ContentHash, CoordinatorRecord, CoordinatorState,
    DataReading, InstanceId, LedgerGap, LedgerRow, LinkKey, LinkKind, LinkRecord, Mail, PlanRow,
    RunId, StoredDefinition, WorkflowRecord,
};

use super::SqlStore;
use super::failure::Failure;
use crate::error::{CommitError, Error};
use crate::lease::Fence;
use crate::query::{
    DirectoryEntry, FrontCounts, InstanceFilter, InstancePage, LedgerFilter, Page, ReadingFilter,
    StoredAnswer,
};
use crate::runs::RunStore;

#[async_trait]
impl RunStore for SqlStore {
    async fn commit(&self, fence: &Fence, changes: &[Change]) -> Result<(), CommitError> {
        self.commit_batch(fence, changes).await
    }

    async fn active_state(&self) -> Result<ActiveState, Error> {
        self.read_active_state().await
    }

    async fn run(
        &self,
        instance: &InstanceId,
        run: Option<u32>,
    ) -> Result<Option<ActiveRun>, Error> {
        self.read_run(instance, run).await
    }

    async fn attempts(&self, run: &RunId) -> Result<Vec<Attempt>, Error> {
        self.read_attempts(run).await
    }

    async fn instances(&self, filter: &InstanceFilter) -> Result<InstancePage, Error> {
        self.read_instances(filter).await
    }

    async fn front(&self, since: Timestamp, zone: &TimeZone) -> Result<FrontCounts, Error> {
        self.read_front(since, zone).await
    }

    async fn workflow(&self, name: &str) -> Result<Option<WorkflowRecord>, Error> {
        self.read_workflow(name).await
    }

    async fn workflows(
        &self,
        key: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<WorkflowRecord>, Error> {
        self.read_workflows(key, after, limit).await
    }

    async fn coordinator(&self, name: &str) -> Result<Option<CoordinatorRecord>, Error> {
        self.read_coordinator(name).await
    }

    async fn coordinators(&self) -> Result<Vec<CoordinatorRecord>, Error> {
        self.read_coordinators().await
    }

    async fn coordinator_states(&self) -> Result<Vec<CoordinatorState>, Error> {
        self.read_coordinator_states().await
    }

    async fn definition(&self, hash: ContentHash) -> Result<Option<StoredDefinition>, Error> {
        self.read_definition(hash).await
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Page<LedgerRow>, Error> {
        self.read_ledger(filter).await
    }

    async fn ledger_gaps(&self, limit: u32) -> Result<Vec<LedgerGap>, Error> {
        self.read_gaps(limit).await
    }

    async fn plan(&self) -> Result<Vec<PlanRow>, Error> {
        self.read_plan().await
    }

    async fn readings(&self, filter: &ReadingFilter) -> Result<Page<DataReading>, Error> {
        self.read_readings(filter).await
    }

    async fn due_mail(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, Error> {
        self.read_due_mail(now, limit).await
    }

    async fn put_mail(&self, mail: &Mail) -> Result<(), Error> {
        self.write_mail(mail).await
    }

    async fn mail(&self, limit: u32) -> Result<Vec<Mail>, Error> {
        self.read_mail(limit).await
    }

    async fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, Error> {
        self.read_answer(key).await
    }

    async fn offers(&self, node: &str) -> Result<Vec<(String, ContentHash)>, Error> {
        self.read_offers(node).await
    }

    async fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        self.read_settings().await
    }

    async fn link(&self, key: &LinkKey) -> Result<Option<LinkRecord>, Error> {
        self.read_link(key).await
    }

    async fn links(
        &self,
        kind: LinkKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LinkRecord>, Error> {
        self.read_links(kind, after, limit).await
    }

    async fn link_names(&self, kind: LinkKind) -> Result<Vec<String>, Error> {
        self.read_link_names(kind).await
    }

    async fn directories(&self) -> Result<Vec<DirectoryEntry>, Error> {
        self.read_directories().await
    }

    async fn delete_directory(&self, path: &str) -> Result<bool, Error> {
        self.remove_directory(path).await
    }

    async fn put_file(&self, hash: ContentHash, content: &[u8]) -> Result<(), Error> {
        self.write_file(hash, content).await
    }

    async fn file_chunk(&self, hash: ContentHash, chunk: u32) -> Result<Option<Vec<u8>>, Error> {
        self.read_file_chunk(hash, chunk).await
    }

    async fn has_file(&self, hash: ContentHash) -> Result<bool, Error> {
        self.find_file(hash).await
    }

    async fn retain(
        &self,
        instances_before: Timestamp,
        logs_before: Timestamp,
        step: u32,
    ) -> Result<u64, Error> {
        self.forget(instances_before, logs_before, step).await
    }

    async fn ping(&self, limit: Duration) -> Result<(), Error> {
        let asked = tokio::time::timeout(
            limit,
            self.first("lease", "SELECT 1", &[], |row| row.int(0)),
        )
        .await;
        match asked {
            Ok(answer) => answer.map(drop),
            Err(_elapsed) => Err(self.error(Failure::Lost(format!(
                "no answer within {} ms",
                limit.as_millis()
            )))),
        }
    }

    async fn close(&self) {
        let mut tasks = std::mem::take(
            &mut *self
                .tasks
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        tasks.shutdown().await;
        for pool in [
            &*self.commit,
            &self.lease,
            &self.write,
            &self.read,
            &*self.log_write,
            &self.log_read,
        ] {
            pool.close().await;
        }
    }
}
