//! Links: databases and file systems that actions reach by name.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a link leads to. Names of the two kinds do not clash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    Database,
    File,
}

/// A link as it is kept and shown: without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSettings {
    /// `MYSQL`, `SFTP`: upper case.
    #[serde(rename = "type")]
    pub system: String,
    /// Of a database: its URL without any password. Empty for files.
    pub jdbc_url: String,
    /// Of files: the host. Empty for databases.
    pub host: String,
    /// Of files; `None` is the usual one.
    pub port: Option<u16>,
    pub username: String,
    pub description: String,
    /// Further settings that the kind of system understands.
    pub properties: BTreeMap<String, String>,
}

/// A link as the store keeps it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    pub kind: LinkKind,
    /// Unique within its kind; at most 255 bytes.
    pub name: String,
    pub settings: LinkSettings,
    /// The encrypted secrets: password and secret properties. Empty when there are none.
    pub sealed: Vec<u8>,
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for LinkRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkRecord")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("type", &self.settings.system)
            .finish_non_exhaustive()
    }
}
