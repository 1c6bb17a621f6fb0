//! One run of an instance: its tokens, visits and attempts, from `start` to its end.
//!
//! A run knows nothing of other runs, queues, slots or peers: [`crate::Engine`] places what becomes ready and tells
//! the run what became of it. A run's live visits are its tokens, so a run is restored from its visits alone.

use std::sync::Arc;
use std::time::Duration;

use peerflow_model::{
    ActiveRun, Attempt, AttemptId, Epoch, IllegalMove, Incarnation, Instance, NodeId, Visit,
    VisitId,
};
use peerflow_workflow::{Action, Workflow};
use rand::rngs::SmallRng;

use crate::event::{Now, Report};

/// What a run wants done after one move. The caller makes records durable, places what is ready, kills what must go.
#[derive(Debug, Default)]
pub(crate) struct RunEffects {
    /// Visits that changed; the latest state of each, once.
    pub(crate) visits: Vec<Visit>,
    /// Attempts that changed; the latest state of each, once.
    pub(crate) attempts: Vec<Attempt>,
    /// The instance record changed (its `ending`, status or message).
    pub(crate) instance_changed: bool,
    /// Visits of actions that now wait for a slot.
    pub(crate) ready: Vec<VisitId>,
    /// Visits that no longer do.
    pub(crate) withdrawn: Vec<VisitId>,
    /// Attempts to kill, with the reason.
    pub(crate) kills: Vec<(AttemptId, NodeId, String)>,
    /// Attempts that are over: their slots are free.
    pub(crate) freed: Vec<(AttemptId, NodeId)>,
    /// Tries that failed (with the number of failures of the visit so far) and visits that recovered from failures.
    pub(crate) notices: Vec<Notice>,
}

/// What mail may be due for.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A try failed; it is the `failures`th of its visit, and its step has `retry-times` > 0.
    TryFailed { attempt: AttemptId, failures: u32 },
    /// A visit succeeded after `failures` failed tries.
    Recovered { attempt: AttemptId, failures: u32 },
    /// A data monitor warns without failing.
    DataExceeded { attempt: AttemptId, warning: String },
}

/// Why an attempt's end will never be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Gossip calls its node dead.
    Down,
    /// Its node's last grant is surely over, or the node says it knows nothing of it.
    Certain,
}

/// One run of an instance. See the module's page.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) instance: Instance,
    pub(crate) workflow: Arc<Workflow>,
}
