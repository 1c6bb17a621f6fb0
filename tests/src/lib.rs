//! A harness that sees peerflow as its users do: the release binary, its exit codes, its HTTP API, its processes.
//!
//! `scripts/test` builds the binary and names it in `PEERFLOW_BIN`; run by hand, the debug build is taken.

mod api;
mod binary;
mod cluster;
pub mod data;
mod hosts;
mod mail;
mod mariadb;
mod memory;
mod node;
mod postgres;
mod processes;
mod wait;

pub use api::{Api, Reply};
pub use binary::{Outcome, command, peerflow, run, run_in};
pub use cluster::{Cluster, ClusterBuilder, SharedStore, TaskLog, TaskTry, View};
pub use hosts::{Cut, Hosts, Side, Way};
pub use mail::{MailServer, ReceivedMail};
pub use mariadb::{Database, Server, Session, test_server_url};
pub use memory::peak_kib;
pub use node::{Node, NodeBuilder, StoreKind};
pub use postgres::PostgresDatabase;
pub use processes::{Process, TaskStep, began, children, processes_of};
pub use wait::{eventually, is_alive, within};
