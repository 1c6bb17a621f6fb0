//! Mail that is due: queued with the change that made it due, rendered and sent later, at least once.

use jiff::Timestamp;
use peerflow_workflow::WorkflowName;
use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, RunId};

/// A mail that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Stable: the local part of its Message-ID, so that a mail sent twice is seen as one.
    pub id: String,
    pub kind: MailKind,
    pub workflow: WorkflowName,
    pub receivers: Vec<String>,
    /// Enabled workflows downstream that the outcome affects.
    pub downstream: Vec<WorkflowName>,
    pub state: MailState,
    pub created_at: Timestamp,
    /// How often sending failed.
    pub failures: u32,
    /// Not before this time.
    pub due_at: Timestamp,
    /// Why the latest try to send failed, or why it was given up.
    pub message: String,
}

/// What a mail tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum MailKind {
    /// An instance ended.
    Outcome { run: RunId },
    /// A step's tries failed as often as `node-retry-fail-times` says.
    RetryFailed { attempt: AttemptId },
    /// A step of which that was told has succeeded since.
    RetryRecovered { attempt: AttemptId },
    /// A data monitor's value is out of its limits and `is-exceed-error` is off.
    DataExceeded { attempt: AttemptId, warning: String },
}

impl MailKind {
    /// The run that it tells of.
    pub fn run(&self) -> &RunId {
        match self {
            Self::Outcome { run } => run,
            Self::RetryFailed { attempt }
            | Self::RetryRecovered { attempt }
            | Self::DataExceeded { attempt, .. } => &attempt.visit.run,
        }
    }
}

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    Due,
    Sent,
    /// Given up after too many failures.
    Abandoned,
}
