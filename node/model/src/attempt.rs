//! Attempts: one try of one visit on one node.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::IllegalMove;
use crate::id::{AttemptId, Epoch, Incarnation, NodeId};

/// One try of one visit on one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: AttemptId,
    /// Where it runs.
    pub node: NodeId,
    /// The life of that node it was given to.
    pub incarnation: Incarnation,
    /// The master's epoch when it was assigned.
    pub epoch: Epoch,
    pub status: AttemptStatus,
    /// When the engine assigned it.
    pub assigned_at: Timestamp,
    /// When the worker began, by the worker's clock.
    pub started_at: Option<Timestamp>,
    /// When it ended, by the worker's clock; of a lost one, when it was given up.
    pub ended_at: Option<Timestamp>,
    /// Exit code of its process, where it had one and it exited.
    pub exit_code: Option<i32>,
    /// Why it ended so; empty on plain success.
    pub message: String,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptStatus {
    /// Durable, given to a node that has not yet said it began.
    Assigned,
    /// The node said it began.
    Running,
    Succeeded,
    Failed,
    /// Ended because the engine asked for it, or its timeout passed.
    Killed,
    /// Its node is gone and its end will never be known.
    Lost,
}

/// What may happen to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEvent {
    Started,
    Succeeded,
    Failed,
    Killed,
    Lost,
}

impl AttemptStatus {
    /// Whether its end is known.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Assigned | Self::Running)
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// When an ended attempt would move: an outcome counts once (invariant 4).
    pub fn after(self, event: AttemptEvent) -> Result<Self, IllegalMove> {
        match (self, event) {
            (Self::Assigned | Self::Running, AttemptEvent::Started) => Ok(Self::Running),
            (Self::Assigned | Self::Running, AttemptEvent::Succeeded) => Ok(Self::Succeeded),
            (Self::Assigned | Self::Running, AttemptEvent::Failed) => Ok(Self::Failed),
            (Self::Assigned | Self::Running, AttemptEvent::Killed) => Ok(Self::Killed),
            (Self::Assigned | Self::Running, AttemptEvent::Lost) => Ok(Self::Lost),
            (Self::Succeeded | Self::Failed | Self::Killed | Self::Lost, _) => Err(IllegalMove {
                what: "attempt",
                from: format!("{self:?}"),
                event: format!("{event:?}"),
            }),
        }
    }
}
