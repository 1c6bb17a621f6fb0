//! Records as batches hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptId, AttemptStatus, Change, ContentHash, Epoch, Incarnation, Instance,
    InstanceStatus, RunId, TriggerKind, Visit, VisitId, VisitStatus, WorkflowRecord,
};

/// Two steps beside each other, then a join and one more.
const DOCUMENT: &str = r#"<work-flow name="w" instance-limit="LIMIT"><start name="s" to="f"/>
    <fork name="f"><path to="x"/><path to="y"/></fork>
    <action name="x"><shell><command>true</command></shell><ok to="j"/></action>
    <action name="y"><shell><command>true</command></shell><ok to="j"/><error to="k"/></action>
    <join name="j" to="z"/>
    <action name="z"><shell><command>true</command></shell><ok to="e"/></action>
    <kill name="k"><message>no</message></kill><end name="e"/></work-flow>"#;

pub(in crate::invariants) fn run(instance: &str, run: u32) -> RunId {
    RunId {
        instance: instance.into(),
        run,
    }
}

pub(in crate::invariants) fn visit_id(instance: &str, step: &str) -> VisitId {
    VisitId {
        run: run(instance, 1),
        step: step.into(),
        visit: 1,
    }
}

pub(in crate::invariants) fn attempt_id(instance: &str, step: &str, attempt: u32) -> AttemptId {
    AttemptId {
        visit: visit_id(instance, step),
        attempt,
    }
}

pub(in crate::invariants) fn document(limit: u32) -> Arc<str> {
    DOCUMENT.replace("LIMIT", &limit.to_string()).into()
}

pub(in crate::invariants) fn put_workflow(name: &str, limit: u32) -> Change {
    let xml = document(limit);
    Change::PutWorkflow(WorkflowRecord {
        name: name.into(),
        hash: ContentHash::of(xml.as_bytes()),
        xml,
        dir: "/".to_owned(),
        creator: String::new(),
        description: String::new(),
        files: Vec::new(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    })
}

/// A running instance of workflow w, limit 1, which a client triggered.
pub(in crate::invariants) fn instance(id: &str) -> Instance {
    Instance {
        id: run(id, 1),
        workflow: "w".into(),
        status: InstanceStatus::Running,
        ending: None,
        params: BTreeMap::new(),
        trigger: TriggerKind::Trigger,
        logical_time: Timestamp::UNIX_EPOCH,
        coordinator: None,
        blood: None,
        skip: BTreeSet::new(),
        definition: ContentHash::of(document(1).as_bytes()),
        priority: 0,
        queue_order: 1,
        created_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        ended_at: None,
        message: String::new(),
    }
}

pub(in crate::invariants) fn instance_in(id: &str, status: InstanceStatus) -> Instance {
    Instance {
        status,
        ..instance(id)
    }
}

/// The first visit of a step, reached from the first one of another.
pub(in crate::invariants) fn visit(
    instance: &str,
    step: &str,
    from: Option<&str>,
    status: VisitStatus,
) -> Visit {
    let control = ["s", "f", "j", "k", "e"].contains(&step);
    Visit {
        id: visit_id(instance, step),
        sequence: 1,
        step_type: if control { "join" } else { "shell" }.to_owned(),
        status,
        from: from.map(|step| (step.into(), 1)),
        arrivals: 1,
        attempt: 0,
        failures: 0,
        losses: 0,
        node: None,
        created_at: Timestamp::UNIX_EPOCH,
        dispatched_at: None,
        started_at: None,
        ended_at: None,
        retry_at: None,
        message: String::new(),
    }
}

/// A try given to the first life of a node.
pub(in crate::invariants) fn assigned(
    instance: &str,
    step: &str,
    attempt: u32,
    node: &str,
    epoch: u64,
) -> Attempt {
    Attempt {
        id: attempt_id(instance, step, attempt),
        node: node.into(),
        incarnation: Incarnation(1),
        epoch: Epoch(epoch),
        status: AttemptStatus::Assigned,
        assigned_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        ended_at: None,
        exit_code: None,
        message: String::new(),
    }
}

pub(in crate::invariants) fn attempt_in(attempt: Attempt, status: AttemptStatus) -> Attempt {
    Attempt { status, ..attempt }
}

/// The change that makes a record durable.
pub(in crate::invariants) fn put(record: impl Into<Record>) -> Change {
    match record.into() {
        Record::Instance(instance) => Change::PutInstance(*instance),
        Record::Visit(visit) => Change::PutVisit(*visit),
        Record::Attempt(attempt) => Change::PutAttempt(*attempt),
    }
}

pub(in crate::invariants) enum Record {
    Instance(Box<Instance>),
    Visit(Box<Visit>),
    Attempt(Box<Attempt>),
}

impl From<Instance> for Record {
    fn from(instance: Instance) -> Self {
        Self::Instance(Box::new(instance))
    }
}

impl From<Visit> for Record {
    fn from(visit: Visit) -> Self {
        Self::Visit(Box::new(visit))
    }
}

impl From<Attempt> for Record {
    fn from(attempt: Attempt) -> Self {
        Self::Attempt(Box::new(attempt))
    }
}
