//! MySQL and MariaDB as sources and targets of data.
//!
//! Rows are read over the binary protocol: the text protocol prints a FLOAT with six digits. They are loaded by
//! `LOAD DATA LOCAL INFILE` out of memory where the server allows it, else by INSERTs of many rows.

mod cancel;
mod comments;
mod database;
mod definition;
mod dialect;
mod engines;
mod error;
mod execute;
mod field;
mod infile;
mod insert;
mod kinds;
mod load;
mod names;
mod numbers;
mod plain;
mod properties;
mod read;
mod session;
mod settings;
mod staging;
mod variables;
mod witness;
mod zone;

pub use database::MySqlDatabase;
pub use dialect::MySqlDialect;
pub use settings::Settings;
