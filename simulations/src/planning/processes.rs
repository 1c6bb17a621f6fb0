//! Tries that run, by when something is due of them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use peerflow_engine::AttemptResult;
use peerflow_model::{AttemptId, NodeId};

/// When something is due, and its number, so that what is due at the same time comes in the order of its start.
type Place = (Duration, u64);

/// A try that runs on a machine.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) attempt: AttemptId,
    pub(super) node: NodeId,
    pub(super) began_at: Timestamp,
    /// When it ends, on the scale of the run.
    pub(super) ends: Duration,
    pub(super) result: AttemptResult,
    pub(super) message: String,
    /// Its worker has told that it began.
    pub(super) told: bool,
}

/// All tries that run.
#[derive(Debug, Default)]
pub(super) struct Processes {
    due: BTreeMap<Place, Process>,
    places: HashMap<AttemptId, Place>,
    started: u64,
}

impl Processes {
    /// How many run.
    pub(super) fn len(&self) -> usize {
        self.due.len()
    }

    /// When the next thing is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Something is due of `process` at `at`.
    pub(super) fn insert(&mut self, at: Duration, process: Process) {
        self.started += 1;
        let place = (at, self.started);
        self.places.insert(process.attempt.clone(), place);
        self.due.insert(place, process);
    }

    /// Takes the first one of which something is due by `now`.
    pub(super) fn pop(&mut self, now: Duration) -> Option<Process> {
        let first = self.due.first_entry().filter(|each| each.key().0 <= now)?;
        let process = first.remove();
        self.places.remove(&process.attempt);
        Some(process)
    }

    /// Takes the one that runs `attempt`.
    pub(super) fn take(&mut self, attempt: &AttemptId) -> Option<Process> {
        let place = self.places.remove(attempt)?;
        self.due.remove(&place)
    }
}
