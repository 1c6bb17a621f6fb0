//! Tasks of a node that end together.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Tasks that end together, in their place in the order of a stop.
#[derive(Debug)]
pub(crate) struct Stage {
    name: &'static str,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Cancelled when a task ends that was not told to.
    broken: CancellationToken,
}

impl Stage {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            broken: CancellationToken::new(),
        }
    }

    /// Told when the stage is to end.
    pub(crate) fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Cancelled when a task of it ended by itself, which only a bug does.
    pub(crate) fn broken(&self) -> CancellationToken {
        self.broken.clone()
    }

    /// Whether a task of it ended by itself.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_cancelled()
    }

    /// Spawns a task that runs until the stage's stop signal.
    pub(crate) fn spawn<F>(&self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guard = Guard {
            name,
            stop: self.stop.clone(),
            broken: self.broken.clone(),
        };
        let task = task(self.stop.clone()).instrument(tracing::info_span!("task", name));
        self.tasks.spawn(async move {
            let _guard = guard;
            task.await;
        });
    }

    /// Tells all to stop, without waiting.
    pub(crate) fn signal(&self) {
        self.stop.cancel();
        self.tasks.close();
    }

    /// Ends all, within `limit`.
    pub(crate) async fn end(&self, limit: Duration) {
        self.signal();
        if tokio::time::timeout(limit, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(stage = self.name, "tasks did not end in time and are left");
        }
    }
}

/// Notices a task that ends, also by a panic, without having been told to.
struct Guard {
    name: &'static str,
    stop: CancellationToken,
    broken: CancellationToken,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            tracing::error!(
                task = self.name,
                "a part of this node ended by itself, which is a bug; the node must be started again"
            );
            self.broken.cancel();
        }
    }
}
