//! How membership scales: many gossips over the simulated network and nothing else of a node, measured in virtual time.
//!
//! Each gossip has a paused runtime of its own, as a whole node has in a run. One runtime for all would do with fewer
//! threads' worth of state, but tokio would then pick whose turn it is, and a peer that dies could not simply be dropped.
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
/// Between one thing that is measured and the next, so that the failure detectors know the peers' rhythm.
const SETTLING: Duration = Duration::from_secs(3);
/// How long the steady traffic is counted.
const STEADY: Duration = Duration::from_secs(5);

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct MembershipOptions {
    /// From 4 to 60,000.
    pub nodes: usize,
    /// Decides everything that is drawn.
    pub seed: u64,
    /// Time between two rounds of gossip: 20 ms to 10 s.
    pub interval: Duration,
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

/// Starts so many gossips at once and watches them, on a thread of its own whose randomness follows from the seed.
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
    let start = cluster.start_all(PATIENCE)?;
    let after_start = cluster.totals();
    cluster.run_for(SETTLING);
    let steady = cluster.steady(STEADY);
    let join = cluster.join_one(PATIENCE)?;
    cluster.run_for(SETTLING);
    let death = cluster.kill_one(PATIENCE);
    let end = cluster.totals();
    Ok(MembershipFigures {
        nodes: options.nodes,
        seed: options.seed,
        start,
        start_bytes: after_start.bytes_per_node(options.nodes),
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
