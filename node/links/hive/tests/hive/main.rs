//! Against the server of `PEERFLOW_TEST_HIVE` (`hive2://host:port`), which `scripts/services spark` starts. Without it nothing
//! is tried, and each test says so.

mod catalog;
mod executing;
mod loading;
mod reading;
mod stopping;
mod support;
