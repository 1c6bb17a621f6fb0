//! Records of runs as rows and back: what is searched by stands in columns, the rest in a short JSON text.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptId, AttemptStatus, CoordinatorKey, Ending, Epoch, Incarnation, Instance,
    InstanceId, InstanceStatus, NodeId, RunId, TriggerKind, Visit, VisitId, VisitStatus,
};
use peerflow_workflow::StepName;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::rows::Table;
use super::value::{Row, Value};

pub(crate) static INSTANCES: Table = Table {
    name: "instances",
    columns: "id, run, latest, workflow, status, created_at, ended_at, definition, body",
    width: 9,
};
pub(crate) static VISITS: Table = Table {
    name: "visits",
    columns: "instance, run, step, visit, sequence, status, body",
    width: 7,
};
pub(crate) static ATTEMPTS: Table = Table {
    name: "attempts",
    columns: "instance, run, step, visit, attempt, status, body",
    width: 7,
};

/// A record's JSON. The types it is made of always have one.
pub(crate) fn json<T: Serialize>(record: &T) -> Value {
    match serde_json::to_vec(record) {
        Ok(text) => Value::Bytes(text),
        Err(error) => unreachable!("a record has no JSON: {error}"),
    }
}

/// Times in JSON, in microseconds since the epoch.
mod micros {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::as_microsecond).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let micros = Option::<i64>::deserialize(deserializer)?;
        micros
            .map(Timestamp::from_microsecond)
            .transpose()
            .map_err(serde::de::Error::custom)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Serialize, Deserialize)]
struct InstanceBody<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ending: Option<Cow<'a, Ending>>,
    #[serde(default, skip_serializing_if = "is_default")]
    params: Cow<'a, BTreeMap<String, String>>,
    trigger: TriggerKind,
    #[serde(with = "micros")]
    time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coordinator: Option<Cow<'a, CoordinatorKey>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blood: Option<InstanceId>,
    #[serde(default, skip_serializing_if = "is_default")]
    skip: Cow<'a, BTreeSet<StepName>>,
    #[serde(default, skip_serializing_if = "is_default")]
    priority: i32,
    order: u64,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micros")]
    started: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default", borrow)]
    message: Cow<'a, str>,
}

pub(crate) fn instance_row(instance: &Instance) -> [Value; 9] {
    let body = InstanceBody {
        ending: instance.ending.as_ref().map(Cow::Borrowed),
        params: Cow::Borrowed(&instance.params),
        trigger: instance.trigger,
        time: Some(instance.logical_time),
        coordinator: instance.coordinator.as_ref().map(Cow::Borrowed),
        blood: instance.blood.clone(),
        skip: Cow::Borrowed(&instance.skip),
        priority: instance.priority,
        order: instance.queue_order,
        started: instance.started_at,
        message: Cow::Borrowed(&instance.message),
    };
    [
        instance.id.instance.as_str().into(),
        instance.id.run.into(),
        Value::Int(1),
        instance.workflow.as_str().into(),
        Value::Int(instance_code(instance.status)),
        instance.created_at.into(),
        instance.ended_at.into(),
        instance.definition.into(),
        json(&body),
    ]
}

/// From columns in the order of [`INSTANCES`], without `latest`.
pub(crate) const INSTANCE_COLUMNS: &str =
    "i.id, i.run, i.workflow, i.status, i.created_at, i.ended_at, i.definition, i.body";

pub(crate) fn instance(row: &Row) -> Result<Instance, Failure> {
    read_instance(row).map_err(|failure| failure.in_row(row, &[("instance", 0)]))
}

fn read_instance(row: &Row) -> Result<Instance, Failure> {
    let body: InstanceBody<'_> = row.json(7)?;
    Ok(Instance {
        id: RunId {
            instance: row.text(0)?.into(),
            run: row.count(1)?,
        },
        workflow: row.text(2)?.into(),
        status: instance_status(row.int(3)?)?,
        ending: body.ending.map(Cow::into_owned),
        params: body.params.into_owned(),
        trigger: body.trigger,
        logical_time: body.time.ok_or_else(|| unknown("a run without a time"))?,
        coordinator: body.coordinator.map(Cow::into_owned),
        blood: body.blood,
        skip: body.skip.into_owned(),
        definition: row.hash(6)?,
        priority: body.priority,
        queue_order: body.order,
        created_at: row.time(4)?,
        started_at: body.started,
        ended_at: row.optional_time(5)?,
        message: body.message.into_owned(),
    })
}

