//! Stopping a statement from outside.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use peerflow_rows::{Cancel, Error, Trouble};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::client::Trial;
use crate::connect::Address;
use crate::structs::Operation;

/// How long the server is given to be asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the server over a second connection to cancel what was started over the first: its handle is good for both.
pub(crate) struct Canceller {
    address: Address,
    running: Mutex<Option<Operation>>,
    /// What is started after it was said to stop must not run.
    stopped: AtomicBool,
    stop: Notify,
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Canceller {
    pub(crate) fn new(address: Address) -> Self {
        Self {
            address,
            running: Mutex::new(None),
            stopped: AtomicBool::new(false),
            stop: Notify::new(),
        }
    }

    /// Forgets what was stopped before.
    pub(crate) fn begin(&self) {
        self.stopped.store(false, Ordering::Release);
    }

    /// What is to be cancelled from now on, if anything.
    pub(crate) fn runs(&self, operation: Option<Operation>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = operation;
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Waits until something is to be stopped.
    pub(crate) async fn stopped(&self) {
        loop {
            let notified = self.stop.notified();
            tokio::pin!(notified);
            // Listens before it looks, so that nothing is missed in between.
            notified.as_mut().enable();
            if self.is_stopped() {
                return;
            }
            notified.await;
        }
    }

    async fn ask(&self, operation: &Operation) -> Result<(), Error> {
        let mut client = self.address.connect(PATIENCE).await?;
        match client.cancel(operation).await {
            // It is done by now, or the server has forgotten it.
            Ok(()) | Err(Trial::Refused(_)) => Ok(()),
            Err(Trial::Broken(error)) => Err(error),
        }
    }
}

#[async_trait]
impl Cancel for Canceller {
    async fn cancel(&self) -> Result<(), Error> {
        self.stopped.store(true, Ordering::Release);
        self.stop.notify_waiters();
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(operation) = running else {
            return Ok(());
        };
        timeout(PATIENCE, self.ask(&operation))
            .await
            .map_err(|_elapsed| {
                Error::new(
                    Trouble::Unreachable,
                    format!(
                        "{} did not take the order to cancel within {} s",
                        self.address.place(),
                        PATIENCE.as_secs()
                    ),
                )
            })?
    }
}
