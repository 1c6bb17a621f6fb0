//! SQLite's errors in the words of all databases.

use peerflow_rows::{Error, Trouble};

/// SQLite's primary result codes that mean something of their own here.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const PERMISSION: u32 = 3;
const READ_ONLY: u32 = 8;
const INTERRUPTED: u32 = 9;
const IO: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANNOT_OPEN: u32 = 14;
const TOO_BIG: u32 = 18;
const CONSTRAINT: u32 = 19;
const MISMATCH: u32 = 20;
const NO_DATABASE: u32 = 26;
/// A transaction that has read may not write any more, since somebody else wrote; waiting does not help.
const BUSY_SNAPSHOT: u32 = 517;

/// The extended result code, where SQLite spoke.
fn code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(error) = error else {
        return None;
    };
    error.code()?.parse().ok()
}

/// Whether it may go well a little later.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code & 0xff == BUSY && code != BUSY_SNAPSHOT)
}

/// Whether a row broke a rule of its table.
pub(crate) fn is_about_a_row(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code & 0xff, CONSTRAINT | MISMATCH | TOO_BIG))
}

/// In the words of all databases.
pub(crate) fn told(error: &sqlx::Error) -> Error {
    let sqlx::Error::Database(inner) = error else {
        return Error::new(
            Trouble::Lost,
            format!("the connection is of no use any more: {error}"),
        );
    };
    let words = inner.message();
    let (trouble, hint) = match code(error).map(|code| code & 0xff) {
        Some(PERMISSION) => (Trouble::AccessDenied, " (may this user write there?)"),
        Some(BUSY | LOCKED) => (
            Trouble::Refused,
            " (somebody else has been writing for too long; try again, or let the link wait longer with busy_timeout)",
        ),
        Some(READ_ONLY) => (
            Trouble::Refused,
            " (the link has mode=ro, or this user may not write the file)",
        ),
        Some(INTERRUPTED) => (Trouble::Cancelled, ""),
        Some(IO) => (Trouble::Lost, ""),
        Some(FULL) => (Trouble::Refused, " (make room on the disk)"),
        Some(CANNOT_OPEN) => (
            Trouble::Unreachable,
            " (does its folder exist, and may this user read and write there?)",
        ),
        Some(CORRUPT | NO_DATABASE) => (Trouble::Settings, " (is it a SQLite file, and whole?)"),
        Some(CONSTRAINT | MISMATCH | TOO_BIG) => (Trouble::BadValue, ""),
        Some(_) | None => (Trouble::Refused, ""),
    };
    Error::new(trouble, format!("{words}{hint}"))
}

/// The column that a broken rule is about, as far as SQLite names one.
pub(crate) fn column(error: &Error) -> Option<String> {
    let (_, named) = error.message.split_once("NOT NULL constraint failed: ")?;
    named.rsplit_once('.').map(|(_, column)| column.to_owned())
}
