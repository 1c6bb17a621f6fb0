//! PostgreSQL as a source and target of data: `COPY` both ways, the simple query protocol for statements of users.

mod catalog;
mod database;
mod dialect;
mod driver;
mod encode;
mod error;
mod execute;
mod fate;
mod judge;
mod kind;
mod load;
mod names;
mod plain;
mod read;
mod session;
mod settings;
mod statement;
mod tls;

pub use database::PostgresDatabase;
pub use settings::Settings;
