//! The greeting: before anything else two peers tell each other who they are and which versions they speak.
//!
//! TLS 1.3 lets a caller believe it is connected before the other side has looked at its certificate, so a peer counts as
//! up only once its greeting is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use peerflow_model::{Epoch, Incarnation, NodeId};
use serde::{Deserialize, Serialize};

use crate::message::{Message, Version};

/// What a peer said of itself when the connection came up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerHello {
    pub node: NodeId,
    pub incarnation: Incarnation,
    /// Of its program.
    pub program_version: String,
    /// The highest epoch it had seen.
    pub epoch: Epoch,
    /// The newest version of the protocol that both speak.
    pub version: Version,
}

/// The greeting. Its form never changes, since it is said before a version is agreed on: what is new goes into `notes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) oldest: u8,
    pub(crate) newest: u8,
    pub(crate) program_version: String,
    pub(crate) cluster: String,
    pub(crate) node: NodeId,
    pub(crate) incarnation: Incarnation,
    pub(crate) epoch: Epoch,
    /// Unknown ones are passed over.
    pub(crate) notes: BTreeMap<String, String>,
}

/// The answer to a greeting. Its form never changes either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HelloAnswer {
    Welcome(Hello),
    Refused { reason: String },
}

/// Bytes of a greeting; a cluster's name and notes are short.
const LIMIT: usize = 16 * 1024;

impl Message for Hello {
    const NAME: &'static str = "a greeting";
    const LIMIT: usize = LIMIT;
}

impl Message for HelloAnswer {
    const NAME: &'static str = "an answer to the greeting";
    const LIMIT: usize = LIMIT;
}

/// Tells the highest epoch that this node has seen.
pub type EpochSource = Arc<dyn Fn() -> Epoch + Send + Sync>;

/// This node, as it introduces itself.
pub(crate) struct Introduction {
    pub(crate) node: NodeId,
    pub(crate) incarnation: Incarnation,
    pub(crate) program_version: String,
    pub(crate) cluster: String,
    pub(crate) epoch: EpochSource,
    /// Versions of the protocol that it speaks.
    pub(crate) versions: RangeInclusive<Version>,
}

impl Introduction {
    pub(crate) fn hello(&self) -> Hello {
        Hello {
            oldest: self.versions.start().0,
            newest: self.versions.end().0,
            program_version: self.program_version.clone(),
            cluster: self.cluster.clone(),
            node: self.node.clone(),
            incarnation: self.incarnation,
            epoch: (self.epoch)(),
            notes: BTreeMap::new(),
        }
    }

    /// What `theirs` comes to. Both sides come to the same.
    ///
    /// # Errors
    /// Why the two do not go together, and what to do.
    pub(crate) fn meet(&self, theirs: Hello) -> Result<PeerHello, String> {
        if theirs.cluster != self.cluster {
            return Err(format!(
                "{} is in cluster {:?} and {} in {:?}; give both the same cluster.name",
                theirs.node, theirs.cluster, self.node, self.cluster
            ));
        }
        if theirs.node == self.node && theirs.incarnation != self.incarnation {
            return Err(format!(
                "two nodes bear the id {}; give each a node.id of its own",
                self.node
            ));
        }
        let oldest = theirs.oldest.max(self.versions.start().0);
        let newest = theirs.newest.min(self.versions.end().0);
        if oldest > newest {
            return Err(format!(
                "{} (release {}) speaks versions {} to {} of the protocol and {} (release {}) {} to {}; upgrade the \
                 older node, one release after the other",
                theirs.node,
                theirs.program_version,
                theirs.oldest,
                theirs.newest,
                self.node,
                self.program_version,
                self.versions.start(),
                self.versions.end(),
            ));
        }
        Ok(PeerHello {
            node: theirs.node,
            incarnation: theirs.incarnation,
            program_version: theirs.program_version,
            epoch: theirs.epoch,
            version: Version(newest),
        })
    }
}

impl fmt::Debug for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introduction")
            .field("node", &self.node)
            .field("incarnation", &self.incarnation)
            .field("versions", &self.versions)
            .finish_non_exhaustive()
    }
}
