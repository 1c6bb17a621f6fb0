//! What happened in a run, in the order in which it happened: the trace that invariants judge and pages show.

mod entry;
mod show;
mod trace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use entry::{Answer, Entry, RequestId, TaskFate, What, Wish};
pub use trace::trace;

use crate::time::WorldClock;

/// Records what happens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {
    clock: WorldClock,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl History {
    /// One in which nothing has happened yet.
    pub fn new(clock: WorldClock) -> Self {
        Self {
            clock,
            entries: Arc::default(),
        }
    }

    /// Notes that something happened now.
    pub fn record(&self, what: What) {
        let at = self.clock.now();
        self.entries().push(Entry { at, what });
    }

    /// How much happened up to now.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether nothing happened yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What happened since the first `seen` entries.
    pub fn since(&self, seen: usize) -> Vec<Entry> {
        self.entries().get(seen..).unwrap_or_default().to_vec()
    }

    /// All of it.
    pub fn all(&self) -> Vec<Entry> {
        self.since(0)
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
