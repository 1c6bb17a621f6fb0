//! Whether a scenario makes sense: what does not is told before anything runs.

use std::ops::RangeInclusive;
use std::time::Duration;

use peerflow_node::format_duration;

use super::{Scenario, ScenarioError};
use crate::fault::{Fault, Target};

/// The most that a clock may jump: ten years, in seconds.
const JUMP: u64 = 10 * 366 * 24 * 3600;
/// The longest quantum.
const LATENCY: Duration = Duration::from_millis(200);
/// The most requests a second.
const REQUESTS: f64 = 1000.0;
/// Fewer than one in an hour are none.
const FEWEST_REQUESTS: f64 = 1.0 / 3600.0;

impl Scenario {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// Tells what does not.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.cluster()
            .and_then(|()| self.demand())
            .and_then(|()| {
                self.incidents
                    .iter()
                    .try_for_each(|each| self.fault(&each.fault))
            })
            .map_err(|what| self.unfit(what))?;
        self.registrations().map(drop)
    }

    fn cluster(&self) -> Result<(), String> {
        let cluster = &self.cluster;
        within("nodes", cluster.nodes, 1..=60_000)?;
        within("slots", cluster.slots, 1..=100_000)?;
        if cluster.latency.is_zero() {
            let why = "datagrams take at least one quantum, so it needs 1 ms or more";
            return Err(format!("has no latency; {why}"));
        }
        if cluster.latency > LATENCY {
            let (latency, most) = (format_duration(cluster.latency), format_duration(LATENCY));
            return Err(format!("has a latency of {latency}; the most is {most}"));
        }
        if cluster.renew_every.is_zero() || cluster.renew_every >= cluster.ttl {
            let (every, ttl) = (
                format_duration(cluster.renew_every),
                format_duration(cluster.ttl),
            );
            return Err(format!(
                "renews every {every} a lease of {ttl}; renew_every must be above zero and below ttl"
            ));
        }
        for (key, value) in [
            ("worker_lease", cluster.worker_lease),
            ("gossip_interval", cluster.gossip_interval),
        ] {
            if value.is_zero() {
                return Err(format!("has a {key} of zero; write 1s or more"));
            }
        }
        if cluster.begins_at.parse::<jiff::Timestamp>().is_err() {
            let at = &cluster.begins_at;
            return Err(format!(
                "begins at {at:?}, which is no instant; write it like 2026-11-20T23:58:30Z"
            ));
        }
        match jiff::tz::TimeZone::get(&cluster.timezone) {
            Ok(_zone) => Ok(()),
            Err(error) => Err(format!("has no time zone {:?}: {error}", cluster.timezone)),
        }
    }

    fn demand(&self) -> Result<(), String> {
        let requests = self.requests_per_second;
        if requests == 0.0 || (FEWEST_REQUESTS..=REQUESTS).contains(&requests) {
            return Ok(());
        }
        Err(format!(
            "has {requests} requests a second; write zero, or from one in an hour up to {REQUESTS}"
        ))
    }

    fn fault(&self, fault: &Fault) -> Result<(), String> {
        match fault {
            Fault::Crash { node, .. }
            | Fault::Stop { node }
            | Fault::Pause { node }
            | Fault::StoreCut { node }
            | Fault::GossipCut { node }
            | Fault::RpcCut { node }
            | Fault::Hold { node } => self.target(node),
            Fault::Slow { node, times } => {
                within("times", *times, 1..=1_000_000)?;
                self.target(node)
            }
            Fault::ClockJump { node, seconds } => {
                within("seconds", seconds.unsigned_abs(), 0..=JUMP)?;
                self.target(node)
            }
            Fault::OneWay { from, to } => self.target(from).and_then(|()| self.target(to)),
            Fault::Partition { nodes } => nodes.iter().try_for_each(|node| self.target(node)),
            Fault::Weather {
                loss,
                duplication,
                reordering,
                ..
            } => [
                ("loss", loss),
                ("duplication", duplication),
                ("reordering", reordering),
            ]
            .into_iter()
            .try_for_each(|(key, share)| probability(key, *share)),
            Fault::StoreFailsBefore { probability: share }
            | Fault::StoreFailsAfter { probability: share } => probability("probability", *share),
            Fault::StoreRefuses
            | Fault::StoreStalls
            | Fault::StoreSlow { .. }
            | Fault::StoreRestored { .. } => Ok(()),
        }
    }

    /// A fault that befalls nobody would make a scenario that tells nothing.
    fn target(&self, target: &Target) -> Result<(), String> {
        let Target::Node(name) = target else {
            return Ok(());
        };
        let nodes = self.cluster.nodes;
        let number = name
            .strip_prefix('n')
            .and_then(|number| number.parse().ok());
        if number.is_some_and(|number: usize| (1..=nodes).contains(&number)) {
            return Ok(());
        }
        Err(format!(
            "has no node {name:?}; write n1 to n{nodes}, or master, worker or all"
        ))
    }
}

fn within<T: PartialOrd + std::fmt::Display>(
    key: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(format!("has {value} as {key}; it needs {least} to {most}"))
}

fn probability(key: &str, share: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&share) {
        return Ok(());
    }
    Err(format!("has {share} as {key}; write a share from 0 to 1"))
}
