//! A store that fails on demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, ActiveState, Attempt, AttemptId, Change, ContentHash, CoordinatorRecord,
    CoordinatorState, DataReading, InstanceId, LedgerGap, LedgerRow, LinkKey, LinkKind, LinkRecord,
    LogLine, Mail, PlanRow, RunId, StoredDefinition, WorkflowRecord,
};
use peerflow_store::{
    Claimed, CommitError, DirectoryEntry, Error, Fence, FrontCounts, InstanceFilter, InstancePage,
    Lease, LeaseClaim, LeaseLoss, LeaseRow, LeaseStore, LedgerFilter, LogChunk, LogCursor, LogPage,
    LogSelection, LogStore, Page, ReadingFilter, RunStore, Store, StoredAnswer,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Every other commit fails before anything is written.
    BeforeCommit,
    /// Every other commit is written, and then its outcome is not known.
    AfterCommit,
    /// Commits that change something are refused for good.
    Refuses,
    /// What is active cannot be read.
    Unreadable,
    /// Nothing is answered.
    Away,
}

/// Passes on to another store, unless a fault is set.
#[derive(Debug)]
pub(crate) struct FlakyStore {
    inner: Arc<dyn Store>,
    fault: AtomicU8,
    commits: AtomicU32,
    faults: AtomicU32,
    elections: AtomicU32,
}

