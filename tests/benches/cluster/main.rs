//! The rows of several nodes of the performance page: real processes that are one cluster, on MariaDB.
//!
//! `make bench` builds the release binary and runs this; arguments choose rows by a part of their name.

#[expect(dead_code, reason = "the rows of a single node use the rest")]
#[path = "../single_node/documents.rs"]
mod documents;
mod election;
mod failover;
#[expect(dead_code, reason = "the rows of a single node use the rest")]
#[path = "../single_node/floors.rs"]
mod floors;
mod gossip;
#[expect(dead_code, reason = "the rows of a single node use the rest")]
#[path = "../single_node/measure.rs"]
mod measure;
mod starts;
mod throughput;

use std::time::Duration;

use peerflow_tests::within;

/// A row: its name, and what measures and prints it.
type Row = (&'static str, fn());

const ROWS: &[Row] = &[
    ("FAILOVER", failover::killed),
    ("HAND-OVER", failover::stopped),
    ("CLUSTER", throughput::throughput),
    ("GOSSIP", gossip::gossip),
    ("GOSSIP-PROCESSES", gossip::processes),
    ("ELECTION", election::election),
];

fn main() {
    // cargo passes --bench; what is left chooses rows.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|each| !each.starts_with('-'))
        .collect();
    println!("several nodes, MariaDB is {}", floors::mariadb_version());
    for (name, row) in ROWS {
        let is_wanted = |part: &String| name.to_lowercase().contains(&part.to_lowercase());
        if wanted.is_empty() || wanted.iter().any(is_wanted) {
            let before = load();
            row();
            println!(
                "{name:<28} load of the machine {before} before, {} after",
                load()
            );
        }
    }
}

/// The system's load average of one minute.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Lets time pass in which nothing but what the nodes do by themselves happens.
fn leave_alone(time: Duration) {
    let nothing = within(time, || None::<()>);
    assert!(nothing.is_none());
}
