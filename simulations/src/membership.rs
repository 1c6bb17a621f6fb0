//! How membership scales: many gossips over the simulated network and nothing else of a node, measured in virtual time.
//!
//! Each gossip has a paused runtime of its own, as a whole node has in a run. One runtime for all would do with fewer
//! such states, but tokio would then pick whose turn it is, and a peer that dies could not simply be dropped.
//! Moving a thousand runtimes on by a quantum costs far less than what they do in it.

mod cluster;
mod figures;
mod peer;
mod spread;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::pinned;
use crate::time::{VirtualTime, WorldClock};
use cluster::Cluster;
pub use figures::{MembershipFigures, Steady};

/// How long anything may take before it is called not reached.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between the start and what is measured then.
const SETTLING: Duration = Duration::from_secs(1);
/// How long the steady traffic is counted.
const STEADY: Duration = Duration::from_secs(2);

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct MembershipOptions {
    /// From 4 to 60,000.
    pub nodes: usize,
    /// Decides everything that is drawn.
    pub seed: u64,
    /// Time between two rounds of gossip: 20 ms to 10 s.
    pub interval: Duration,
    /// How much older the cluster grows before a node dies: failure detectors that have heard more call it dead sooner.
    pub grows_older: Duration,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    #[error("membership of {0} nodes cannot be measured; take 4 to 60,000")]
    Nodes(usize),
    #[error("the measurement cannot be made repeatable: {0}")]
    Pin(#[from] pinned::PinError),
    #[error("a gossip did not begin: {0}")]
    Gossip(#[from] peerflow_gossip::Error),
    #[error(
        "the thread of the measurement broke off; this is a bug of the simulation or of the gossip"
    )]
    Panicked,
}

/// Starts so many gossips at once and watches them, on a thread of its own whose randomness follows from the seed. Each
/// figure is logged as soon as it is known, since a thousand nodes take a while.
///
/// # Errors
/// When the cluster cannot be made. What it does not reach within a virtual minute is none in the figures.
pub fn membership(options: MembershipOptions) -> Result<MembershipFigures, MembershipError> {
    if !(4..=60_000).contains(&options.nodes) {
        return Err(MembershipError::Nodes(options.nodes));
    }
    let thread = pinned::on_pinned_thread("membership", options.seed, move || measure(options))?;
    thread.join().map_err(|_panic| MembershipError::Panicked)?
}

fn measure(options: MembershipOptions) -> Result<MembershipFigures, MembershipError> {
    let clock = WorldClock::new(jiff::Timestamp::UNIX_EPOCH);
    let mut cluster = Cluster::new(clock, options);
    let nodes = options.nodes;
    let start = cluster.start_all(PATIENCE)?;
    let after_start = cluster.totals();
    tracing::info!(nodes, ?start, "all see all");
    cluster.run_for(SETTLING);
    let steady = cluster.steady(STEADY);
    tracing::info!(nodes, ?steady, "the traffic was counted");
    let join = cluster.join_one(PATIENCE)?;
    tracing::info!(nodes, ?join, "all see the node that joined");
    cluster.run_for(options.grows_older);
    let death = cluster.kill_one(PATIENCE);
    tracing::info!(nodes, ?death, "all know of the death");
    let end = cluster.totals();
    Ok(MembershipFigures {
        nodes,
        seed: options.seed,
        start,
        start_bytes: after_start.bytes_per_node(nodes),
        steady,
        join,
        death,
        largest: end.largest,
        too_large: end.too_large,
        lost: end.lost,
        restarts: end.restarts,
        most_wrongly_dead: cluster.most_wrongly_dead(),
        lasted: cluster.now().since(VirtualTime::default()),
    })
}
