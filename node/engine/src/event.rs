//! What the engine is told.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{AttemptId, DataReading, Incarnation, NodeId};

use crate::request::{Request, RequestId};

/// The time at which an event is handled, from the shell's two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For schedules and records. May jump either way.
    pub wall: Timestamp,
    /// For intervals and timeouts, from an arbitrary zero. Never goes back.
    pub monotonic: Duration,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Time may have come for something: see [`crate::Engine::next_wakeup`].
    Wake,
    /// Somebody asks for something; answered by one [`crate::Command::Reply`].
    Request { id: RequestId, request: Request },
    /// A peer is up, or what it says of itself changed.
    Peer(Peer),
    /// The master's connection to the peer broke while gossip calls it alive: nothing new goes there until
    /// [`Event::Peer`] brings it back. What was on its way may have arrived or not; nothing is lost yet.
    PeerUnreachable { node: NodeId },
    /// Gossip calls the peer dead, or does not know it at all (said also of nodes that this master never heard of). `rerun` attempts there are lost now; others when [`Event::GrantOver`] comes.
    PeerDown { node: NodeId },
    /// The last grant that this life of the node may hold is surely over: its `wait` attempts are dead.
    GrantOver {
        node: NodeId,
        incarnation: Incarnation,
    },
    /// All attempts that this life of the node runs or whose outcome it still holds. Comes after the outcomes that
    /// waited. Attempts given to that node that are not in it, and were not dispatched to this life since, are lost.
    Inventory {
        node: NodeId,
        incarnation: Incarnation,
        attempts: BTreeSet<AttemptId>,
    },
    /// A worker tells of an attempt; repeated until a [`crate::Command::Acknowledge`] answers an end.
    Report {
        attempt: AttemptId,
        node: NodeId,
        incarnation: Incarnation,
        report: Report,
    },
}

/// A node that can run attempts, as it tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub id: NodeId,
    /// Its life.
    pub incarnation: Incarnation,
    /// Addresses and host names that an action's `host` may name, besides the id.
    pub hosts: BTreeSet<String>,
    pub labels: BTreeSet<String>,
    /// How many attempts it takes at once.
    pub slots: u32,
    /// Load average of its machine for each core, in hundredths: 100 is one runnable thread for each core. 0 where it is
    /// not known.
    pub load: u32,
    /// Takes no new attempts; those that run there go on.
    pub draining: bool,
}

/// What a worker tells of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It began.
    Started { at: Timestamp },
    /// It is over.
    Ended {
        result: AttemptResult,
        /// Exit code of its process, where it had one and it exited.
        exit_code: Option<i32>,
        /// Why it ended so; empty on plain success.
        message: String,
        started_at: Option<Timestamp>,
        ended_at: Timestamp,
        /// What a data monitor read, to be kept.
        readings: Vec<DataReading>,
        /// A data monitor's warning that is mailed without failing the step.
        warning: Option<String>,
    },
    /// The worker did not take it: no slot, draining, an old grant or a lower epoch.
    Refused { reason: String },
}

/// How an attempt ended, as its worker saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    Succeeded,
    Failed,
    /// Killed because the master asked for it.
    Killed,
    /// Killed by the worker because the time it was given was over.
    TimedOut,
    /// Killed by the worker because its grant was over: counts as lost, not as failed.
    Revoked,
    /// Killed by the worker because its node stops or drains in order: runs again elsewhere and counts neither as lost
    /// nor as failed; one with `on-partition="hold"` is held.
    Moved,
}
