//! Whole nodes: what they send, and what simulating them takes.

use std::error::Error;
use std::time::Duration;

use peerflow_simulations::{Healing, LONGEST_DATAGRAM, Playbook, RunOptions, Scenario, Traffic};

/// Two minutes in which the master dies once and a worker dies once, and both are back soon.
fn scenario(nodes: usize) -> String {
    format!(
        r#"name = "whole-nodes"
lasts = "120s"
requests_per_second = 1.0
workflows = ["chain", "fan", "every-ten-seconds"]

[cluster]
nodes = {nodes}

[[incident]]
at = "40s"
lasts = "10s"
fault = {{ kind = "crash", node = "master" }}

[[incident]]
at = "70s"
lasts = "10s"
fault = {{ kind = "crash", node = "worker" }}
"#
    )
}

/// Runs them and tells; what breaks an invariant, or does not heal, is an error.
pub(super) fn run(nodes: usize) -> Result<(), Box<dyn Error>> {
    let scenario = Scenario::parse("whole-nodes", &scenario(nodes))?;
    let options = RunOptions {
        seed: 1,
        workflows: scenario.registrations()?,
        scenario,
        playbook: Playbook::default(),
        triggers: Vec::new(),
        healing: Healing::default(),
    };
    let began = tokio::time::Instant::now();
    let outcome = peerflow_simulations::run(options)?;
    let took = began.elapsed();
    if let Some(violation) = outcome.violation {
        return Err(violation.to_string().into());
    }
    let mut traffic = Traffic::default();
    for each in outcome.traffic.values() {
        traffic += *each;
    }
    let lasted = outcome.lasted.since_start();
    let refused = traffic.gossip.refused + traffic.rpc.refused;
    println!("| whole nodes | kind | datagrams/s | kB/s | largest datagram |");
    println!("| --: | --- | --: | --: | --: |");
    for (kind, counts) in [("gossip", traffic.gossip), ("QUIC", traffic.rpc)] {
        let share = |count: u64| rate(count, nodes, lasted);
        println!(
            "| {nodes} | {kind} | {:.1} | {:.2} | {} |",
            share(counts.sent.datagrams),
            share(counts.sent.bytes) / 1000.0,
            counts.largest
        );
    }
    println!(
        "\nhealed after {:.1} virtual seconds, in {:.0} s; {} entries; {refused} datagrams over {LONGEST_DATAGRAM} bytes; \
         {}",
        lasted.as_secs_f64(),
        took.as_secs_f64(),
        outcome.entries.len(),
        memory()
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn rate(count: u64, nodes: usize, lasted: Duration) -> f64 {
    count as f64 / nodes as f64 / lasted.as_secs_f64()
}

/// The most memory that this process had, as the system says.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or_else(
        || "the system does not tell how much memory it took".to_owned(),
        |line| line.split_whitespace().collect::<Vec<_>>().join(" "),
    )
}
