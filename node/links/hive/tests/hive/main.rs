//! Against the Thrift server of Spark at `PEERFLOW_TEST_HIVE` (`hive2://host:port`, with properties of a link behind it as
//! `;auth=noSasl`), which `scripts/services spark` starts. Without it nothing is tried, and each test says so.

mod catalog;
mod executing;
mod loading;
mod reading;
mod stopping;
mod support;
