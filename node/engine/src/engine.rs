//! The engine: all instances, their queues, the coordinators, the peers.

use std::time::Duration;

use peerflow_model::{ActiveState, Epoch, Settings};

use crate::command::Command;
use crate::event::{Event, Now};

/// What an engine is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The epoch it schedules in.
    pub epoch: Epoch,
    /// Seeds ids and jitter.
    pub seed: u64,
    pub settings: Settings,
}

/// The scheduler's mind. See the crate's page.
#[derive(Debug)]
pub struct Engine {
    options: Options,
}

impl Engine {
    /// An engine that goes on from `state`. Commands that follow from it at once (times missed, instances to start)
    /// are pushed.
    pub fn load(
        options: Options,
        _state: ActiveState,
        _now: Now,
        _commands: &mut Vec<Command>,
    ) -> Self {
        Self { options }
    }

    /// Handles one event.
    pub fn handle(&mut self, _now: Now, _event: Event, _commands: &mut Vec<Command>) {
        let _ = self.options.epoch;
    }

    /// How long until [`Event::Wake`] is of use; `None` when nothing waits for time. The shell wakes it earlier too,
    /// at least once a second, so that a clock that jumped is noticed.
    pub fn next_wakeup(&self, _now: Now) -> Option<Duration> {
        None
    }
}
