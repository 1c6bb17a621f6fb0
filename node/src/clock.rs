//! The clock seam: the only place where a node reads the system's clocks.

use jiff::Timestamp;
use peerflow_actions::BootTime;

/// The clocks of the machine, save the monotonic one, which is `tokio::time::Instant`.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant of the wall clock.
    fn now(&self) -> Timestamp;

    /// Time since boot, suspension included: what the spawner holds grants against.
    fn boot_time(&self) -> BootTime {
        BootTime::now()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
