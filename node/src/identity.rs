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
    /// Where peers reach it; absent where it is to be alone.
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
