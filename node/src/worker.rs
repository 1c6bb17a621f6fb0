//! The worker: takes dispatched attempts as long as it has slots, runs them, and reports their ends until the master
//! has confirmed them.
//!
//! Orders and reports go through channels that carry plain values, so that a connection to a master elsewhere can
//! take the place of the channel.

mod outcomes;
mod service;
mod slots;

use peerflow_engine::{Dispatch, Event};
use peerflow_model::{AttemptId, Epoch};
use tokio::sync::{mpsc, watch};

pub(crate) use outcomes::Outcomes;
pub(crate) use service::{Worker, WorkerParts};

/// Orders that wait for the worker.
pub(super) const ORDERS: usize = 1024;

/// What a master wants of a worker.
#[derive(Debug)]
pub(crate) enum Order {
    /// A master of this epoch is new: tell it what waits, who you are and what you run.
    Announce { epoch: Epoch },
    /// Run an attempt.
    Dispatch(Box<Dispatch>),
    /// Kill an attempt; of no effect when it is over.
    Kill { attempt: AttemptId, reason: String },
    /// The reported end of an attempt is durable.
    Acknowledge { attempt: AttemptId },
    /// Take no more attempts and tell the master so.
    Drain,
    /// Kill what runs, so that it runs again later.
    Revoke { reason: String },
}

/// What a worker tells, and under which epoch: a master passes over what was meant for another one. What is lost so
/// is told again when the next master announces itself.
#[derive(Debug)]
pub(crate) struct WorkerReport {
    pub(crate) epoch: Epoch,
    pub(crate) event: Event,
}

/// What a worker has on its hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Attempts that run.
    pub(crate) running: usize,
    /// Outcomes that no master has confirmed yet.
    pub(crate) unconfirmed: usize,
}

/// Gives orders to this node's worker. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct WorkerHandle {
    orders: mpsc::Sender<Order>,
    load: watch::Receiver<Load>,
}

impl WorkerHandle {
    /// How many attempts run here now.
    pub(crate) fn running(&self) -> usize {
        self.load.borrow().running
    }

    /// Waits until `is_met`, or the worker is stopped.
    pub(crate) async fn wait_for(&self, is_met: impl FnMut(&Load) -> bool) {
        // Without a worker there is nothing to wait for.
        drop(self.load.clone().wait_for(is_met).await);
    }

    /// Gives an order. Without effect once the worker is stopped.
    pub(crate) async fn order(&self, order: Order) {
        if self.orders.send(order).await.is_err() {
            tracing::debug!("an order came after the worker was stopped");
        }
    }
}
