//! Hive, Spark's Thrift server and Impala as sources and targets of data, by a small client of the protocol of HiveServer2.
//!
//! What is here was tried against Spark's Thrift server 3.5 only. Hive and Impala speak the same protocol, and where their
//! SQL differs, statements are made for them by what their documentation says; neither was run.
//!
//! - *Who connects*: SASL PLAIN (the server's NONE, LDAP, CUSTOM, PAM) and no authentication (`auth=noSasl`), each with TLS
//!   or without. Kerberos, HTTP and ZooKeeper are refused with a message.
//! - *Reading* takes whole columns, ten thousand rows at a time at most and about 4 MiB. A TIMESTAMP of Spark is an instant,
//!   but travels as the clock time of the session's zone: set `?spark.sql.session.timeZone=UTC` in the link where that zone
//!   has summer time.
//! - *Loading* is by INSERT … VALUES of about 1 MiB each. There are no transactions: each INSERT is there as a whole or not at
//!   all, those before one that fails stay. A load into a staging table, moved from there by one INSERT … SELECT, leaves the
//!   target as it was unless that one statement breaks off; begin, commit and rollback do nothing.
//! - *The log* of a statement that runs comes from Hive as it is, and from Spark with
//!   `?hive.server2.logging.operation.level=VERBOSE` in the link. Impala's is not asked for.
//! - Tables that keep rows as lines of text lose line breaks in values; new tables are made as Parquet.

mod calendar;
mod cancel;
mod catalog;
mod client;
mod connect;
mod database;
mod dialect;
mod error;
mod extent;
mod fetched;
mod kinds;
mod literal;
mod load;
mod log;
mod message;
mod names;
mod plain;
mod product;
mod properties;
mod read;
mod rowset;
mod session;
mod settings;
mod statement;
mod structs;
mod tls;
mod wire;

pub use database::HiveDatabase;
pub use dialect::HiveDialect;
pub use settings::Settings;
