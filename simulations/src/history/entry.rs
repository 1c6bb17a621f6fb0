//! One thing that happened.

use std::sync::Arc;

use peerflow_model::{AttemptId, Change, Epoch, Incarnation, InstanceId, NodeId};
use peerflow_workflow::OnPartition;

use crate::time::VirtualTime;

/// One thing that happened, and when.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The beginning of the quantum in which it happened. What happened within one quantum is told by its order.
    pub at: VirtualTime,
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum What {
    /// A node began a life.
    Started {
        node: NodeId,
        incarnation: Incarnation,
    },
    /// A node could not begin.
    StartFailed { node: NodeId, why: String },
    /// A part of a node ended by itself, which only a bug does.
    Broke { node: NodeId },
    /// A node died: its memory is gone and the processes of its tasks are dead.
    Crashed { node: NodeId },
    /// A node was stopped as by SIGTERM and has gone.
    Stopped { node: NodeId },
    /// A node stands still, as by SIGSTOP; its tasks run on.
    Paused { node: NodeId },
    /// A node goes on.
    Resumed { node: NodeId },

    /// The store gave the lease to a node.
    LeaseTaken {
        holder: NodeId,
        epoch: Epoch,
        /// The row had come less far than the claimant had seen.
        went_back: bool,
    },
    /// The store took the lease back, as its holder asked.
    LeaseReleased { holder: NodeId, epoch: Epoch },
    /// A node believes to be master from now on.
    MasterBegan { node: NodeId, epoch: Epoch },
    /// A node does not believe so any more.
    MasterEnded { node: NodeId, epoch: Epoch },

    /// The store made a batch of changes durable, whatever its writer was told.
    Committed {
        holder: NodeId,
        epoch: Epoch,
        /// What the row's `commit_seq` is now.
        commit_seq: u64,
        changes: Arc<[Change]>,
    },
    /// The store refused a batch: the fence did not hold.
    Fenced { holder: NodeId, epoch: Epoch },
    /// The store was put back to what it held after the first `commits` of all batches committed so far in this history
    /// that were not lost by an earlier restoration.
    Restored { commits: usize },

    /// A process of a task began on a node.
    TaskStarted {
        node: NodeId,
        incarnation: Incarnation,
        attempt: AttemptId,
        on_partition: OnPartition,
    },
    /// It ended. What its node tells of that, and whether it lives to tell, is another matter.
    TaskEnded {
        node: NodeId,
        attempt: AttemptId,
        fate: TaskFate,
    },

    /// A client asked a node for something.
    Asked {
        request: RequestId,
        node: NodeId,
        wish: Wish,
    },
    /// A client got its answer, or will never get one.
    Answered { request: RequestId, answer: Answer },

    /// A fault began, in words: `n1, n2 cut from n3`.
    FaultBegan { fault: String },
    /// A fault is over.
    FaultEnded { fault: String },
    /// No more faults from here on: the cluster must heal.
    Healing,
}

/// How the process of a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskFate {
    Succeeded,
    Failed,
    /// Its node killed it: asked for, or the timeout was over.
    Killed,
    /// The spawner killed it: its node's grant was over.
    GrantOver,
    /// The spawner killed it: its node died.
    NodeDied,
}

/// A request of a client, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Registers a workflow.
    Register { workflow: String },
    /// Triggers a workflow; `key`: the request's `Idempotency-Key`.
    Trigger {
        workflow: String,
        key: Option<String>,
    },
    /// Kills an instance.
    Kill { instance: InstanceId },
    /// Runs an instance again.
    Rerun { instance: InstanceId },
}

/// What became of a request, as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done; for a trigger, the instance it made.
    Acknowledged { instance: Option<InstanceId> },
    /// Certainly not done.
    Refused { status: u16, why: String },
    /// Done or not: the connection broke, or the answer says so.
    Unknown { why: String },
}
