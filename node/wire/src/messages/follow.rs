//! What those who follow a peer get: events, logs, a sign of life.

use peerflow_model::{Instance, Visit};
use serde::{Deserialize, Serialize};

use crate::message::{LARGE, Message};

/// Something durable that changed, as the master tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EventMessage {
    /// The first of all: what changes from here on is told.
    Following,
    Instance(Box<Instance>),
    Step(Box<Visit>),
    /// A workflow or coordinator was registered, changed or deleted.
    Definition {
        name: String,
        deleted: bool,
    },
    /// Mastership, membership or reachability of the store changed; ask again.
    Cluster,
    /// The reader was too slow: that many events are not told.
    Missed {
        events: u64,
    },
}

/// That a run's tasks on the peer asked have written something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogMessage {
    /// The first of all: who now reads the store to its end misses nothing.
    Following,
    /// More lines are in the store.
    Stored,
}

/// The peer lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong;

impl Message for EventMessage {
    const NAME: &'static str = "an event";
    const LIMIT: usize = LARGE;
}

impl Message for LogMessage {
    const NAME: &'static str = "a sign of a log";
    const LIMIT: usize = 16;
}

impl Message for Pong {
    const NAME: &'static str = "a sign of life";
    const LIMIT: usize = 16;
}
