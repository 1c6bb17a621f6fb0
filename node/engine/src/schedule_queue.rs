//! The coordinators' next times, earliest first: finding what is due costs nothing for those that are not.

use std::collections::BTreeSet;

use jiff::Timestamp;
use peerflow_model::CoordinatorKey;

/// Coordinators by the next time at which something may be due for them.
#[derive(Debug, Default)]
pub(crate) struct ScheduleQueue {
    times: BTreeSet<(Timestamp, CoordinatorKey)>,
}

impl ScheduleQueue {
    /// Moves `key` from `from` to `to`.
    pub(crate) fn shift(
        &mut self,
        key: &CoordinatorKey,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.times.remove(&(from, key.clone()));
        }
        if let Some(to) = to {
            self.times.insert((to, key.clone()));
        }
    }

    /// The earliest coordinator that is due at `now`; it stays in the queue.
    pub(crate) fn due(&self, now: Timestamp) -> Option<(Timestamp, CoordinatorKey)> {
        self.times.first().filter(|(time, _)| *time <= now).cloned()
    }

    /// The earliest time.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.times.first().map(|(time, _)| *time)
    }
}
