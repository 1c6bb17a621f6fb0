//! Time of a run: one for the whole world, and each node's own clocks, which may be off.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_actions::BootTime;
use peerflow_node::Clock;

/// Time since the run began. It goes on in steps of one quantum, the same for everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct VirtualTime(Duration);

impl VirtualTime {
    /// That long after the run began.
    pub const fn after_start(time: Duration) -> Self {
        Self(time)
    }

    /// How long the run has gone on.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The instant `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long from `earlier` to this; zero where it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for VirtualTime {
    /// `HH:MM:SS.mmm`; hours go on past 24.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, milliseconds) = (self.0.as_secs(), self.0.subsec_millis());
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(
            f,
            "{hours:02}:{minutes:02}:{:02}.{milliseconds:03}",
            seconds % 60
        )
    }
}

/// The world's clock: true time, which no node can read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorldClock {
    nanoseconds: Arc<AtomicU64>,
    /// What true wall clocks said when the run began.
    began_at: Timestamp,
}

impl WorldClock {
    /// A clock that stands at the beginning of a run.
    pub fn new(began_at: Timestamp) -> Self {
        Self {
            nanoseconds: Arc::default(),
            began_at,
        }
    }

    /// The present instant: the beginning of the present quantum.
    pub fn now(&self) -> VirtualTime {
        VirtualTime(Duration::from_nanos(
            self.nanoseconds.load(Ordering::Relaxed),
        ))
    }

    /// Moves on.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(by, Ordering::Relaxed);
    }

    /// What a true wall clock says at an instant of the run.
    pub fn wall(&self, at: VirtualTime) -> Timestamp {
        self.began_at
            .saturating_add(at.since_start())
            .unwrap_or(Timestamp::MAX)
    }

    /// What a true wall clock says now.
    pub fn wall_now(&self) -> Timestamp {
        self.wall(self.now())
    }
}

/// The clocks of one machine: they go too fast or too slow by its drift, and its wall clock is off by its skew. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct MachineClock {
    world: WorldClock,
    /// Parts in a million by which it goes too fast.
    drift: Arc<AtomicI64>,
    /// Milliseconds by which the wall clock is ahead.
    skew: Arc<AtomicI64>,
}

impl MachineClock {
    /// A machine's clocks; `drift` in parts in a million.
    pub fn new(world: WorldClock, drift: i64, skew: SignedDuration) -> Self {
        let clock = Self {
            world,
            drift: Arc::new(AtomicI64::new(drift)),
            skew: Arc::default(),
        };
        clock.set_skew(skew);
        clock
    }

    /// How much of this machine's time goes by in that much true time.
    pub fn local(&self, true_time: Duration) -> Duration {
        let drift = self.drift.load(Ordering::Relaxed);
        let nanoseconds = i128::try_from(true_time.as_nanos()).unwrap_or(i128::MAX);
        let local = nanoseconds + nanoseconds / 1_000_000 * i128::from(drift);
        Duration::from_nanos(u64::try_from(local).unwrap_or_default())
    }

    /// By how much the wall clock is ahead from now on: a jump.
    pub fn set_skew(&self, skew: SignedDuration) {
        let milliseconds = i64::try_from(skew.as_millis()).unwrap_or(i64::MAX);
        self.skew.store(milliseconds, Ordering::Relaxed);
    }

    /// The wall clock jumps ahead by that much, or back.
    pub fn jump(&self, by: SignedDuration) {
        self.set_skew(self.skew().saturating_add(by));
    }

    /// By how much the wall clock is ahead.
    pub fn skew(&self) -> SignedDuration {
        SignedDuration::from_millis(self.skew.load(Ordering::Relaxed))
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let local = self.local(self.world.now().since_start());
        let wall = self.world.began_at.saturating_add(local);
        wall.and_then(|wall| wall.saturating_add(self.skew()))
            .unwrap_or(Timestamp::MAX)
    }

    fn boot_time(&self) -> BootTime {
        BootTime::since_boot(self.local(self.world.now().since_start()))
    }
}
