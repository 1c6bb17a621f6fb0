//! One node's way to the store.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peerflow_model::NodeId;
use peerflow_store::{Error, MemoryStore, Store};
use tokio::time::{Instant, sleep, timeout_at};

use super::faults::Way;
use super::{SimStore, unavailable};

/// How long the stores on databases wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long they wait for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// One node's way to the store in one of its lives.
pub(super) struct Door {
    pub(super) store: SimStore,
    node: NodeId,
    closed: AtomicBool,
}

/// Which way a call goes.
#[derive(Clone, Copy)]
enum Direction {
    There,
    Back,
}

impl Door {
    pub(super) fn new(store: SimStore, node: NodeId) -> Self {
        Self {
            store,
            node,
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn memory(&self) -> &MemoryStore {
        self.store.memory()
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Does `operation`, which must not wait, after half of the latency and answers after the rest of it. A caller that
    /// goes away before the operation has begun leaves nothing done; one that goes away later leaves it done.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where a fault is in the way: the operation was done or not.
    pub(super) async fn call<T>(&self, operation: impl Future<Output = T>) -> Result<T, Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(unavailable("it was closed"));
        }
        let faults = &self.store.0.faults;
        if faults.way(&self.node) == Way::Refused {
            return Err(refused());
        }
        let half = self.store.latency_of(&self.node) / 2;
        self.travel(half, Direction::There).await?;
        if self.store.happens(faults.failing_before(&self.node)) {
            return Err(unavailable("the connection broke before anything was done"));
        }
        let answer = operation.await;
        let lost = self.store.happens(faults.failing_after(&self.node));
        self.travel(half, Direction::Back).await?;
        if lost {
            return Err(unavailable("the connection broke before the answer came"));
        }
        Ok(answer)
    }

    async fn travel(&self, time: Duration, direction: Direction) -> Result<(), Error> {
        if !time.is_zero() {
            sleep(time).await;
        }
        let faults = &self.store.0.faults;
        let arrived = Instant::now();
        loop {
            let changed = faults.changed();
            let limit = match (faults.way(&self.node), direction) {
                (Way::Open, _) => return Ok(()),
                (Way::Refused, Direction::There) => return Err(refused()),
                (Way::Refused, Direction::Back) => {
                    return Err(unavailable("the connection broke before the answer came"));
                }
                (Way::Cut, Direction::There) => CONNECT_LIMIT,
                (Way::Cut, Direction::Back) | (Way::Stalled, _) => ANSWER_LIMIT,
            };
            if timeout_at(arrived + limit, changed).await.is_err() {
                let seconds = limit.as_secs();
                return Err(unavailable(format!("no answer within {seconds} s")));
            }
        }
    }
}

fn refused() -> Error {
    unavailable("connection refused")
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimStore({})", self.node)
    }
}

impl Store for Door {}
