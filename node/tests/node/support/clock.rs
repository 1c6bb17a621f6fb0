//! A wall clock that goes only when a test says so.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use peerflow_node::Clock;

/// Shows the same time until it is set.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    now: Mutex<Timestamp>,
}

impl VirtualClock {
    pub(crate) fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(now),
        })
    }

    /// Puts it forward or back.
    pub(crate) fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
