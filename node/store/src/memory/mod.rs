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

/// A store in memory.
pub struct MemoryStore {
    state: Mutex<State>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// What a store in memory held at some time, to be put back like a backup.
#[derive(Clone, Debug)]
pub struct Backup(State);

impl MemoryStore {
    /// An empty store whose clock says `started_at` now and goes on with tokio's, which tests may pause.
    pub fn new(started_at: Timestamp) -> Self {
        let started = Instant::now();
        Self::with_clock(move || {
            started_at
                .saturating_add(started.elapsed())
                .unwrap_or(Timestamp::MAX)
        })
    }

    /// An empty store with a clock of its own.
    pub fn with_clock(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            state: Mutex::default(),
            clock: Box::new(clock),
        }
    }

    /// All that it holds now.
    pub fn back_up(&self) -> Backup {
        Backup(self.state().clone())
    }

    /// Puts everything back to what it was.
    pub fn restore(&self, backup: &Backup) {
        *self.state() = backup.0.clone();
    }

    /// Puts the lease row back to where it had come as far as `to`, as a restored backup does; for tests.
    pub fn put_back(&self, to: Sighting) {
        let row = &mut self.state().lease;
        (row.epoch, row.renewals, row.commit_seq) = (to.epoch, to.renewals, to.commit_seq);
    }

    /// The store's clock.
    fn now(&self) -> Timestamp {
        (self.clock)()
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
