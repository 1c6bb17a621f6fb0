//! What exists at run time, as data: ids, states and the records that survive a restart.
//!
//! Engine, store, actions and node share these types; nothing here acts. Pure: no async, no input or output.

mod attempt;
mod change;
mod coordinator;
mod definition;
mod duration;
mod id;
mod instance;
mod ledger;
mod link;
mod link_use;
mod log;
mod mail;
mod progress;
mod reading;
mod restoration;
mod settings;
mod visit;

pub use attempt::{Attempt, AttemptEvent, AttemptStatus};
pub use change::{ActiveRun, ActiveState, Change};
pub use coordinator::{
    Blood, BloodId, CoordinatorKey, CoordinatorKind, CoordinatorState, Readiness,
};
pub use definition::{
    ContentHash, CoordinatorRecord, FileRecord, StoredDefinition, WorkflowRecord,
};
pub use duration::{format_duration, leading_number, parse_duration};
pub use id::{AttemptId, Epoch, Incarnation, InstanceId, NodeId, RunId, VisitId};
pub use instance::{Ending, Instance, InstanceEvent, InstanceStatus, TriggerKind};
pub use ledger::{Fate, LedgerGap, LedgerRow, PlanRow};
pub use link::{LinkKey, LinkKind, LinkRecord, LinkSettings};
pub use link_use::{LOCAL, links_of};
pub use log::{LogLevel, LogLine};
pub use mail::{Mail, MailKind, MailState};
pub use peerflow_workflow::Outcome;
pub use progress::Progress;
pub use reading::DataReading;
pub use restoration::Restoration;
pub use settings::{SettingError, Settings};
pub use visit::{Visit, VisitEvent, VisitStatus};

/// A move that a state does not allow: a broken invariant, never a user's mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot go from {from} by {event}")]
pub struct IllegalMove {
    /// Kind of thing: instance, visit or attempt.
    pub what: &'static str,
    /// State it was in.
    pub from: String,
    /// Event that does not fit.
    pub event: String,
}
