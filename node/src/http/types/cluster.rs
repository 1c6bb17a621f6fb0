//! The cluster and its nodes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::Time;

/// The cluster as this peer sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cluster {
    pub name: String,
    /// Id of the master; absent while there is none.
    pub master: Option<String>,
    /// The term of mastership.
    pub epoch: u64,
    pub nodes: Vec<Node>,
    /// The node that answers.
    #[serde(default)]
    pub answered_by: String,
    /// Why nothing is scheduled now, for people; absent while all is well.
    #[serde(default)]
    pub trouble: Option<String>,
    /// IANA zone of schedules that name none, and of the times in answers.
    #[serde(default)]
    pub timezone: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    pub id: String,
    pub state: NodeState,
    /// Address of its HTTP API.
    pub http: String,
    /// Address for other nodes; empty while it takes part in no cluster.
    pub rpc: String,
    pub labels: BTreeSet<String>,
    /// How many tasks it runs at once.
    pub slots: u32,
    /// How many it runs now.
    pub running: u32,
    pub version: String,
    pub started_at: Time,
}

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    Alive,
    /// Takes no new tasks.
    Draining,
    Dead,
}

/// Cluster-wide settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Values in force by key, such as `node.timezone`.
    pub settings: BTreeMap<String, String>,
}
