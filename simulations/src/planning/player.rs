//! How long steps take and how they end, as somebody guesses it.

use std::time::Duration;

/// Knows how long a step takes and how it ends.
pub trait Player {
    /// How one try of a step goes. `visit` and `attempt` are counted from 1; a lost or refused try counts as one.
    /// Asked once for each try, in the order in which tries begin.
    fn play(&mut self, workflow: &str, step: &str, visit: u32, attempt: u32) -> Played;
}

/// How a try goes when nobody kills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// From its start to its end; a shorter `timeout` of the step ends it earlier.
    pub takes: Duration,
    pub result: PlayedResult,
}

/// How a try ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayedResult {
    Succeeds,
    Fails,
}

/// Every try takes the same time and succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steady(pub Duration);

impl Player for Steady {
    fn play(&mut self, _workflow: &str, _step: &str, _visit: u32, _attempt: u32) -> Played {
        Played {
            takes: self.0,
            result: PlayedResult::Succeeds,
        }
    }
}
