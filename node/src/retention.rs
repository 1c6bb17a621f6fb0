//! Forgets what is old, in small steps, while this node is master.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::Settings;
use peerflow_store::Store;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::scheduler::SchedulerHandle;

/// Time between two rounds.
const EVERY: Duration = Duration::from_secs(600);
/// Before the first round, so that a start is not slowed.
const FIRST: Duration = Duration::from_secs(60);
/// Rows a step may remove, so that it never holds the store for long.
const STEP: u32 = 500;
/// Between two steps.
const BREATH: Duration = Duration::from_millis(100);

/// Forgets what is old. Owned and run by the node.
#[derive(Debug)]
pub(crate) struct Retention {
    /// In force where the store has none.
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) scheduler: SchedulerHandle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

impl Retention {
    /// Runs until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let rounds = async {
            sleep(FIRST).await;
            loop {
                self.round().await;
                sleep(EVERY).await;
            }
        };
        // Each step is a transaction of its own, so it may be left at any point.
        stop.run_until_cancelled(rounds).await;
    }

    async fn round(&self) {
        let mut rows = 0;
        let Some(kept) = self.kept().await else {
            return;
        };
        while self.scheduler.is_master() {
            let now = self.clock.now();
            let (instances, logs) = (
                before(now, kept.retention_instances),
                before(now, kept.retention_logs),
            );
            match self.store.retain(instances, logs, STEP).await {
                Ok(0) => break,
                Ok(more) => {
                    rows += more;
                    self.metrics.retained(more);
                }
                Err(error) => {
                    tracing::warn!(%error, "retention stopped; it goes on later");
                    break;
                }
            }
            sleep(BREATH).await;
        }
        if rows > 0 {
            tracing::info!(rows, "retention removed what was old");
        }
    }

    /// The cluster's settings, where the store has them this node's own; `None` when the store cannot be asked.
    async fn kept(&self) -> Option<Settings> {
        let mut settings = self.settings.clone();
        let stored = self.store.settings().await.ok()?.into_iter();
        for (key, value) in stored.filter(|(key, _)| key != Settings::LONGEST_LEASE) {
            if let Err(error) = settings.set(&key, &value) {
                tracing::warn!(%error, "a setting in the store makes no sense and is passed over");
            }
        }
        Some(settings)
    }
}

/// `age` before `now`; the beginning of time when there is no such instant.
fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}