impl FlakyStore {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            fault: AtomicU8::new(0),
            commits: AtomicU32::new(0),
            faults: AtomicU32::new(0),
            elections: AtomicU32::new(0),
        })
    }

    pub(crate) fn set(&self, fault: Fault) {
        let number = match fault {
            Fault::None => 0,
            Fault::BeforeCommit => 1,
            Fault::AfterCommit => 2,
            Fault::Away => 3,
            Fault::Refuses => 4,
            Fault::Unreadable => 5,
        };
        self.fault.store(number, Ordering::SeqCst);
    }

    /// How often something went wrong.
    pub(crate) fn faults(&self) -> u32 {
        self.faults.load(Ordering::SeqCst)
    }

    /// How often the lease was asked for.
    pub(crate) fn elections(&self) -> u32 {
        self.elections.load(Ordering::SeqCst)
    }

    fn fault(&self) -> Fault {
        match self.fault.load(Ordering::SeqCst) {
            0 => Fault::None,
            1 => Fault::BeforeCommit,
            2 => Fault::AfterCommit,
            4 => Fault::Refuses,
            5 => Fault::Unreadable,
            _ => Fault::Away,
        }
    }

    fn failed(&self) -> Error {
        self.faults.fetch_add(1, Ordering::SeqCst);
        Error::Unavailable {
            store: "the test's store".to_owned(),
            reason: "it is away".to_owned(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.fault() == Fault::Away {
            Err(self.failed())
        } else {
            Ok(())
        }
    }
}

impl Store for FlakyStore {}

#[async_trait]
impl LeaseStore for FlakyStore {
    async fn acquire(&self, claim: &LeaseClaim) -> Result<Claimed, Error> {
        self.check()?;
        self.elections.fetch_add(1, Ordering::SeqCst);
        self.inner.acquire(claim).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Result<Lease, LeaseLoss>, Error> {
        self.check()?;
        self.inner.renew(lease, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), Error> {
        self.check()?;
        self.inner.release(lease).await
    }

    async fn lease(&self) -> Result<Option<LeaseRow>, Error> {
        self.check()?;
        self.inner.lease().await
    }
}

#[async_trait]
impl LogStore for FlakyStore {
    async fn append_logs(&self, chunks: &[LogChunk]) -> Result<(), Error> {
        self.check()?;
        self.inner.append_logs(chunks).await
    }

    async fn logs(
        &self,
        selection: &LogSelection,
        from: LogCursor,
        max_bytes: usize,
    ) -> Result<LogPage, Error> {
        self.check()?;
        self.inner.logs(selection, from, max_bytes).await
    }

    async fn log_tail(
        &self,
        selection: &LogSelection,
        lines: usize,
    ) -> Result<Vec<(AttemptId, LogLine)>, Error> {
        self.check()?;
        self.inner.log_tail(selection, lines).await
    }
}

#[async_trait]
impl RunStore for FlakyStore {
    async fn commit(&self, fence: &Fence, changes: &[Change]) -> Result<(), CommitError> {
        let is_odd = self.commits.fetch_add(1, Ordering::SeqCst) % 2 == 1;
        match self.fault() {
            Fault::Away => return Err(CommitError::Unknown(self.failed())),
            Fault::BeforeCommit if is_odd => return Err(CommitError::Unknown(self.failed())),
            Fault::AfterCommit if is_odd => {
                self.inner.commit(fence, changes).await?;
                return Err(CommitError::Unknown(self.failed()));
            }
            Fault::Refuses if !changes.is_empty() => {
                self.faults.fetch_add(1, Ordering::SeqCst);
                let reason = "the test's store takes no such change".to_owned();
                return Err(CommitError::Refused(Error::Limit(reason)));
            }
            _ => {}
        }
        self.inner.commit(fence, changes).await
    }

    async fn active_state(&self) -> Result<ActiveState, Error> {
        self.check()?;
        if self.fault() == Fault::Unreadable {
            self.faults.fetch_add(1, Ordering::SeqCst);
            return Err(Error::Corrupt {
                table: "instances",
                reason: "the test's row of instance abc".to_owned(),
            });
        }
        self.inner.active_state().await
    }

    async fn run(
        &self,
        instance: &InstanceId,
        run: Option<u32>,
    ) -> Result<Option<ActiveRun>, Error> {
        self.check()?;
        self.inner.run(instance, run).await
    }

    async fn attempts(&self, run: &RunId) -> Result<Vec<Attempt>, Error> {
        self.check()?;
        self.inner.attempts(run).await
    }

    async fn instances(&self, filter: &InstanceFilter) -> Result<InstancePage, Error> {
        self.check()?;
        self.inner.instances(filter).await
    }

    async fn front(&self, since: Timestamp, zone: &TimeZone) -> Result<FrontCounts, Error> {
        self.check()?;
        self.inner.front(since, zone).await
    }

    async fn workflow(&self, name: &str) -> Result<Option<WorkflowRecord>, Error> {
        self.check()?;
        self.inner.workflow(name).await
    }

    async fn workflows(
        &self,
        key: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<WorkflowRecord>, Error> {
        self.check()?;
        self.inner.workflows(key, after, limit).await
    }

    async fn coordinator(&self, name: &str) -> Result<Option<CoordinatorRecord>, Error> {
        self.check()?;
        self.inner.coordinator(name).await
    }

    async fn coordinators(&self) -> Result<Vec<CoordinatorRecord>, Error> {
        self.check()?;
        self.inner.coordinators().await
    }

    async fn coordinator_states(&self) -> Result<Vec<CoordinatorState>, Error> {
        self.check()?;
        self.inner.coordinator_states().await
    }

    async fn definition(&self, hash: ContentHash) -> Result<Option<StoredDefinition>, Error> {
        self.check()?;
        self.inner.definition(hash).await
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Page<LedgerRow>, Error> {
        self.check()?;
        self.inner.ledger(filter).await
    }

    async fn ledger_gaps(&self, limit: u32) -> Result<Vec<LedgerGap>, Error> {
        self.check()?;
        self.inner.ledger_gaps(limit).await
    }

    async fn plan(&self) -> Result<Vec<PlanRow>, Error> {
        self.check()?;
        self.inner.plan().await
    }

    async fn readings(&self, filter: &ReadingFilter) -> Result<Page<DataReading>, Error> {
        self.check()?;
        self.inner.readings(filter).await
    }

    async fn due_mail(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, Error> {
        self.check()?;
        self.inner.due_mail(now, limit).await
    }

    async fn put_mail(&self, mail: &Mail) -> Result<(), Error> {
        self.check()?;
        self.inner.put_mail(mail).await
    }

    async fn mail(&self, limit: u32) -> Result<Vec<Mail>, Error> {
        self.check()?;
        self.inner.mail(limit).await
    }

    async fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, Error> {
        self.check()?;
        self.inner.answer(key).await
    }

    async fn offers(&self, node: &str) -> Result<Vec<(String, ContentHash)>, Error> {
        self.check()?;
        self.inner.offers(node).await
    }

    async fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        self.check()?;
        self.inner.settings().await
    }

    async fn link(&self, key: &LinkKey) -> Result<Option<LinkRecord>, Error> {
        self.check()?;
        self.inner.link(key).await
    }

    async fn links(
        &self,
        kind: LinkKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LinkRecord>, Error> {
        self.check()?;
        self.inner.links(kind, after, limit).await
    }

    async fn link_names(&self, kind: LinkKind) -> Result<Vec<String>, Error> {
        self.check()?;
        self.inner.link_names(kind).await
    }

    async fn directories(&self) -> Result<Vec<DirectoryEntry>, Error> {
        self.check()?;
        self.inner.directories().await
    }

    async fn delete_directory(&self, path: &str) -> Result<bool, Error> {
        self.check()?;
        self.inner.delete_directory(path).await
    }

    async fn put_file(&self, hash: ContentHash, content: &[u8]) -> Result<(), Error> {
        self.check()?;
        self.inner.put_file(hash, content).await
    }

    async fn file_chunk(&self, hash: ContentHash, chunk: u32) -> Result<Option<Vec<u8>>, Error> {
        self.check()?;
        self.inner.file_chunk(hash, chunk).await
    }

    async fn has_file(&self, hash: ContentHash) -> Result<bool, Error> {
        self.check()?;
        self.inner.has_file(hash).await
    }

    async fn retain(
        &self,
        instances_before: Timestamp,
        logs_before: Timestamp,
        step: u32,
    ) -> Result<u64, Error> {
        self.check()?;
        self.inner.retain(instances_before, logs_before, step).await
    }

    async fn ping(&self, limit: Duration) -> Result<(), Error> {
        self.check()?;
        self.inner.ping(limit).await
    }

    async fn close(&self) {
        self.inner.close().await
    }
}
