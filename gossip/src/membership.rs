//! What the rest of the node knows of the gossip.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::member::{Members, Word};
use crate::meters::Meters;

/// Who is there, and what each says of itself.
#[async_trait]
pub trait Membership: Send + Sync + Debug {
    /// The members, published again as soon as anything about them changes.
    fn members(&self) -> watch::Receiver<Arc<Members>>;

    /// Replaces what this node says of itself. Cheap and never blocks: of several calls in short order peers may see
    /// only the last. What peers wait for (a new epoch, a released lease, the store, draining) is sent to all of them
    /// at once, a renewal with the next round; running tasks and load change at most once in 25 rounds (5 s).
    fn tell(&self, word: Word);

    /// Tells the peers that this node goes, so that they call it left and not dead. Returns once it was said, or could
    /// not be within a second.
    async fn leave(&self);

    /// What was counted since the start.
    fn meters(&self) -> Meters;
}
