//! Waiting for other writers.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::failure::is_busy;
use crate::stop::Stop;

/// How long SQLite itself waits: not at all. Nobody could stop it meanwhile, and it would wait for readers with each page
/// of a load that it wants out of its cache.
pub(crate) const AT_ONCE: Duration = Duration::ZERO;
const PAUSE: Duration = Duration::from_millis(5);

/// Patience with other writers, for one statement.
#[derive(Debug)]
pub(crate) struct Patience {
    until: Instant,
    stop: Stop,
}

impl Patience {
    pub(crate) fn new(timeout: Duration, stop: Stop) -> Self {
        Self {
            until: Instant::now() + timeout,
            stop,
        }
    }

    /// Waits a little and says yes when what failed may go well later.
    pub(crate) async fn once_more(&self, error: &sqlx::Error) -> bool {
        if !is_busy(error) || self.stop.is_set() || Instant::now() >= self.until {
            return false;
        }
        sleep(PAUSE).await;
        true
    }
}
