//! Scheduling state and history.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    ActiveRun, ActiveState, Attempt, Change, ContentHash, CoordinatorRecord, CoordinatorState,
    DataReading, InstanceId, LedgerGap, LedgerRow, LinkKey, LinkKind, LinkRecord, Mail, PlanRow,
    RunId, StoredDefinition, WorkflowRecord,
};

use crate::error::{CommitError, Error};
use crate::lease::{Fence, LeaseStore};
use crate::logs::LogStore;
use crate::query::{
    DirectoryEntry, FrontCounts, InstanceFilter, InstancePage, LedgerFilter, Page, ReadingFilter,
    StoredAnswer,
};

/// The largest chunk in which a file's content is kept.
pub const FILE_CHUNK_BYTES: usize = 1 << 20;

/// The answer to who would delete a folder that is not empty.
pub(crate) fn not_empty(path: &str) -> Error {
    Error::Limit(format!(
        "the folder {path:?} is not empty: move or delete what is in it first"
    ))
}

/// Everything a node needs of its store.
pub trait Store: LeaseStore + RunStore + LogStore + std::fmt::Debug {}

/// Scheduling state, written by the master alone, and history, read by everybody.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Makes a batch durable, all or nothing, if the fence holds: the transaction begins by moving `commit_seq` from
    /// the fence's to the next where holder and epoch are the fence's. The same batch sent again with the same fence
    /// after an unknown outcome is done if the first one was.
    ///
    /// # Errors
    /// See [`CommitError`].
    async fn commit(&self, fence: &Fence, changes: &[Change]) -> Result<(), CommitError>;

    /// All that a new master needs.
    async fn active_state(&self) -> Result<ActiveState, Error>;

    /// One run with its visits and all its attempts; `run` absent: the latest.
    async fn run(
        &self,
        instance: &InstanceId,
        run: Option<u32>,
    ) -> Result<Option<ActiveRun>, Error>;

    /// All attempts of a run, oldest first.
    async fn attempts(&self, run: &RunId) -> Result<Vec<Attempt>, Error>;

    async fn instances(&self, filter: &InstanceFilter) -> Result<InstancePage, Error>;

    /// Counts by day since `since`, days cut in `zone`.
    async fn front(&self, since: Timestamp, zone: &TimeZone) -> Result<FrontCounts, Error>;

    async fn workflow(&self, name: &str) -> Result<Option<WorkflowRecord>, Error>;

    /// Registered workflows whose name, folder, creator or description contains `key`, by folder then name,
    /// `after` (folder, name) exclusive. Without their documents' text.
    async fn workflows(
        &self,
        key: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<WorkflowRecord>, Error>;

    async fn coordinator(&self, name: &str) -> Result<Option<CoordinatorRecord>, Error>;

    async fn coordinators(&self) -> Result<Vec<CoordinatorRecord>, Error>;

    async fn coordinator_states(&self) -> Result<Vec<CoordinatorState>, Error>;

    /// The definition of this hash, as a run is made from: a document with the files snapshotted with it. Kept as long
    /// as it is registered or a run refers to it.
    async fn definition(&self, hash: ContentHash) -> Result<Option<StoredDefinition>, Error>;

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Page<LedgerRow>, Error>;

    /// Gaps, newest first, at most `limit`.
    async fn ledger_gaps(&self, limit: u32) -> Result<Vec<LedgerGap>, Error>;

    async fn plan(&self) -> Result<Vec<PlanRow>, Error>;

    async fn readings(&self, filter: &ReadingFilter) -> Result<Page<DataReading>, Error>;

    /// Mail that is due at `now`, oldest first, at most `limit`.
    async fn due_mail(&self, now: Timestamp, limit: u32) -> Result<Vec<Mail>, Error>;

    /// Records what became of a mail. Not fenced: sending is at least once anyway.
    async fn put_mail(&self, mail: &Mail) -> Result<(), Error>;

    /// Mail not yet sent or given up, newest first, at most `limit`; for pages.
    async fn mail(&self, limit: u32) -> Result<Vec<Mail>, Error>;

    /// The recorded answer to a request with this key.
    async fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, Error>;

    /// What a node's loader last offered: (path, hash).
    async fn offers(&self, node: &str) -> Result<Vec<(String, ContentHash)>, Error>;

    async fn settings(&self) -> Result<Vec<(String, String)>, Error>;

    async fn link(&self, key: &LinkKey) -> Result<Option<LinkRecord>, Error>;

    /// Links of a kind by name, `after` exclusive, at most `limit`.
    async fn links(
        &self,
        kind: LinkKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LinkRecord>, Error>;

    /// The names of all links of a kind, in order; there are at most [`LinkRecord::MOST`].
    async fn link_names(&self, kind: LinkKind) -> Result<Vec<String>, Error>;

    async fn directories(&self) -> Result<Vec<DirectoryEntry>, Error>;

    /// Removes an empty folder. `false`: there is none of that name.
    ///
    /// # Errors
    /// [`Error::Limit`] when it is not empty.
    async fn delete_directory(&self, path: &str) -> Result<bool, Error>;

    /// Adds a file's content, in chunks of at most 1 MiB; does nothing where that content is there.
    async fn put_file(&self, hash: ContentHash, content: &[u8]) -> Result<(), Error>;

    /// A chunk of a file's content, counted from 0; `None` past the end or where the content is unknown.
    async fn file_chunk(&self, hash: ContentHash, chunk: u32) -> Result<Option<Vec<u8>>, Error>;

    /// Whether that content is there.
    async fn has_file(&self, hash: ContentHash) -> Result<bool, Error>;

    /// Forgets, in small steps, runs that ended before `instances_before`, logs of runs that ended before
    /// `logs_before`, and what nothing refers to any more. Returns how many rows went; 0 when nothing is left to do.
    /// Ledger rows, sent mail and answers go with the instances' limit; readings stay.
    async fn retain(
        &self,
        instances_before: Timestamp,
        logs_before: Timestamp,
        step: u32,
    ) -> Result<u64, Error>;

    /// Asks the store whether it answers, within `limit`.
    async fn ping(&self, limit: Duration) -> Result<(), Error>;

    /// Flushes and closes; later calls fail.
    async fn close(&self);
}
