//! The contract, held by every store, and what only databases do.

mod mysql;
mod places;
mod sqlite;
mod stopped;

use places::{InMemory, MysqlDatabase, SqliteDirectory};

peerflow_store::contract_suite!(memory, InMemory::new());
peerflow_store::contract_suite!(on_sqlite, SqliteDirectory::new());
peerflow_store::contract_suite!(on_mysql, MysqlDatabase::create().await);
