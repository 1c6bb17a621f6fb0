//! Who this node is.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use jiff::Timestamp;
use peerflow_engine::Peer;
use peerflow_model::{Incarnation, NodeId};

/// Who this node is, for the whole of one life.
#[derive(Clone, Debug)]
pub struct NodeIdentity {
    pub id: NodeId,
    pub incarnation: Incarnation,
    /// Of the program.
    pub version: &'static str,
    pub started_at: Timestamp,
    pub labels: BTreeSet<String>,
    pub slots: u32,
    /// Where HTTP is served; absent when it is off.
    pub http: Option<SocketAddr>,
    /// Where peers reach it; absent in this release's single node.
    pub rpc: Option<SocketAddr>,
    pub cluster_name: String,
    /// Names and addresses that an action's `host` may use for this machine.
    pub hosts: BTreeSet<String>,
}

impl NodeIdentity {
    /// What the engine is told.
    pub(crate) fn peer(&self, draining: bool) -> Peer {
        Peer {
            id: self.id.clone(),
            incarnation: self.incarnation,
            hosts: self.hosts.clone(),
            labels: self.labels.clone(),
            slots: self.slots,
            load: 0,
            draining,
        }
    }
}

/// Names and addresses of this machine, as far as it knows them itself.
pub(crate) fn own_hosts() -> BTreeSet<String> {
    let full = nix::sys::utsname::uname()
        .map(|names| names.nodename().to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut hosts: BTreeSet<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    hosts.insert(crate::data_dir::host_name());
    hosts.insert(full);
    hosts.extend(interface_addresses());
    hosts.remove("");
    hosts
}

/// Addresses of the machine's network interfaces.
fn interface_addresses() -> BTreeSet<String> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else {
        return BTreeSet::new();
    };
    interfaces
        .filter_map(|interface| interface.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| v4.ip().to_string());
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().to_string()))
        })
        .collect()
}
