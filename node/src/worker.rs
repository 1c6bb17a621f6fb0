//! The worker: takes dispatched attempts as long as it has slots and its grant holds, runs them, and reports their
//! ends until the master has confirmed them.
//!
//! One master at a time has its ear, through a [`MasterLink`]: two channels, whose other ends are in this process where
//! the master is this node, and in a connection where it is another. A later master takes the place of an earlier one,
//! and is told everything anew: so nothing that a broken connection swallowed is lost.

mod definitions;
mod grants;
mod outcomes;
mod service;
mod slots;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_engine::{Dispatch, Event};
use peerflow_model::{AttemptId, ContentHash, Epoch, FileRecord, Incarnation, NodeId};
use peerflow_workflow::{LogicalTime, StepIndex, StepName, Workflow, WorkflowName};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use definitions::Definitions;
pub(crate) use outcomes::Outcomes;
pub(crate) use service::{Worker, WorkerParts};

/// Orders that may wait for a worker. More than a worker has slots, many times over: a link that is this far behind is
/// broken.
pub(crate) const ORDERS: usize = 16 * 1024;

/// What a master wants of a worker.
#[derive(Debug)]
pub(crate) enum Order {
    /// Run an attempt.
    Dispatch(Box<Assignment>),
    /// Kill an attempt; of no effect when it is over.
    Kill { attempt: AttemptId, reason: String },
    /// The reported end of an attempt is durable.
    Acknowledge { attempt: AttemptId },
    /// The worker may run its attempts for `lease`, counted from when it asked for grant `number`.
    Grant { number: u64, lease: Duration },
}

/// An attempt as a worker is given it.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) attempt: AttemptId,
    /// The life of the node that it is meant for.
    pub(crate) incarnation: Incarnation,
    pub(crate) epoch: Epoch,
    /// The grant it belongs to: refused once that is over.
    pub(crate) grant: u64,
    /// What the instance was made from.
    pub(crate) definition: ContentHash,
    pub(crate) workflow: WorkflowSource,
    pub(crate) params: Arc<BTreeMap<String, String>>,
    pub(crate) logical_time: LogicalTime,
    pub(crate) created_at: Timestamp,
    pub(crate) timeout: Option<Duration>,
    pub(crate) files: Arc<[FileRecord]>,
}

/// Where the worker has the action from.
#[derive(Clone, Debug)]
pub(crate) enum WorkflowSource {
    /// From the master in the same process: parameters substituted.
    Here {
        workflow: Arc<Workflow>,
        step: StepIndex,
    },
    /// From the store, by the assignment's definition.
    Stored {
        workflow: WorkflowName,
        step: StepName,
    },
}

impl Assignment {
    /// What the engine of this process dispatches, under the latest grant that the worker was given.
    pub(crate) fn new(dispatch: Dispatch, grant: u64) -> Self {
        Self {
            attempt: dispatch.attempt,
            incarnation: dispatch.incarnation,
            epoch: dispatch.epoch,
            grant,
            definition: dispatch.definition,
            workflow: WorkflowSource::Here {
                workflow: dispatch.workflow,
                step: dispatch.step,
            },
            params: dispatch.params,
            logical_time: dispatch.logical_time,
            created_at: dispatch.created_at,
            timeout: dispatch.timeout,
            files: dispatch.files,
        }
    }
}

/// What reaches a master from its peers: what workers tell, and whether they can be reached at all.
#[derive(Debug)]
pub(crate) enum PeerEvent {
    /// A worker asks to be allowed to go on.
    GrantRequest { node: NodeId, number: u64 },
    /// A worker tells the engine something.
    Told(Event),
    /// A worker listens to this master: orders go there from now on, and what it tells comes after this.
    Attached {
        node: NodeId,
        orders: mpsc::Sender<Order>,
    },
    /// The connection to a worker broke; nothing of it comes after this until it is attached again.
    Detached { node: NodeId },
    /// Gossip calls a node dead.
    Down { node: NodeId },
}

/// A master that has the ear of this node's worker.
#[derive(Debug)]
pub(crate) struct MasterLink {
    pub(crate) epoch: Epoch,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) words: mpsc::Sender<PeerEvent>,
}

/// A master whose epoch is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its epoch is over: this node has seen epoch {}", .seen.0)]
pub(crate) struct EpochOver {
    pub(crate) seen: Epoch,
}

/// A master that wants to be attached, and where it learns whether it is.
#[derive(Debug)]
struct Attach {
    link: MasterLink,
    answer: oneshot::Sender<Result<(), EpochOver>>,
}

/// What this node itself wants of its worker.
#[derive(Debug)]
enum Instruction {
    /// Take no more attempts, or take them again, and tell the master so.
    Drain(bool),
    /// Kill what runs, so that it runs again elsewhere or later.
    Revoke { reason: String },
}

/// What a worker has on its hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Attempts that run.
    pub(crate) running: usize,
    /// Outcomes that no master has confirmed yet.
    pub(crate) unconfirmed: usize,
}

/// This node's worker, for the rest of the node. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct WorkerHandle {
    attach: mpsc::Sender<Attach>,
    instructions: mpsc::Sender<Instruction>,
    load: watch::Receiver<Load>,
}

impl WorkerHandle {
    /// How many attempts run here now.
    pub(crate) fn running(&self) -> usize {
        self.load.borrow().running
    }

    /// Tells when what the worker has on its hands changes.
    pub(crate) fn load(&self) -> watch::Receiver<Load> {
        self.load.clone()
    }

    /// Waits until `is_met`, or the worker is stopped.
    pub(crate) async fn wait_for(&self, is_met: impl FnMut(&Load) -> bool) {
        // Without a worker there is nothing to wait for.
        drop(self.load.clone().wait_for(is_met).await);
    }

    /// Gives a master the worker's ear.
    ///
    /// # Errors
    /// When its epoch is lower than one that this node has seen (invariant 4).
    pub(crate) async fn attach(&self, link: MasterLink) -> Result<(), EpochOver> {
        let (answer, wait) = oneshot::channel();
        if self.attach.send(Attach { link, answer }).await.is_err() {
            tracing::debug!("a master came after the worker was stopped");
            return Ok(());
        }
        wait.await.unwrap_or(Ok(()))
    }

    /// Takes no more attempts, or takes them again.
    pub(crate) async fn drain(&self, is_draining: bool) {
        self.instruct(Instruction::Drain(is_draining)).await;
    }

    /// Kills what runs, so that it runs again elsewhere or later, without using a retry.
    pub(crate) async fn revoke(&self, reason: String) {
        self.instruct(Instruction::Revoke { reason }).await;
    }

    async fn instruct(&self, instruction: Instruction) {
        if self.instructions.send(instruction).await.is_err() {
            tracing::debug!("an instruction came after the worker was stopped");
        }
    }
}
