//! The store of a simulated cluster: one in memory, behind one door for each node.

mod backups;
mod door;
mod faults;
mod lease;
mod logs;
mod runs;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use peerflow_model::NodeId;
use peerflow_store::{Error, MemoryStore, Store};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use crate::history::History;
use crate::time::WorldClock;
use backups::Books;
use door::Door;
use faults::Faults;

pub use faults::{Doors, StoreFault};

/// How long a call takes, there and back. Half of it goes by before the operation is done, half of it after that; tokio's
/// clocks round each half up to whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreLatency {
    /// What every call takes.
    pub least: Duration,
    /// What it takes beyond that at most, drawn for each call.
    pub jitter: Duration,
}

/// The store that all nodes of a run share. Cheap to clone.
#[derive(Clone)]
pub struct SimStore(Arc<Shared>);

struct Shared {
    memory: MemoryStore,
    clock: WorldClock,
    history: History,
    latency: StoreLatency,
    random: Mutex<SmallRng>,
    books: Mutex<Books>,
    faults: Faults,
}

impl SimStore {
    /// An empty store whose clock is the world's. What is drawn is drawn from `seed`, in the order of the calls.
    pub fn new(clock: WorldClock, history: History, seed: u64, latency: StoreLatency) -> Self {
        let wall = clock.clone();
        Self(Arc::new(Shared {
            memory: MemoryStore::with_clock(move || wall.wall_now()),
            clock,
            history,
            latency,
            random: Mutex::new(SmallRng::seed_from_u64(seed)),
            books: Mutex::default(),
            faults: Faults::default(),
        }))
    }

    /// A node's way to the store for one of its lives: closing it closes nobody else's.
    pub fn door(&self, node: NodeId) -> Arc<dyn Store> {
        Arc::new(Door::new(self.clone(), node))
    }

    /// What is kept, without latency, faults or history: for checks, which read it by [`at_once`].
    pub fn memory(&self) -> &MemoryStore {
        &self.0.memory
    }

    /// How long the next call of `node` takes.
    fn latency_of(&self, node: &NodeId) -> Duration {
        let StoreLatency { least, jitter } = self.0.latency;
        let drawn = if jitter.is_zero() {
            Duration::ZERO
        } else {
            self.random().random_range(Duration::ZERO..=jitter)
        };
        least + drawn + self.0.faults.slowness(node)
    }

    /// Whether that happens which is as probable as told. Nothing is drawn for what cannot happen.
    fn happens(&self, probability: f64) -> bool {
        probability > 0.0 && self.random().random::<f64>() < probability
    }

    fn random(&self) -> MutexGuard<'_, SmallRng> {
        self.0.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SimStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimStore")
    }
}

/// The answer of an operation that never waits, as none of [`MemoryStore`] does, without a runtime.
///
/// # Errors
/// [`Error::Unavailable`] when it waits: what it has done up to then is unknown.
pub fn at_once<T>(operation: impl Future<Output = T>) -> Result<T, Error> {
    match pin!(operation).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Ok(answer),
        Poll::Pending => Err(unavailable("it waits, which a store in memory never does")),
    }
}

/// What a caller is told whose call came to nothing, or whose answer was lost.
fn unavailable(reason: impl Into<String>) -> Error {
    Error::Unavailable {
        store: "memory".to_owned(),
        reason: reason.into(),
    }
}
