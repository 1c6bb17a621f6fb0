//! The store went back: it was restored from a backup, or a lagging replica took its place.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::Epoch;

/// A store that went back, until an operator has decided on all that is in doubt since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// The epoch that began when it was found out: attempts that were given in earlier ones are in doubt.
    pub epoch: Epoch,
    /// When it was found out, by the store's clock.
    pub found_at: Timestamp,
    /// The largest place in a queue that the restored state had given: instances that wait with it or a smaller one
    /// are in doubt. Absent until a master has written down what is.
    pub last_queue_order: Option<u64>,
}
