//! The contract, held by every store, and what only databases do.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its place fails"
)]

mod files;
mod mysql;
mod places;
mod sqlite;
mod stopped;

use places::{InMemory, MysqlDatabase, SqliteDirectory};

peerflow_store::contract_suite!(memory, InMemory::new());
peerflow_store::contract_suite!(on_sqlite, SqliteDirectory::new());
peerflow_store::contract_suite!(on_mysql, MysqlDatabase::create().await);
