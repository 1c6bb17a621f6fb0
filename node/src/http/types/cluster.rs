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
    /// What an operator must look after although work goes on, for people; empty while all is well.
    #[serde(default)]
    pub alarms: Vec<String>,
    /// IANA zone of schedules that name none, and of the times in answers.
    #[serde(default)]
    pub timezone: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    pub id: String,
    pub state: NodeState,
    /// URL of its HTTP API; empty where it serves none.
    pub http: String,
    /// Address for other nodes, by QUIC; empty while it takes part in no cluster.
    pub rpc: String,
    /// Address of its gossip; empty while it takes part in no cluster.
    #[serde(default)]
    pub gossip: String,
    pub labels: BTreeSet<String>,
    /// How many tasks it runs at once.
    pub slots: u32,
    /// How many it runs now.
    pub running: u32,
    /// Load average of one minute for each core.
    #[serde(default)]
    pub load: f32,
    pub version: String,
    /// Which life of the node this is; grows with each start.
    #[serde(default)]
    pub incarnation: u64,
    /// The highest epoch that it has seen.
    #[serde(default)]
    pub epoch: u64,
    /// Whether it reached the store when it last tried.
    #[serde(default)]
    pub store_reachable: bool,
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

/// How a node is to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Drain {
    /// It stays after all.
    pub off: bool,
    /// What runs there is killed and runs again elsewhere, without using a retry; otherwise it is waited for.
    #[serde(rename = "move")]
    pub moves: bool,
}

/// A new value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingValue {
    /// As the configuration file writes it, without quotes.
    pub value: String,
}

/// Cluster-wide settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Values in force by key, such as `node.timezone`.
    pub settings: BTreeMap<String, String>,
}
