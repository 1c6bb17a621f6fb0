//! Visits: a step reached once in a run. A live visit is a token of the run.

use jiff::Timestamp;
use peerflow_workflow::StepName;
use serde::{Deserialize, Serialize};

use crate::IllegalMove;
use crate::id::{NodeId, VisitId};

/// A step reached once in a run. A run's live visits are its tokens: the whole state of its control flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    pub id: VisitId,
    /// Position in the run's history, counted from 1.
    pub sequence: u32,
    /// The step's element name, for pages and lists.
    pub step_type: String,
    pub status: VisitStatus,
    /// Step and number ([`VisitId::visit`]) of the visit that led here, of a join the first; `None` for the start and for what a recovery resumes.
    pub from: Option<(StepName, u32)>,
    /// Of a join: how many arrivals wait or were consumed; 1 elsewhere.
    pub arrivals: u32,
    /// Number of its latest try; 0 before the first.
    pub attempt: u32,
    /// Tries that failed.
    pub failures: u32,
    /// Tries that were lost with their node.
    pub losses: u32,
    /// Where the latest try runs or ran.
    pub node: Option<NodeId>,
    /// When the step was reached.
    pub created_at: Timestamp,
    /// When its first try was dispatched; its `timeout` counts from here.
    pub dispatched_at: Option<Timestamp>,
    /// When its first try began.
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// When the next try is due, while it waits for one.
    pub retry_at: Option<Timestamp>,
    /// Why it stands so: of an ended one the reason, of a waiting one what it waits for; empty on plain success.
    pub message: String,
}

/// Where a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VisitStatus {
    /// Reached; waits for a slot, a node or its first try.
    Pending,
    /// Waits: a join for arrivals, an action for its next try.
    Waiting,
    /// A try of it is assigned or runs.
    Running,
    Succeeded,
    Failed,
    Killed,
    /// Not run because `is-ignore` or `--skip` says so; goes on as succeeded.
    Skipped,
    /// Its node is gone, or the store went back and it may have run since; held for an operator.
    Lost,
}

/// What may happen to a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitEvent {
    /// A try was assigned to a node.
    Assigned,
    /// A try failed or was lost and another follows later.
    RetryScheduled,
    /// A try was lost or refused and another follows as soon as there is a slot.
    Requeued,
    /// A join got an arrival it must wait with.
    Arrived,
    Succeeded,
    Failed,
    Killed,
    Skipped,
    /// The node is gone and the action is held, or it may have run in what the store has lost.
    Held,
    /// The node of a held action is back and still runs it.
    Found,
}

impl VisitStatus {
    /// Whether it is over. A held (`Lost`) visit is not: an operator decides.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Killed | Self::Skipped
        )
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// When the state does not allow it.
    pub fn after(self, event: VisitEvent) -> Result<Self, IllegalMove> {
        use VisitEvent as E;
        match (self, event) {
            (Self::Pending, E::Assigned) | (Self::Lost, E::Found) => Ok(Self::Running),
            (Self::Running | Self::Lost, E::RetryScheduled) => Ok(Self::Waiting),
            (Self::Running | Self::Waiting | Self::Lost, E::Requeued) => Ok(Self::Pending),
            (Self::Pending | Self::Waiting, E::Arrived) => Ok(Self::Waiting),
            (Self::Pending | Self::Waiting | Self::Running | Self::Lost, E::Succeeded) => {
                Ok(Self::Succeeded)
            }
            (Self::Pending | Self::Waiting | Self::Running | Self::Lost, E::Failed) => {
                Ok(Self::Failed)
            }
            (Self::Pending | Self::Waiting | Self::Running | Self::Lost, E::Killed) => {
                Ok(Self::Killed)
            }
            (Self::Pending, E::Skipped) => Ok(Self::Skipped),
            (Self::Pending | Self::Waiting | Self::Running, E::Held) => Ok(Self::Lost),
            _ => Err(IllegalMove {
                what: "visit",
                from: format!("{self:?}"),
                event: format!("{event:?}"),
            }),
        }
    }
}
