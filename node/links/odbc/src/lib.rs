//! Databases that are reached through an ODBC driver.
//!
//! Everything stands behind the cargo feature `odbc`, which is off: it needs the machine's driver manager (unixODBC) at
//! build time and a driver of the database at run time. Without it this crate is empty.
//!
//! What is decided here:
//! * ODBC's calls block, so each session has a thread of its own that does one thing after the other.
//! * Text travels as UTF-16: as narrow text some drivers would put `?` for what the process's locale cannot say.
//! * A value is fetched whole or the error says so. Columns whose size no driver tells are fetched in parts, row by row.
//! * Memory is flat as far as the driver streams: some keep a whole result unless told otherwise (`UseDeclareFetch=1` of
//!   PostgreSQL's, `NO_CACHE=1` and `FORWARDONLY=1` of MariaDB's).
//! * What does not fit a column is judged by the database. SQLite's driver judges nothing: use SQLite's own link.

#![cfg(feature = "odbc")]

mod connection_string;
mod database;
mod describe;
mod dialect;
mod failure;
mod load;
mod plain;
mod read;
mod running;
mod session;
mod system;
mod thread;
mod types;

pub use connection_string::Settings;
pub use database::OdbcDatabase;
pub use dialect::OdbcDialect;
pub use session::OdbcSession;
pub use system::System;
