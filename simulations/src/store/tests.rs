//! What the store's doors, faults and backups promise.

mod contract;
mod faulty;
mod lineage;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{Change, InstanceStatus, NodeId};
use peerflow_store::contract::claim;
use peerflow_store::contract::samples::instance;
use peerflow_store::{Fence, Lease, LeaseClaim, Sighting, Store};
use tokio::runtime::{Builder, Runtime};

use super::{SimStore, StoreLatency};
use crate::history::{History, What};
use crate::time::WorldClock;

const HOUR: Duration = Duration::from_secs(3600);

/// A store and what is needed to look at it.
struct Fixture {
    clock: WorldClock,
    history: History,
    store: SimStore,
}

impl Fixture {
    /// A store that takes 10 ms for each call.
    fn new() -> Self {
        Self::with(StoreLatency {
            least: Duration::from_millis(10),
            jitter: Duration::ZERO,
        })
    }

    fn with(latency: StoreLatency) -> Self {
        let clock = WorldClock::new(Timestamp::from_second(1_767_400_000).unwrap());
        let history = History::new(clock.clone());
        let store = SimStore::new(clock.clone(), history.clone(), 1, latency);
        Self {
            clock,
            history,
            store,
        }
    }

    fn door(&self, node: &str) -> Arc<dyn Store> {
        self.store.door(node.into())
    }

    /// The history in words.
    fn told(&self) -> Vec<String> {
        let all = self.history.all();
        all.iter().map(|entry| entry.what.to_string()).collect()
    }

    fn commits(&self) -> usize {
        let all = self.history.all();
        let committed = |what: &What| matches!(what, What::Committed { .. });
        all.iter().filter(|entry| committed(&entry.what)).count()
    }
}

/// A node's runtime: one thread, and time that goes on by itself when there is nothing to do.
fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn fence(lease: &Lease) -> Fence {
    Fence {
        holder: lease.holder.clone(),
        epoch: lease.epoch,
        commit_seq: lease.commit_seq,
    }
}

/// A batch of one record.
fn batch(id: &str) -> Vec<Change> {
    let record = instance(id, "w", InstanceStatus::Running, 1);
    vec![Change::PutInstance(record)]
}

/// Takes the lease for an hour.
async fn lease_of(door: &Arc<dyn Store>, holder: &str) -> Lease {
    let claimed = door.acquire(&claim(holder, 3_600_000)).await.unwrap();
    claimed.granted().expect("the lease is free")
}
