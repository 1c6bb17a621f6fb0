//! A look at a run from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::time::VirtualTime;

/// Tells from another thread how far a run is, and ends it early. It makes no difference to what happens in the run. Cheap
/// to clone.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// In nanoseconds of virtual time.
    reached: AtomicU64,
    stops: AtomicBool,
}

impl Watch {
    /// How far the run is.
    pub fn reached(&self) -> VirtualTime {
        let nanoseconds = self.0.reached.load(Ordering::Relaxed);
        VirtualTime::after_start(Duration::from_nanos(nanoseconds))
    }

    /// Has the run end as soon as it can, without an outcome.
    pub fn stop(&self) {
        self.0.stops.store(true, Ordering::Relaxed);
    }

    /// Whether the run is to end.
    pub fn stops(&self) -> bool {
        self.0.stops.load(Ordering::Relaxed)
    }

    pub(super) fn reach(&self, at: VirtualTime) {
        let nanoseconds = at.since_start().as_nanos();
        let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
        self.0.reached.store(nanoseconds, Ordering::Relaxed);
    }
}
