//! What the configuration says of this node's place among others.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use peerflow_wire::ClusterSecret;

use super::advertise::advertised;
use super::secret::warn_of_readers;
use super::{Config, PeerAddress};

/// Where a node of a cluster listens for its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterSockets {
    /// UDP, for gossip.
    pub gossip: SocketAddr,
    /// UDP, for QUIC.
    pub rpc: SocketAddr,
}

impl Config {
    /// The secret that all nodes of the cluster share; absent: this node is alone.
    pub fn cluster_secret(&self) -> Option<ClusterSecret> {
        self.cluster.secret.clone()
    }

    /// Where to listen for peers. `None` without a secret: then no such socket may be opened at all, since nothing would
    /// tell peers from strangers. `None` too where the listeners are switched off.
    pub fn cluster_sockets(&self) -> Option<ClusterSockets> {
        self.cluster.secret.as_ref()?;
        Some(ClusterSockets {
            gossip: self.gossip.listen?,
            rpc: self.rpc.listen?,
        })
    }

    /// Where peers reach the gossip socket that is bound to `bound`: host and port, by name or IP address.
    pub fn gossip_advertised(&self, bound: SocketAddr) -> PeerAddress {
        let own = advertised(self.gossip.advertise.as_ref(), bound, &self.cluster.seeds);
        own.unwrap_or_else(|| nowhere(bound))
    }

    /// Where peers reach the QUIC socket that is bound to `bound`: host and port, by name or IP address.
    pub fn rpc_advertised(&self, bound: SocketAddr) -> PeerAddress {
        let own = advertised(self.rpc.advertise.as_ref(), bound, &self.cluster.seeds);
        own.unwrap_or_else(|| nowhere(bound))
    }

    /// URL of the API whose socket is bound to `bound`, as people reach it. Where the socket is on every address of the
    /// machine, the host is the one that peers are told.
    pub fn http_advertised(&self, bound: SocketAddr) -> String {
        let of_peers = self
            .rpc
            .advertise
            .as_ref()
            .or(self.gossip.advertise.as_ref());
        let host = of_peers
            .filter(|_| bound.ip().is_unspecified())
            .map(|told| PeerAddress {
                host: told.host.clone(),
                port: None,
            });
        let told =
            advertised(host.as_ref(), bound, &self.cluster.seeds).unwrap_or_else(|| nowhere(bound));
        let scheme = if self.http.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{told}")
    }

    /// What is allowed but should be told when the node starts.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(path) = &self.cluster.secret_file {
            warnings.extend(warn_of_readers(path));
        }
        let is_inside = |listen: Option<SocketAddr>| {
            listen.is_some_and(|address| address.ip().to_canonical().is_loopback())
        };
        let outside = self.cluster.seeds.iter().find(|seed| !seed.is_loopback());
        if let Some(seed) = outside
            && (is_inside(self.gossip.listen) || is_inside(self.rpc.listen))
        {
            warnings.push(format!(
                "peers on other machines, such as the seed {seed}, cannot be reached from a socket on loopback; set \
                 gossip.listen and rpc.listen (--gossip, --rpc) to an address of this machine, or to 0.0.0.0"
            ));
        }
        warnings
    }
}

/// For a machine without a network, whose only peers are its own processes.
fn nowhere(bound: SocketAddr) -> PeerAddress {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), bound.port()).into()
}
