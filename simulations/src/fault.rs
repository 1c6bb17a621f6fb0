//! What can go wrong in a run, as data: scenarios name faults, and plans are drawn of them.

use std::fmt;
use std::time::Duration;

use peerflow_node::format_duration;
use serde::Deserialize;

/// Something that goes wrong, and when.
#[derive(Clone, Debug)]
pub struct Incident {
    /// After the beginning of the run.
    pub at: Duration,
    /// How long it lasts; absent: for good, or it has no length.
    pub lasts: Option<Duration>,
    pub fault: Fault,
}

/// Whom a fault befalls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Target {
    /// Whoever is master when it begins; nobody when there is none.
    Master,
    /// The node with the most running tasks that is not master.
    Worker,
    /// All nodes.
    All,
    /// That node: `n1`, `n2`, …
    Node(String),
}

/// What can go wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The node dies and is started again when it is over.
    Crash {
        node: Target,
        /// Its data directory is lost too.
        #[serde(default)]
        loses_disk: bool,
    },
    /// The node is stopped as by SIGTERM, and started again when it is over.
    Stop { node: Target },
    /// The node's program stands still (SIGSTOP); its tasks run on.
    Pause { node: Target },
    /// The node's program gets one quantum of so many.
    Slow { node: Target, times: u32 },
    /// Datagrams from one node do not reach the other; the other way they do.
    OneWay { from: Target, to: Target },
    /// The nodes are cut from all others, not from each other.
    Partition { nodes: Vec<Target> },
    /// The node is cut from the store only.
    StoreCut { node: Target },
    /// Gossip of the node is lost; connections hold.
    GossipCut { node: Target },
    /// Connections of the node are lost; gossip goes on.
    RpcCut { node: Target },
    /// The network loses, doubles, reorders and delays.
    Weather {
        #[serde(default)]
        loss: f64,
        #[serde(default)]
        duplication: f64,
        #[serde(default)]
        reordering: f64,
        #[serde(default, with = "duration")]
        latency: Duration,
        #[serde(default, with = "duration")]
        jitter: Duration,
    },
    /// What the node sends is held, and let go all at once when it is over.
    Hold { node: Target },
    /// The store refuses all.
    StoreRefuses,
    /// The store answers nobody until it is over, then all.
    StoreStalls,
    /// Each call of the store takes that much longer.
    StoreSlow {
        #[serde(with = "duration")]
        by: Duration,
    },
    /// Calls of the store fail before they are done.
    StoreFailsBefore { probability: f64 },
    /// Calls of the store are done, and their callers told that the connection broke.
    StoreFailsAfter { probability: f64 },
    /// The store is put back to what it was that long ago.
    StoreRestored {
        #[serde(with = "duration")]
        age: Duration,
    },
    /// The node's wall clock jumps; back again when it is over.
    ClockJump {
        node: Target,
        /// Seconds ahead; less than zero: back.
        seconds: i64,
    },
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        match text.as_str() {
            "master" => Self::Master,
            "worker" => Self::Worker,
            "all" => Self::All,
            _ => Self::Node(text),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Worker => "worker",
            Self::All => "all",
            Self::Node(name) => name,
        })
    }
}

impl Fault {
    /// Whether it goes on for some time.
    pub(crate) fn has_length(&self) -> bool {
        !matches!(self, Self::StoreRestored { .. })
    }

    /// The fault in words, with those whom it befell.
    pub(crate) fn befalling(&self, whom: &str) -> String {
        let mut named = self.clone();
        match &mut named {
            Self::Crash { node, .. }
            | Self::Stop { node }
            | Self::Pause { node }
            | Self::Slow { node, .. }
            | Self::StoreCut { node }
            | Self::GossipCut { node }
            | Self::RpcCut { node }
            | Self::Hold { node }
            | Self::ClockJump { node, .. } => *node = Target::Node(whom.to_owned()),
            Self::OneWay { .. }
            | Self::Partition { .. }
            | Self::Weather { .. }
            | Self::StoreRefuses
            | Self::StoreStalls
            | Self::StoreSlow { .. }
            | Self::StoreFailsBefore { .. }
            | Self::StoreFailsAfter { .. }
            | Self::StoreRestored { .. } => {}
        }
        named.to_string()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash {
                node,
                loses_disk: true,
            } => write!(f, "{node} dies and loses its disk"),
            Self::Crash { node, .. } => write!(f, "{node} dies"),
            Self::Stop { node } => write!(f, "{node} is stopped"),
            Self::Pause { node } => write!(f, "{node} stands still"),
            Self::Slow { node, times } => write!(f, "{node} is {times} times slower"),
            Self::OneWay { from, to } => write!(f, "nothing comes from {from} to {to}"),
            Self::Partition { nodes } => {
                let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
                write!(f, "{} cut from the others", names.join(", "))
            }
            Self::StoreCut { node } => write!(f, "{node} cut from the store"),
            Self::GossipCut { node } => write!(f, "gossip of {node} is lost"),
            Self::RpcCut { node } => write!(f, "connections of {node} are lost"),
            Self::Weather {
                loss,
                duplication,
                reordering,
                latency,
                jitter,
            } => write!(
                f,
                "network: {:.0} % lost, {:.0} % doubled, {:.0} % reordered, {} and up to {} more",
                loss * 100.0,
                duplication * 100.0,
                reordering * 100.0,
                format_duration(*latency),
                format_duration(*jitter)
            ),
            Self::Hold { node } => write!(f, "what {node} sends is held"),
            Self::StoreRefuses => write!(f, "the store refuses"),
            Self::StoreStalls => write!(f, "the store stalls"),
            Self::StoreSlow { by } => write!(f, "the store is slower by {}", format_duration(*by)),
            Self::StoreFailsBefore { probability } => {
                write!(f, "{:.0} % of calls to the store fail", probability * 100.0)
            }
            Self::StoreFailsAfter { probability } => write!(
                f,
                "{:.0} % of the store's answers are lost",
                probability * 100.0
            ),
            Self::StoreRestored { age } => {
                write!(f, "the store goes back by {}", format_duration(*age))
            }
            Self::ClockJump { node, seconds } => {
                write!(f, "the clock of {node} jumps by {seconds} s")
            }
        }
    }
}

pub(crate) mod duration {
    use std::time::Duration;

    use peerflow_node::parse_duration;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        parse_duration(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

pub(crate) mod optional_duration {
    use std::time::Duration;

    use serde::Deserializer;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::duration::deserialize(from).map(Some)
    }
}
