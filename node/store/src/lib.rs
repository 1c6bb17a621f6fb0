//! What must survive: traits, and their implementations in memory, on SQLite and on MySQL or MariaDB.
//!
//! Three doors: [`LeaseStore`] says who is master, [`RunStore`] keeps what is scheduled and what became of it,
//! [`LogStore`] keeps the logs of tasks. [`Store`] is all of them. One contract suite holds for every implementation.

#[cfg(feature = "contract")]
#[expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    clippy::missing_panics_doc,
    reason = "checks for tests: each panics when it does not hold, and says what it expects in one piece"
)]
pub mod contract;
mod cursor;
mod error;
mod lease;
mod limits;
mod logs;
mod memory;
mod open;
mod places;
mod query;
mod runs;
mod sql;

pub use error::{CommitError, Error};
pub use lease::{Claimed, Fence, Lease, LeaseClaim, LeaseLoss, LeaseRow, LeaseStore, Sighting};
pub use limits::{MAX_DIR_BYTES, MAX_ID_BYTES, MAX_NAME_BYTES};
pub use logs::{LogChunk, LogCursor, LogPage, LogSelection, LogStore};
pub use memory::{Backup, MemoryStore};
pub use open::{StoreUrl, open};
pub use query::{
    Cursor, DirectoryEntry, FrontCounts, InstanceFilter, InstancePage, LedgerFilter, Page,
    ReadingFilter, StoredAnswer,
};
pub use runs::{FILE_CHUNK_BYTES, RunStore, Store};
