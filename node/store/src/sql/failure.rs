//! What became of a statement that did not succeed.

use super::value::Row;
use crate::error::Error;

/// Why a statement did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection is of no use any more; whether the statement was done is unknown.
    Lost(String),
    /// Somebody else was in the way; the transaction is void and may be tried again.
    Busy(String),
    /// The database refused it; the transaction is to be rolled back.
    Refused(String),
    /// A row that cannot be understood.
    Corrupt { table: &'static str, reason: String },
    /// The file is none of SQLite's.
    NoDatabase(String),
    /// A limit of the database.
    Limit(String),
    /// The schema is newer or cannot be migrated.
    Migration { from: u32, to: u32, reason: String },
    /// The server cannot be used as it is.
    Configuration(String),
}

/// Server error numbers of MySQL and MariaDB after which a transaction may be tried again: lock wait timeout,
/// deadlock, too many connections, a killed query, "record has changed since last read" of MariaDB 11.
const MYSQL_BUSY: [u16; 5] = [1205, 1213, 1040, 1317, 1020];
/// After which the connection is closed: server shutdown, connection killed, aborted, disconnected by idleness.
const MYSQL_LOST: [u16; 6] = [1053, 1152, 1158, 1159, 1927, 4031];
/// Data too long for a column; packet too large.
const MYSQL_LIMIT: [u16; 2] = [1406, 1153];

impl Failure {
    /// Tells the same to callers, naming the store.
    pub(crate) fn at(self, store: &str) -> Error {
        match self {
            Self::Lost(reason) | Self::Busy(reason) | Self::Refused(reason) => Error::Unavailable {
                store: store.to_owned(),
                reason,
            },
            Self::Corrupt { table, reason } => Error::Corrupt { table, reason },
            Self::NoDatabase(reason) => Error::Configuration(no_database(store, &reason)),
            Self::Limit(reason) => Error::Limit(reason),
            Self::Migration { from, to, reason } => Error::Migration { from, to, reason },
            Self::Configuration(reason) => Error::Configuration(reason),
        }
    }

    /// The same of a named table.
    pub(crate) fn of(self, name: &'static str) -> Self {
        match self {
            Self::Corrupt { reason, .. } => Self::Corrupt {
                table: name,
                reason,
            },
            other => other,
        }
    }

    /// The same of `row`, named by what some of its columns hold.
    pub(crate) fn in_row(self, row: &Row, keys: &[(&str, usize)]) -> Self {
        let Self::Corrupt { table, reason } = self else {
            return self;
        };
        let mut named = String::new();
        for &(what, column) in keys {
            if let Ok(key) = row.bytes(column) {
                named.push_str(&format!("{what} {}: ", key.escape_ascii()));
            }
        }
        Self::Corrupt {
            table,
            reason: named + &reason,
        }
    }

    pub(crate) fn mysql(error: sqlx::Error) -> Self {
        let number = match &error {
            sqlx::Error::Database(inner) => inner
                .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                .map(sqlx::mysql::MySqlDatabaseError::number),
            _ => None,
        };
        match number {
            Some(number) if MYSQL_BUSY.contains(&number) => Self::Busy(plain(&error)),
            Some(number) if MYSQL_LOST.contains(&number) => Self::Lost(plain(&error)),
            Some(number) if MYSQL_LIMIT.contains(&number) => Self::Limit(plain(&error)),
            Some(_) => Self::Refused(plain(&error)),
            None => Self::Lost(plain(&error)),
        }
    }

    pub(crate) fn sqlite(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(inner) => inner.code().and_then(|code| code.parse::<u32>().ok()),
            _ => None,
        };
        // The primary result code is the lowest byte of the extended one.
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy(plain(&error)),
            Some(18) => Self::Limit(plain(&error)),
            Some(11) => Self::Corrupt {
                table: "file",
                reason: plain(&error),
            },
            Some(26) => Self::NoDatabase(plain(&error)),
            Some(_) => Self::Refused(plain(&error)),
            None => Self::Lost(plain(&error)),
        }
    }
}

/// What to do about the file at `path`, which is not SQLite's.
pub(crate) fn no_database(path: &str, reason: &str) -> String {
    format!("{path} is not a SQLite database ({reason}): move it away, or choose another store.url")
}

fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        other => other.to_string(),
    }
}
