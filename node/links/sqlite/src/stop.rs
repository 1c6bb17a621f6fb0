//! Stopping what runs on a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use peerflow_rows::{Cancel, Error};

/// Instructions of SQLite's machine between two looks at the flag: well below a millisecond.
pub(crate) const STEPS: i32 = 2_000;

/// A flag that SQLite looks at while it works.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether what runs is to end.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Nothing runs that was to end.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Stops what runs unless [`Running::ended`] is called: whoever waits for it may be dropped.
    pub(crate) fn running(&self) -> Running {
        Running {
            stop: self.clone(),
            has_ended: false,
        }
    }
}

#[async_trait]
impl Cancel for Stop {
    async fn cancel(&self) -> Result<(), Error> {
        self.0.store(true, Ordering::Release);
        Ok(())
    }
}

/// Something that runs on the connection.
#[derive(Debug)]
pub(crate) struct Running {
    stop: Stop,
    has_ended: bool,
}

impl Running {
    /// Nothing is left to be stopped.
    pub(crate) fn ended(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            self.stop.0.store(true, Ordering::Release);
        }
    }
}
