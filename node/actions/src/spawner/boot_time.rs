//! Time since boot, suspension included: the one clock that node and spawner share.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;

/// An instant of `CLOCK_BOOTTIME`. It goes on while the machine is suspended, so a machine that wakes up knows at once
/// that a grant is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(Duration);

impl BootTime {
    /// The present instant.
    ///
    /// # Panics
    /// When the system has no such clock, which Linux has had since 2011.
    pub fn now() -> Self {
        let time = clock_gettime(CLOCK).expect("the system has a clock that counts from boot");
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        let nanoseconds = u32::try_from(time.tv_nsec()).unwrap_or(0);
        Self(Duration::new(seconds, nanoseconds))
    }

    /// The instant that long after the boot.
    pub fn since_boot(time: Duration) -> Self {
        Self(time)
    }

    /// The instant `duration` later; the far end of time where that overflows.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long from `earlier` to this; zero where it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn as_nanoseconds(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(Duration::from_nanos(nanoseconds))
    }
}
