//! What differs between the databases: how to connect, and a few words of SQL.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::failure::Failure;
use super::link::Link;
use super::mysql::MysqlAddress;
use super::sqlite::SqliteFile;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The lease alone.
    Lease,
    /// Scheduling changes alone.
    Commit,
    /// Other writes: mail, files, retention.
    Write,
    Read,
    LogWrite,
    LogRead,
}

impl Role {
    /// Whether it holds locks between statements, which a stopped process must not do for long.
    pub(crate) fn holds_locks(self) -> bool {
        matches!(self, Self::Commit | Self::Write | Self::LogWrite)
    }

    /// Whether it works on the logs, which SQLite keeps in a file of their own.
    pub(crate) fn is_for_logs(self) -> bool {
        matches!(self, Self::LogWrite | Self::LogRead)
    }
}

/// The database and how to get there.
pub(crate) enum Server {
    Sqlite {
        file: SqliteFile,
        /// One writer at a time of each file, in order: SQLite itself lets writers race.
        gate: Arc<Mutex<()>>,
        log_gate: Arc<Mutex<()>>,
    },
    Mysql(MysqlAddress),
}

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Mysql,
}

impl Dialect {
    /// The store's clock in microseconds since the epoch.
    pub(crate) fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
            Self::Mysql => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))",
        }
    }

    /// An insert that leaves a row that is there.
    pub(crate) fn insert_new(self) -> &'static str {
        match self {
            Self::Sqlite => "INSERT OR IGNORE INTO",
            Self::Mysql => "INSERT IGNORE INTO",
        }
    }

    /// A join that goes from left to right, whatever the optimizer thinks of it.
    pub(crate) fn ordered_join(self) -> &'static str {
        match self {
            Self::Sqlite => "CROSS JOIN",
            Self::Mysql => "STRAIGHT_JOIN",
        }
    }

    /// Follows a table's name: the index to go by, where the optimizer has been seen to take another.
    pub(crate) fn use_index(self, index: &str) -> String {
        match self {
            Self::Sqlite => format!("INDEXED BY {index}"),
            Self::Mysql => format!("FORCE INDEX ({index})"),
        }
    }

    /// Division of whole numbers.
    pub(crate) fn div(self) -> &'static str {
        match self {
            Self::Sqlite => "/",
            Self::Mysql => "DIV",
        }
    }

    /// The end of an insert that adds to a column where the row is there.
    pub(crate) fn or_add(self, key: &str, column: &str) -> String {
        match self {
            Self::Sqlite => {
                format!("ON CONFLICT ({key}) DO UPDATE SET {column} = {column} + excluded.{column}")
            }
            Self::Mysql => {
                format!("ON DUPLICATE KEY UPDATE {column} = {column} + VALUES({column})")
            }
        }
    }
}

impl Server {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Mysql(_) => Dialect::Mysql,
        }
    }

    /// Its name in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite { file, .. } => file.path.display().to_string(),
            Self::Mysql(address) => address.to_string(),
        }
    }

    pub(crate) async fn connect(&self, role: Role) -> Result<Link, Failure> {
        match self {
            Self::Sqlite { file, .. } => file.connect(role).await.map(Link::Sqlite),
            Self::Mysql(address) => address.connect(role).await.map(Link::Mysql),
        }
    }

    /// How long a waiting connection is surely there.
    pub(crate) fn fresh_for(&self) -> Duration {
        match self {
            Self::Sqlite { .. } => Duration::MAX,
            Self::Mysql(_) => Duration::from_secs(1),
        }
    }

    /// After which idleness the server has closed a connection, or is about to.
    pub(crate) fn stale_after(&self, role: Role) -> Duration {
        match self {
            Self::Mysql(_) if role.holds_locks() => Duration::from_millis(900),
            _ => Duration::MAX,
        }
    }

    /// Who may write now.
    pub(crate) fn gate(&self, role: Role) -> Option<Arc<Mutex<()>>> {
        match self {
            Self::Sqlite { log_gate, .. } if role.is_for_logs() => Some(Arc::clone(log_gate)),
            Self::Sqlite { gate, .. } => Some(Arc::clone(gate)),
            Self::Mysql(_) => None,
        }
    }

    /// How a transaction that writes begins; connections that write to MySQL are always in one.
    pub(crate) fn begin(&self) -> Option<&'static str> {
        match self {
            Self::Sqlite { .. } => Some("BEGIN IMMEDIATE"),
            Self::Mysql(_) => None,
        }
    }

    pub(crate) fn begin_reading(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "BEGIN",
            Self::Mysql(_) => "START TRANSACTION READ ONLY",
        }
    }
}
