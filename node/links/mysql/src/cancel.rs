//! Stopping a statement from outside.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Driver, Opts};
use peerflow_rows::{Cancel, Error, Trouble};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::error::{connecting, talking};

/// How long the server is given to be asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// No such thread: its connection is gone, and with it what ran there.
const NO_SUCH_THREAD: u16 = 1094;

/// Asks the server over a second connection to kill what runs on the first.
pub(crate) struct Canceller {
    opts: Opts,
    place: String,
    /// Of the first connection, as the server counts.
    id: u32,
    /// A load that runs ends its rows: the server reads on to their end even when it was killed.
    stopped: AtomicBool,
    stop: Notify,
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller")
            .field("place", &self.place)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Canceller {
    pub(crate) fn new(opts: Opts, place: String, id: u32) -> Self {
        Self {
            opts,
            place,
            id,
            stopped: AtomicBool::new(false),
            stop: Notify::new(),
        }
    }

    /// Forgets what was stopped before.
    pub(crate) fn begin(&self) {
        self.stopped.store(false, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Waits until something is to be stopped.
    pub(crate) async fn stopped(&self) {
        loop {
            let notified = self.stop.notified();
            if self.is_stopped() {
                return;
            }
            notified.await;
        }
    }

    async fn kill(&self) -> Result<(), Error> {
        let mut conn = Conn::new(self.opts.clone())
            .await
            .map_err(|error| connecting(&error, &self.place))?;
        let killed = match conn.query_drop(format!("KILL QUERY {}", self.id)).await {
            Err(Driver::Server(server)) if server.code == NO_SUCH_THREAD => Ok(()),
            killed => killed.map_err(|error| talking(&error)),
        };
        // It is of no more use, whether it says goodbye or not.
        drop(conn.disconnect().await);
        killed
    }
}

#[async_trait]
impl Cancel for Canceller {
    async fn cancel(&self) -> Result<(), Error> {
        let killed = timeout(PATIENCE, self.kill()).await;
        self.stopped.store(true, Ordering::Release);
        self.stop.notify_waiters();
        killed.unwrap_or_else(|_elapsed| {
            Err(Error::new(
                Trouble::Unreachable,
                format!(
                    "{} did not take the request to stop a statement in time",
                    self.place
                ),
            ))
        })
    }
}
