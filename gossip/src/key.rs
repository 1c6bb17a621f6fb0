//! The key that seals datagrams.

use std::fmt;

/// The key of a cluster's gossip; derived from the cluster's secret by the node. Its `Debug` hides it.
#[derive(Clone)]
pub struct GossipKey([u8; 32]);

impl GossipKey {
    /// A key of its bytes, which must be uniformly random or derived so that they look it.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for GossipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GossipKey(hidden)")
    }
}
