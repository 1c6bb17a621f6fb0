//! How fast a renewal of the lease spreads.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::VirtualTime;

/// Renewals that not all nodes know yet, and how long the others took.
#[derive(Debug, Default)]
pub(super) struct Spread {
    told: VecDeque<(u64, VirtualTime)>,
    took: Vec<Duration>,
}

impl Spread {
    pub(super) fn tell(&mut self, renewals: u64, at: VirtualTime) {
        self.told.push_back((renewals, at));
    }

    /// Every node knows of so many renewals.
    pub(super) fn all_know(&mut self, renewals: u64, now: VirtualTime) {
        while let Some((told, at)) = self.told.front().copied()
            && told <= renewals
        {
            self.told.pop_front();
            self.took.push(now.since(at));
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.told.is_empty()
    }

    /// None if nothing was told, or not all know all of it.
    pub(super) fn mean(&self) -> Option<Duration> {
        let count = u32::try_from(self.took.len())
            .ok()
            .filter(|count| *count > 0)?;
        let sum: Duration = self.took.iter().sum();
        (!self.is_busy()).then(|| sum / count)
    }
}
