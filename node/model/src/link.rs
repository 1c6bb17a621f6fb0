//! Links: databases and file systems that actions reach by name.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::definition::ContentHash;

/// What a link leads to. Names of the two kinds do not clash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    Database,
    File,
}

impl LinkKind {
    /// As commands and paths of the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "db",
            Self::File => "file",
        }
    }

    /// As people call one.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Database => "database link",
            Self::File => "file link",
        }
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}

/// Identity of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinkKey {
    pub kind: LinkKind,
    pub name: String,
}

impl fmt::Display for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// A link as it is kept and shown: without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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

impl LinkRecord {
    /// How many links a cluster may have, of both kinds together.
    pub const MOST: usize = 10_000;
    /// Bytes that the settings and the sealed secrets of one may have.
    pub const MAX_BYTES: usize = 64 * 1024;

    pub fn key(&self) -> LinkKey {
        LinkKey {
            kind: self.kind,
            name: self.name.clone(),
        }
    }

    /// Bytes of what is kept of it.
    pub fn size(&self) -> usize {
        self.texts().map(|text| text.len()).sum()
    }

    /// Tells this content from any other; when it was changed does not count. Secrets that were sealed anew have
    /// another one, although they are the same.
    pub fn hash(&self) -> ContentHash {
        let mut digest = Sha256::new();
        for text in self.texts() {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        digest.update(self.settings.port.map_or([0; 3], |port| {
            let [high, low] = port.to_be_bytes();
            [1, high, low]
        }));
        ContentHash(digest.finalize().into())
    }

    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let settings = &self.settings;
        let texts = [
            &settings.system,
            &settings.jdbc_url,
            &settings.host,
            &settings.username,
            &settings.description,
        ];
        let properties = settings.properties.iter();
        texts
            .into_iter()
            .chain(properties.flat_map(|(name, value)| [name, value]))
            .map(|text| text.as_bytes())
            .chain([self.sealed.as_slice()])
    }
}

impl fmt::Debug for LinkRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkRecord")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("type", &self.settings.system)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_tells_contents_apart_and_not_times() {
        let link = LinkRecord {
            kind: LinkKind::Database,
            name: "dw".to_owned(),
            settings: LinkSettings {
                system: "MYSQL".to_owned(),
                ..LinkSettings::default()
            },
            sealed: vec![1, 2],
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let later = LinkRecord {
            updated_at: Timestamp::MAX,
            ..link.clone()
        };
        assert_eq!(later.hash(), link.hash());
        let changed = |change: &dyn Fn(&mut LinkRecord)| {
            let mut other = link.clone();
            change(&mut other);
            other.hash()
        };
        let hashes = [
            link.hash(),
            changed(&|link| link.sealed = vec![1]),
            changed(&|link| link.settings.port = Some(0)),
            changed(&|link| link.settings.host = "h".to_owned()),
            changed(&|link| link.settings.username = "h".to_owned()),
            changed(&|link| drop(link.settings.properties.insert("a".into(), "b".into()))),
            changed(&|link| drop(link.settings.properties.insert("ab".into(), String::new()))),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.into_iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
