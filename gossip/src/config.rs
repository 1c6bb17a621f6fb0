//! What the gossip of a node is told, and whether it makes sense.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use peerflow_model::{Incarnation, NodeId};

use crate::clock::WallClock;
use crate::error::Error;
use crate::key::GossipKey;
use crate::member::About;
use crate::value;

/// Longest name of a cluster, in bytes.
const CLUSTER_BYTES: usize = 64;
/// Seeds at most.
const SEEDS: usize = 64;
const INTERVAL: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(20)..=Duration::from_secs(10);

/// What the gossip of a node is told.
#[derive(Clone, Debug)]
pub struct GossipConfig {
    /// Name of the cluster: nodes of another one stay unseen, whatever their key. At most 64 bytes.
    pub cluster: String,
    /// This node's id: 1 to 20 bytes.
    pub node: NodeId,
    /// This node's life; must grow with each start.
    pub incarnation: Incarnation,
    /// Where datagrams arrive; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// Where peers send to, when that is not the address it listens on. Port 0 means the port it listens on. When absent
    /// and it listens on all addresses, the one that reaches the seeds is taken.
    pub advertise: Option<SocketAddr>,
    /// Nodes to ask first, as HOST:PORT; may name this node itself; empty for a node that is alone or a seed itself.
    pub seeds: Vec<String>,
    /// Time between rounds: 20 ms to 10 s. A peer is called dead after some six to ten rounds without a sign of life.
    pub interval: Duration,
    pub key: GossipKey,
    pub clock: WallClock,
    pub about: About,
}

impl GossipConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if value::node_id(self.node.as_str()).is_none() {
            return Err(Error::BadNodeId {
                id: self.node.to_string(),
            });
        }
        if !(1..=CLUSTER_BYTES).contains(&self.cluster.len()) {
            return Err(Error::BadCluster {
                length: self.cluster.len(),
                limit: CLUSTER_BYTES,
            });
        }
        if !INTERVAL.contains(&self.interval) {
            return Err(Error::BadInterval {
                millis: self.interval.as_millis(),
            });
        }
        if self.seeds.len() > SEEDS {
            return Err(Error::TooManySeeds {
                count: self.seeds.len(),
                limit: SEEDS,
            });
        }
        match self.seeds.iter().find(|seed| !is_host_and_port(seed)) {
            Some(seed) => Err(Error::BadSeed { seed: seed.clone() }),
            None => Ok(()),
        }
    }

    /// The text of what this node says of itself. A machine may have hundreds of addresses, which nobody chose: those
    /// that do not fit are left out, names and labels never.
    pub(crate) fn about_text(&self) -> Result<String, Error> {
        let mut about = self.about.clone();
        let mut left_out = 0;
        loop {
            let error = match value::write_about(&about) {
                Ok(text) => {
                    if left_out > 0 {
                        tracing::warn!(
                            left_out,
                            "this machine has more addresses than peers can be told; name it by host name in actions"
                        );
                    }
                    return Ok(text);
                }
                Err(error) => error,
            };
            let address = about
                .hosts
                .iter()
                .rfind(|host| host.parse::<IpAddr>().is_ok());
            let Some(address) = address.cloned() else {
                return Err(error);
            };
            about.hosts.remove(&address);
            left_out += 1;
        }
    }
}

fn is_host_and_port(seed: &str) -> bool {
    if let Ok(address) = seed.parse::<SocketAddr>() {
        return address.port() != 0;
    }
    seed.rsplit_once(':').is_some_and(|(host, port)| {
        let fits = (1..=253).contains(&host.len());
        let is_name = fits && !host.contains(|c: char| c.is_whitespace() || ":[]/@".contains(c));
        is_name && port.parse::<u16>().is_ok_and(|port| port != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_names_or_addresses_with_a_port() {
        for good in [
            "node1:7501",
            "a.b.example:1",
            "10.0.0.1:7501",
            "[fd00::1]:7501",
        ] {
            assert!(is_host_and_port(good), "{good}");
        }
        for bad in [
            "",
            "node1",
            "node1:",
            ":7501",
            "node1:0",
            "node1:70000",
            "fd00::1:7501",
            "http://node1:7501",
            "a b:1",
            "10.0.0.1:0",
        ] {
            assert!(!is_host_and_port(bad), "{bad}");
        }
    }
}
