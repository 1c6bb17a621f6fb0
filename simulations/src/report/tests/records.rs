//! Records of hand-made histories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{
    AttemptId, Change, ContentHash, CoordinatorKey, CoordinatorKind, Epoch, Fate, Incarnation,
    Instance, InstanceStatus, LedgerRow, NodeId, RunId, TriggerKind, Visit, VisitId, VisitStatus,
};
use peerflow_workflow::OnPartition;

use crate::history::{Entry, TaskFate, What};
use crate::time::{VirtualTime, WorldClock};

pub(crate) fn began_at() -> Timestamp {
    "2026-03-01T23:50:00Z".parse().expect("a timestamp")
}

pub(crate) fn clock() -> WorldClock {
    WorldClock::new(began_at())
}

pub(crate) fn at(milliseconds: u64) -> VirtualTime {
    VirtualTime::after_start(Duration::from_millis(milliseconds))
}

pub(crate) fn entry(milliseconds: u64, what: What) -> Entry {
    let at = at(milliseconds);
    Entry { at, what }
}

pub(crate) fn node(name: &str) -> NodeId {
    name.into()
}

pub(crate) fn run(instance: &str) -> RunId {
    let instance = instance.into();
    RunId { instance, run: 1 }
}

pub(crate) fn visit_id(instance: &str, step: &str) -> VisitId {
    VisitId {
        run: run(instance),
        step: step.into(),
        visit: 1,
    }
}

pub(crate) fn attempt(instance: &str, step: &str, attempt: u32) -> AttemptId {
    let visit = visit_id(instance, step);
    AttemptId { visit, attempt }
}

pub(crate) fn started(name: &str, incarnation: u64) -> What {
    What::Started {
        node: node(name),
        incarnation: Incarnation(incarnation),
    }
}

pub(crate) fn task_started(name: &str, attempt: &AttemptId) -> What {
    What::TaskStarted {
        node: node(name),
        incarnation: Incarnation(1),
        attempt: attempt.clone(),
        on_partition: OnPartition::Wait,
    }
}

pub(crate) fn task_ended(name: &str, attempt: &AttemptId, fate: TaskFate) -> What {
    What::TaskEnded {
        node: node(name),
        attempt: attempt.clone(),
        fate,
    }
}

pub(crate) fn committed(holder: &str, changes: Vec<Change>) -> What {
    What::Committed {
        holder: node(holder),
        epoch: Epoch(1),
        commit_seq: 1,
        changes: Arc::from(changes),
    }
}

pub(crate) fn instance(id: &str, workflow: &str, status: InstanceStatus) -> Change {
    let now = began_at();
    let started = status != InstanceStatus::Waiting;
    Change::PutInstance(Instance {
        id: run(id),
        workflow: workflow.into(),
        status,
        ending: None,
        params: BTreeMap::new(),
        trigger: TriggerKind::Cron,
        logical_time: now,
        coordinator: None,
        blood: None,
        skip: BTreeSet::new(),
        definition: ContentHash::of(workflow.as_bytes()),
        priority: 0,
        queue_order: 1,
        created_at: now,
        started_at: started.then_some(now),
        ended_at: status.is_final().then_some(now),
        message: String::new(),
    })
}

pub(crate) fn visit(id: &VisitId, status: VisitStatus, message: &str) -> Change {
    Change::PutVisit(Visit {
        id: id.clone(),
        sequence: 1,
        step_type: "shell".to_owned(),
        status,
        from: None,
        arrivals: 1,
        attempt: 0,
        failures: 0,
        losses: 0,
        node: None,
        created_at: began_at(),
        dispatched_at: None,
        started_at: None,
        ended_at: None,
        retry_at: None,
        message: message.to_owned(),
    })
}

/// The fate of a time `milliseconds` after the run began.
pub(crate) fn ledger(workflow: &str, milliseconds: u64, fate: Fate) -> Change {
    let instant = clock().wall(at(milliseconds));
    Change::PutLedger(LedgerRow {
        coordinator: CoordinatorKey {
            kind: CoordinatorKind::Workflow,
            name: workflow.into(),
        },
        workflow: workflow.into(),
        instant,
        fate,
        decided_at: instant,
    })
}
