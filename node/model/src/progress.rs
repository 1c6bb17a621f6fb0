use serde::{Deserialize, Serialize};

/// How far a try has come that moves rows. Told while it runs and kept nowhere: what stays is in its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows so far.
    pub rows: u64,
    /// Bytes of their values so far.
    pub bytes: u64,
    /// Rows in the last second.
    pub rows_per_second: u64,
}
