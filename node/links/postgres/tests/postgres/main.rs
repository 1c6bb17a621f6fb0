//! Against a real PostgreSQL: `PEERFLOW_TEST_POSTGRES=postgres://user@host:port/database`. Each test has a schema of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::too_many_lines,
    reason = "a test that cannot go on ends, and a table of types is as long as it is"
)]

mod cancelling;
mod catalog;
mod connecting;
mod executing;
mod fate;
mod loading;
mod reading;
mod staging;
mod support;