pub(crate) fn instance_code(status: InstanceStatus) -> i64 {
    match status {
        InstanceStatus::Waiting => 0,
        InstanceStatus::Running => 1,
        InstanceStatus::Succeeded => 2,
        InstanceStatus::Failed => 3,
        InstanceStatus::Killed => 4,
    }
}

fn instance_status(code: i64) -> Result<InstanceStatus, Failure> {
    match code {
        0 => Ok(InstanceStatus::Waiting),
        1 => Ok(InstanceStatus::Running),
        2 => Ok(InstanceStatus::Succeeded),
        3 => Ok(InstanceStatus::Failed),
        4 => Ok(InstanceStatus::Killed),
        _ => Err(unknown(&format!("a run of status {code}"))),
    }
}

#[derive(Serialize, Deserialize)]
struct VisitBody<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<(StepName, u32)>,
    arrivals: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    tries: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    failures: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    losses: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<NodeId>,
    #[serde(with = "micros")]
    created: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micros")]
    dispatched: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micros")]
    started: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micros")]
    ended: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micros")]
    retry: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default", borrow)]
    message: Cow<'a, str>,
}

pub(crate) fn visit_row(visit: &Visit) -> [Value; 7] {
    let body = VisitBody {
        kind: Cow::Borrowed(&visit.step_type),
        from: visit.from.clone(),
        arrivals: visit.arrivals,
        tries: visit.attempt,
        failures: visit.failures,
        losses: visit.losses,
        node: visit.node.clone(),
        created: Some(visit.created_at),
        dispatched: visit.dispatched_at,
        started: visit.started_at,
        ended: visit.ended_at,
        retry: visit.retry_at,
        message: Cow::Borrowed(&visit.message),
    };
    [
        visit.id.run.instance.as_str().into(),
        visit.id.run.run.into(),
        visit.id.step.as_str().into(),
        visit.id.visit.into(),
        visit.sequence.into(),
        Value::Int(visit_code(visit.status)),
        json(&body),
    ]
}

/// The visit in columns in the order of [`VISITS`].
pub(crate) fn visit(row: &Row) -> Result<Visit, Failure> {
    read_visit(row).map_err(|failure| failure.in_row(row, &[("instance", 0), ("step", 2)]))
}

fn read_visit(row: &Row) -> Result<Visit, Failure> {
    let body: VisitBody<'_> = row.json(6)?;
    Ok(Visit {
        id: visit_id(row)?,
        sequence: row.count(4)?,
        step_type: body.kind.into_owned(),
        status: visit_status(row.int(5)?)?,
        from: body.from,
        arrivals: body.arrivals,
        attempt: body.tries,
        failures: body.failures,
        losses: body.losses,
        node: body.node,
        created_at: body
            .created
            .ok_or_else(|| unknown("a visit without a time"))?,
        dispatched_at: body.dispatched,
        started_at: body.started,
        ended_at: body.ended,
        retry_at: body.retry,
        message: body.message.into_owned(),
    })
}

fn visit_id(row: &Row) -> Result<VisitId, Failure> {
    let run = RunId {
        instance: row.text(0)?.into(),
        run: row.count(1)?,
    };
    Ok(VisitId {
        run,
        step: row.text(2)?.into(),
        visit: row.count(3)?,
    })
}

fn visit_code(status: VisitStatus) -> i64 {
    match status {
        VisitStatus::Pending => 0,
        VisitStatus::Waiting => 1,
        VisitStatus::Running => 2,
        VisitStatus::Succeeded => 3,
        VisitStatus::Failed => 4,
        VisitStatus::Killed => 5,
        VisitStatus::Skipped => 6,
        VisitStatus::Lost => 7,
    }
}

