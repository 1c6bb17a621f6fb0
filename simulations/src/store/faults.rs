//! What goes wrong between nodes and their store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peerflow_model::NodeId;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::SimStore;

/// Whom a fault of the store concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doors {
    /// Every node.
    All,
    /// One node.
    Of(NodeId),
}

/// A fault of the store, which lasts until this is dropped. Several may be on at once.
#[must_use = "the fault is over when this is dropped"]
pub struct StoreFault {
    store: SimStore,
    number: u64,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Refuse,
    Stall,
    Cut,
    Slow(Duration),
    FailBefore(f64),
    FailAfter(f64),
}

/// Whether anything comes through a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    Refused,
    /// The store does not move.
    Stalled,
    /// Nothing reaches the store.
    Cut,
}

/// All faults that are on.
#[derive(Debug, Default)]
pub(super) struct Faults {
    on: Mutex<Numbered>,
    /// Woken whenever one begins or ends.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Numbered {
    last: u64,
    faults: BTreeMap<u64, (Doors, Kind)>,
}

impl SimStore {
    /// Calls fail at once like refused connections, and those that are under way like broken ones.
    pub fn refuse(&self, doors: Doors) -> StoreFault {
        self.begin(doors, Kind::Refuse)
    }

    /// The store does not move: calls hang until it does again, and then go on. As in the stores on databases, one that
    /// hangs for 10 s fails.
    pub fn stall(&self, doors: Doors) -> StoreFault {
        self.begin(doors, Kind::Stall)
    }

    /// Nothing passes between a node and the store: calls that cannot begin within 5 s fail, and those whose answer does
    /// not come within 10 s, as in the stores on databases. Where it is over before that, they go on, since what was not
    /// acknowledged is sent again. What nodes say to each other is not concerned.
    pub fn cut(&self, node: NodeId) -> StoreFault {
        self.begin(Doors::Of(node), Kind::Cut)
    }

    /// Calls take that much longer, half of it on each way.
    pub fn slow(&self, doors: Doors, by: Duration) -> StoreFault {
        self.begin(doors, Kind::Slow(by))
    }

    /// So many of the calls, of 1, fail with nothing done.
    pub fn fail_before(&self, doors: Doors, probability: f64) -> StoreFault {
        self.begin(doors, Kind::FailBefore(probability))
    }

    /// So many of the calls, of 1, are done, and yet their caller gets an error.
    pub fn fail_after(&self, doors: Doors, probability: f64) -> StoreFault {
        self.begin(doors, Kind::FailAfter(probability))
    }

    fn begin(&self, doors: Doors, kind: Kind) -> StoreFault {
        StoreFault {
            number: self.0.faults.begin(doors, kind),
            store: self.clone(),
        }
    }
}

impl Drop for StoreFault {
    fn drop(&mut self) {
        self.store.0.faults.end(self.number);
    }
}

impl fmt::Debug for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.store.0.faults.on().faults.get(&self.number) {
            Some((doors, kind)) => write!(f, "StoreFault({kind:?}, {doors:?})"),
            None => f.write_str("StoreFault"),
        }
    }
}

impl Doors {
    fn concern(&self, node: &NodeId) -> bool {
        match self {
            Self::All => true,
            Self::Of(one) => one == node,
        }
    }
}

impl Faults {
    /// Whether anything comes through the door of `node` now. What fails sooner goes before what takes longer.
    pub(super) fn way(&self, node: &NodeId) -> Way {
        let mut way = Way::Open;
        self.each(node, |kind| {
            way = match (way, kind) {
                (Way::Refused, _) | (_, Kind::Refuse) => Way::Refused,
                (Way::Cut, _) | (_, Kind::Cut) => Way::Cut,
                (Way::Stalled, _) | (_, Kind::Stall) => Way::Stalled,
                (Way::Open, Kind::Slow(_) | Kind::FailBefore(_) | Kind::FailAfter(_)) => Way::Open,
            };
        });
        way
    }

    /// By how much a call of `node` takes longer.
    pub(super) fn slowness(&self, node: &NodeId) -> Duration {
        let mut slowness = Duration::ZERO;
        self.each(node, |kind| {
            if let Kind::Slow(by) = kind {
                slowness = slowness.saturating_add(by);
            }
        });
        slowness
    }

    /// How probable it is that a call of `node` fails before anything is done.
    pub(super) fn failing_before(&self, node: &NodeId) -> f64 {
        self.any_of(node, |kind| match kind {
            Kind::FailBefore(probability) => probability,
            _ => 0.0,
        })
    }

    /// How probable it is that a call of `node` fails although it was done.
    pub(super) fn failing_after(&self, node: &NodeId) -> f64 {
        self.any_of(node, |kind| match kind {
            Kind::FailAfter(probability) => probability,
            _ => 0.0,
        })
    }

    /// Ready at the next beginning or end of a fault after this call.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// How probable it is that at least one of several independent things happens.
    fn any_of(&self, node: &NodeId, probability: impl Fn(Kind) -> f64) -> f64 {
        let mut none = 1.0;
        self.each(node, |kind| none *= 1.0 - probability(kind).clamp(0.0, 1.0));
        1.0 - none
    }

    fn each(&self, node: &NodeId, mut see: impl FnMut(Kind)) {
        let on = self.on();
        let concerned = on.faults.values().filter(|(doors, _)| doors.concern(node));
        concerned.for_each(|(_, kind)| see(*kind));
    }

    fn begin(&self, doors: Doors, kind: Kind) -> u64 {
        let mut on = self.on();
        on.last += 1;
        let number = on.last;
        on.faults.insert(number, (doors, kind));
        drop(on);
        self.changed.notify_waiters();
        number
    }

    fn end(&self, number: u64) {
        self.on().faults.remove(&number);
        self.changed.notify_waiters();
    }

    fn on(&self) -> MutexGuard<'_, Numbered> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
