//! SQLite: two files, the store's and its logs', both with a write-ahead log.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use tokio::time::{Instant, sleep};

use super::failure::{Failure, no_database};
use super::server::Role;

/// How long a connection waits for a writer of another process.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// A SQLite file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqliteFile {
    pub(crate) path: PathBuf,
    /// It need not survive a power cut: nothing is flushed.
    pub(crate) throwaway: bool,
}

impl SqliteFile {
    /// The store's file, or the one for logs beside it.
    fn path_for(&self, role: Role) -> PathBuf {
        if !role.is_for_logs() {
            return self.path.clone();
        }
        let mut name = self.path.clone().into_os_string();
        name.push("-logs");
        name.into()
    }

    /// Switching a new file to its write-ahead log is refused while another does the same: tried again for a while.
    pub(crate) async fn connect(&self, role: Role) -> Result<SqliteConnection, Failure> {
        let started = Instant::now();
        loop {
            match self.options(role).connect().await.map_err(Failure::sqlite) {
                Err(Failure::Busy(_)) if started.elapsed() < BUSY_LIMIT => {
                    sleep(Duration::from_millis(5)).await
                }
                Err(Failure::Refused(reason)) => {
                    return Err(Failure::Lost(format!(
                        "{reason} (does its folder exist, and may this user write there?)"
                    )));
                }
                Err(Failure::NoDatabase(reason)) => {
                    let path = self.path_for(role);
                    let told = no_database(&path.display().to_string(), &reason);
                    return Err(Failure::Configuration(told));
                }
                connected => return connected,
            }
        }
    }

    fn options(&self, role: Role) -> SqliteConnectOptions {
        let synchronous = match (role.is_for_logs(), self.throwaway) {
            (true, false) => SqliteSynchronous::Normal,
            (false, false) => SqliteSynchronous::Full,
            (_, true) => SqliteSynchronous::Off,
        };
        // In KiB. Large batches touch many pages; the cache grows only as far as it is used.
        let cache = if role == Role::Commit {
            "-64000"
        } else {
            "-8000"
        };
        SqliteConnectOptions::new()
            .filename(self.path_for(role))
            .create_if_missing(true)
            .busy_timeout(BUSY_LIMIT)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(false)
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", cache)
            .statement_cache_capacity(400)
            .command_buffer_size(8)
            .row_buffer_size(256)
            .disable_statement_logging()
    }
}
