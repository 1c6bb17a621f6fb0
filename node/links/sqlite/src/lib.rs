//! SQLite files as sources and targets of data.
//!
//! What is decided here:
//! * A file that does not exist is made only where the link says so (`mode=rwc`, as SQLite's own URLs do): a name spelt wrong
//!   would otherwise be an empty database that nobody asked for.
//! * SQLite knows no decimals. Those of at most 15 digits become `DECIMAL(p,s)`, which sorts and sums and is read back
//!   digit for digit; larger ones become `DECIMAL_TEXT(p,s)`, which is text and keeps every digit.
//! * What SQLite would take and change, or store although the column is of another type, is refused on load. Lengths
//!   (`VARCHAR(10)`) are not checked: SQLite keeps what is longer as it is.
//! * A load stays within a cache of 16 MB, but for this: while another process reads a file that has no write-ahead log, nothing
//!   can be written to it and all waits in memory. `PRAGMA journal_mode = WAL`, once, helps. What this process itself reads of
//!   a file that it writes to, as in a transfer within it, is copied into a temporary file first.
//! * Foreign keys are checked only after `PRAGMA foreign_keys = ON`, as in SQLite's own shell.

mod bind;
mod busy;
mod database;
mod declared;
mod describe;
mod dialect;
mod failure;
mod load;
mod names;
mod number;
mod plain;
mod read;
mod session;
mod settings;
mod stop;
mod writing;

pub use database::SqliteDatabase;
pub use dialect::SqliteDialect;
pub use session::SqliteSession;
pub use settings::{Access, Settings};
