//! A store in memory: for tests, simulations, and the plainest telling of what the others must do.

mod apply;
mod lease;
mod logs;
mod pages;
mod retention;
mod runs;
mod state;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::lease::Sighting;
use crate::runs::Store;
use state::State;

/// A store in memory. Its clock starts where it is told and goes on with tokio's, which tests may pause.
pub struct MemoryStore {
    state: Mutex<State>,
    started_at: Timestamp,
    started: Instant,
}

impl MemoryStore {
    /// An empty store whose clock says `started_at` now.
    pub fn new(started_at: Timestamp) -> Self {
        Self {
            state: Mutex::default(),
            started_at,
            started: Instant::now(),
        }
    }

    /// Puts the lease row back to where it had come as far as `to`, as a restored backup does; for tests.
    pub fn put_back(&self, to: Sighting) {
        let row = &mut self.state().lease;
        (row.epoch, row.renewals, row.commit_seq) = (to.epoch, to.renewals, to.commit_seq);
    }

    /// The store's clock.
    fn now(&self) -> Timestamp {
        self.started_at
            .saturating_add(self.started.elapsed())
            .unwrap_or(Timestamp::MAX)
    }

    /// Every change to the state is made whole before its lock is let go, also by a panic between two changes.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

impl Store for MemoryStore {}