fn visit_status(code: i64) -> Result<VisitStatus, Failure> {
    match code {
        0 => Ok(VisitStatus::Pending),
        1 => Ok(VisitStatus::Waiting),
        2 => Ok(VisitStatus::Running),
        3 => Ok(VisitStatus::Succeeded),
        4 => Ok(VisitStatus::Failed),
        5 => Ok(VisitStatus::Killed),
        6 => Ok(VisitStatus::Skipped),
        7 => Ok(VisitStatus::Lost),
        _ => Err(unknown(&format!("a visit of status {code}"))),
    }
}

#[derive(Serialize, Deserialize)]
struct AttemptBody<'a> {
    node: NodeId,
    life: u64,
    epoch: u64,
    #[serde(with = "micros")]
    assigned: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micros")]
    started: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micros")]
    ended: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(default, skip_serializing_if = "is_default", borrow)]
    message: Cow<'a, str>,
}

/// The key of an attempt, in order.
pub(crate) fn attempt_key(id: &AttemptId) -> [Value; 5] {
    [
        id.visit.run.instance.as_str().into(),
        id.visit.run.run.into(),
        id.visit.step.as_str().into(),
        id.visit.visit.into(),
        id.attempt.into(),
    ]
}

/// The attempt whose key is in the first five columns.
pub(crate) fn attempt_id(row: &Row) -> Result<AttemptId, Failure> {
    Ok(AttemptId {
        visit: visit_id(row)?,
        attempt: row.count(4)?,
    })
}

pub(crate) fn attempt_row(attempt: &Attempt) -> impl Iterator<Item = Value> {
    let body = AttemptBody {
        node: attempt.node.clone(),
        life: attempt.incarnation.0,
        epoch: attempt.epoch.0,
        assigned: Some(attempt.assigned_at),
        started: attempt.started_at,
        ended: attempt.ended_at,
        exit: attempt.exit_code,
        message: Cow::Borrowed(&attempt.message),
    };
    attempt_key(&attempt.id)
        .into_iter()
        .chain([Value::Int(attempt_code(attempt.status)), json(&body)])
}

/// The attempt in columns in the order of [`ATTEMPTS`].
pub(crate) fn attempt(row: &Row) -> Result<Attempt, Failure> {
    read_attempt(row).map_err(|failure| failure.in_row(row, &[("instance", 0), ("step", 2)]))
}

fn read_attempt(row: &Row) -> Result<Attempt, Failure> {
    let body: AttemptBody<'_> = row.json(6)?;
    Ok(Attempt {
        id: attempt_id(row)?,
        node: body.node,
        incarnation: Incarnation(body.life),
        epoch: Epoch(body.epoch),
        status: attempt_status(row.int(5)?)?,
        assigned_at: body
            .assigned
            .ok_or_else(|| unknown("an attempt without a time"))?,
        started_at: body.started,
        ended_at: body.ended,
        exit_code: body.exit,
        message: body.message.into_owned(),
    })
}

fn attempt_code(status: AttemptStatus) -> i64 {
    match status {
        AttemptStatus::Assigned => 0,
        AttemptStatus::Running => 1,
        AttemptStatus::Succeeded => 2,
        AttemptStatus::Failed => 3,
        AttemptStatus::Killed => 4,
        AttemptStatus::Lost => 5,
    }
}

fn attempt_status(code: i64) -> Result<AttemptStatus, Failure> {
    match code {
        0 => Ok(AttemptStatus::Assigned),
        1 => Ok(AttemptStatus::Running),
        2 => Ok(AttemptStatus::Succeeded),
        3 => Ok(AttemptStatus::Failed),
        4 => Ok(AttemptStatus::Killed),
        5 => Ok(AttemptStatus::Lost),
        _ => Err(unknown(&format!("an attempt of status {code}"))),
    }
}

pub(crate) fn unknown(what: &str) -> Failure {
    Failure::Corrupt {
        table: "answer",
        reason: what.to_owned(),
    }
}
