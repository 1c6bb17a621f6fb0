//! Registered documents and the files that belong to them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use peerflow_workflow::{CoordinatorName, WorkflowName};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// SHA-256 of some content; displayed in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The hash of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// The identity of a definition: what its document says together with the files snapshotted with it, each by path,
    /// content and whether it is executable. Their order does not count. Without files it is the hash of the document
    /// alone.
    ///
    /// Where only the text of a document matters, as for what a node's loader offered, [`ContentHash::of`] it is taken.
    pub fn of_definition(xml: &str, files: &[FileRecord]) -> Self {
        let text = Self::of(xml.as_bytes());
        if files.is_empty() {
            return text;
        }
        let mut sorted: Vec<&FileRecord> = files.iter().collect();
        sorted.sort();
        let mut digest = Sha256::new();
        digest.update(text.0);
        for file in sorted {
            digest.update((file.path.len() as u64).to_be_bytes());
            digest.update(file.path.as_bytes());
            digest.update(file.hash.0);
            digest.update([u8::from(file.executable)]);
        }
        Self(digest.finalize().into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no hash of 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a content hash has 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for ContentHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NotAHash);
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_not_ascii| NotAHash)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_not_hex| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A registered workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowRecord {
    pub name: WorkflowName,
    /// The document as it was given.
    pub xml: Arc<str>,
    /// Identity of the definition, see [`ContentHash::of_definition`]. Whoever reads it takes it as it is: definitions
    /// registered by early versions go by the hash of `xml` alone.
    pub hash: ContentHash,
    /// Copied from the document, for lists.
    pub dir: String,
    /// Copied from the document, for lists.
    pub creator: String,
    /// Copied from the document, for lists.
    pub description: String,
    /// Files snapshotted with it.
    pub files: Vec<FileRecord>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What an instance goes by: a document and the files snapshotted with it, kept as long as a run refers to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDefinition {
    /// The document as it was given.
    pub xml: Arc<str>,
    /// Sorted by path.
    pub files: Vec<FileRecord>,
}

/// A registered standalone coordinator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoordinatorRecord {
    pub name: CoordinatorName,
    pub xml: Arc<str>,
    /// Hash of `xml`.
    pub hash: ContentHash,
    pub dir: String,
    pub creator: String,
    pub description: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A file snapshotted by content when its workflow was registered. The content is stored apart, by hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRecord {
    /// The path as the workflow writes it.
    pub path: String,
    pub hash: ContentHash,
    /// Bytes.
    pub size: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str) -> FileRecord {
        FileRecord {
            path: path.to_owned(),
            hash: ContentHash::of(content.as_bytes()),
            size: content.len() as u64,
            executable: false,
        }
    }

    #[test]
    fn a_definition_is_another_one_with_any_other_file() {
        let (a, b) = (file("a", "one"), file("b", "two"));
        let executable = FileRecord {
            executable: true,
            ..a.clone()
        };
        let lists = [
            vec![],
            vec![a.clone()],
            vec![executable],
            vec![file("a", "other")],
            vec![file("c", "one")],
            vec![a.clone(), b.clone()],
        ];
        let hashes: std::collections::BTreeSet<ContentHash> = lists
            .iter()
            .map(|files| ContentHash::of_definition("<w/>", files))
            .collect();
        assert_eq!(hashes.len(), lists.len());
        assert_eq!(
            ContentHash::of_definition("<w/>", &[a.clone(), b.clone()]),
            ContentHash::of_definition("<w/>", &[b, a.clone()])
        );
        assert_ne!(
            ContentHash::of_definition("<w/>", std::slice::from_ref(&a)),
            ContentHash::of_definition("<v/>", &[a])
        );
        assert_eq!(
            ContentHash::of_definition("<w/>", &[]),
            ContentHash::of(b"<w/>")
        );
    }
}
