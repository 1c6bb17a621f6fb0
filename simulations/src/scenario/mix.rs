//! The standard mix: a cluster, its demand and its faults, drawn from a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::{Cluster, Expect, Scenario};
use crate::fault::{Fault, Incident, Target};

/// What kinds of faults are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    Crash,
    Stop,
    Pause,
    Slow,
    Network,
    Store,
    Restore,
    Clock,
}

impl FaultKind {
    /// All of them, as `--faults all` means.
    pub const ALL: [Self; 8] = [
        Self::Crash,
        Self::Stop,
        Self::Pause,
        Self::Slow,
        Self::Network,
        Self::Store,
        Self::Restore,
        Self::Clock,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Stop => "stop",
            Self::Pause => "pause",
            Self::Slow => "slow",
            Self::Network => "network",
            Self::Store => "store",
            Self::Restore => "restore",
            Self::Clock => "clock",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
            format!(
                "there is no kind of fault {text:?}; there are {}",
                known.join(", ")
            )
        })
    }
}

/// In runs longer than this faults come less often and last longer, so that a day has no more of them than this has.
const DENSE: Duration = Duration::from_secs(600);
/// Faults of long runs last so many times longer at most.
const LONGER: f64 = 30.0;

/// Draws what happens for `lasts` to `cluster`: faults of those kinds, one every few seconds, which may overlap. In a run
/// of more than ten minutes, about 180 in all.
pub fn mix(seed: u64, mut cluster: Cluster, lasts: Duration, kinds: &[FaultKind]) -> Scenario {
    let mut random = SmallRng::seed_from_u64(seed);
    cluster.jitter = cluster.latency.mul_f64(random.random_range(0.5..8.0));
    let mut incidents = Vec::new();
    let mut at = Duration::from_secs_f64(random.random_range(0.5..4.0));
    // A store goes back at most once in a run: it takes an operator to go on from there.
    let mut may_restore = random.random_bool(0.15);
    let stretch = lasts.div_duration_f64(DENSE).max(1.0);
    while at < lasts && !kinds.is_empty() {
        let kind = *kinds.choose(&mut random).unwrap_or(&FaultKind::Crash);
        let is_restore = kind == FaultKind::Restore;
        if !is_restore || std::mem::take(&mut may_restore) {
            let mut fault = draw(&mut random, kind, cluster.nodes);
            if let Fault::Weather { latency, .. } = &mut fault {
                *latency = cluster.latency.max(*latency);
            }
            let length = random.random_range(0.2..9.0) * stretch.min(LONGER);
            let lasts = fault.has_length().then(|| Duration::from_secs_f64(length));
            incidents.push(Incident { at, lasts, fault });
        }
        at += Duration::from_secs_f64(random.random_range(0.5..6.0) * stretch);
    }
    Scenario {
        name: "mix".to_owned(),
        story: "the standard mix: faults drawn from the seed".to_owned(),
        cluster,
        lasts,
        requests_per_second: random.random_range(0.3..2.0),
        workflows: Vec::new(),
        copies: BTreeMap::new(),
        expect: Expect::default(),
        incidents,
    }
}

fn draw(random: &mut SmallRng, kind: FaultKind, nodes: usize) -> Fault {
    let node = target(random, nodes);
    match kind {
        FaultKind::Crash => Fault::Crash {
            node,
            loses_disk: random.random_bool(0.1),
        },
        FaultKind::Stop => Fault::Stop { node },
        FaultKind::Pause => Fault::Pause { node },
        FaultKind::Slow => Fault::Slow {
            node,
            times: random.random_range(2..60),
        },
        FaultKind::Network => network(random, node, nodes),
        FaultKind::Store => store(random, node),
        FaultKind::Restore => Fault::StoreRestored {
            age: Duration::from_secs_f64(random.random_range(0.5..15.0)),
        },
        FaultKind::Clock => Fault::ClockJump {
            node,
            seconds: *[-7200, -60, -5, 5, 20, 3600].choose(random).unwrap_or(&60),
        },
    }
}

fn network(random: &mut SmallRng, node: Target, nodes: usize) -> Fault {
    match random.random_range(0..7) {
        0 => Fault::OneWay {
            from: node,
            to: target(random, nodes),
        },
        1 => {
            let some = random.random_range(1..=nodes.div_ceil(2));
            let mut cut: Vec<_> = (1..=nodes).collect();
            while cut.len() > some {
                cut.remove(random.random_range(0..cut.len()));
            }
            let nodes = cut.iter().map(|number| Target::Node(format!("n{number}")));
            Fault::Partition {
                nodes: nodes.collect(),
            }
        }
        2 => Fault::GossipCut { node },
        3 => Fault::RpcCut { node },
        4 => Fault::Hold { node },
        5 => Fault::Partition { nodes: vec![node] },
        _ => Fault::Weather {
            loss: random.random_range(0.0..0.3),
            duplication: random.random_range(0.0..0.2),
            reordering: random.random_range(0.0..0.3),
            latency: Duration::from_millis(random.random_range(1..150)),
            jitter: Duration::from_millis(random.random_range(0..150)),
        },
    }
}

fn store(random: &mut SmallRng, node: Target) -> Fault {
    match random.random_range(0..6) {
        0 => Fault::StoreRefuses,
        1 => Fault::StoreStalls,
        2 => Fault::StoreSlow {
            by: Duration::from_millis(random.random_range(5..800)),
        },
        3 => Fault::StoreFailsBefore {
            probability: random.random_range(0.02..0.4),
        },
        4 => Fault::StoreFailsAfter {
            probability: random.random_range(0.02..0.4),
        },
        _ => Fault::StoreCut { node },
    }
}

/// The master as often as not.
fn target(random: &mut SmallRng, nodes: usize) -> Target {
    match random.random_range(0..10) {
        0..4 => Target::Master,
        4..6 => Target::Worker,
        _ => Target::Node(format!("n{}", random.random_range(1..=nodes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(lasts: Duration) -> Vec<Incident> {
        mix(1, Cluster::default(), lasts, &FaultKind::ALL).incidents
    }

    #[test]
    fn a_day_has_about_as_many_faults_as_ten_minutes_and_they_last_longer() {
        let (dense, day) = (faults(DENSE), faults(DENSE * 144));
        assert!((dense.len() / 2..dense.len() * 2).contains(&day.len()));
        let longest = |faults: &[Incident]| faults.iter().filter_map(|fault| fault.lasts).max();
        assert!(longest(&dense) < Some(Duration::from_secs(9)));
        assert!(longest(&day) > Some(Duration::from_secs(120)));
    }

    #[test]
    fn no_weather_is_faster_than_a_quantum() {
        let cluster = Cluster {
            latency: Duration::from_millis(100),
            ..Cluster::default()
        };
        let drawn = mix(1, cluster, DENSE, &[FaultKind::Network]).incidents;
        let latencies = drawn.iter().filter_map(|incident| match incident.fault {
            Fault::Weather { latency, .. } => Some(latency),
            _ => None,
        });
        let latencies: Vec<_> = latencies.collect();
        assert!(latencies.len() > 3);
        assert!(
            latencies
                .iter()
                .all(|latency| *latency >= Duration::from_millis(100))
        );
    }
}
