//! How far running tries have come.

use peerflow_model::{AttemptId, Progress};
use serde::{Deserialize, Serialize};

use crate::message::{Message, SMALL};

/// Tries of the run asked for that run at the peer asked and tell their progress. Since version 2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressMessage(pub Vec<(AttemptId, Progress)>);

impl Message for ProgressMessage {
    const NAME: &'static str = "the progress of a run";
    const LIMIT: usize = SMALL;
}
