//! Records to put into a store.

use std::collections::BTreeMap;

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptId, AttemptStatus, ContentHash, CoordinatorKey, CoordinatorKind,
    CoordinatorRecord, DataReading, Epoch, Fate, FileRecord, Incarnation, Instance, InstanceStatus,
    LedgerRow, LinkKind, LinkRecord, LinkSettings, LogLevel, LogLine, Mail, MailKind, MailState,
    RunId, TriggerKind, Visit, VisitId, VisitStatus, WorkflowRecord,
};

use crate::LogChunk;

/// So many seconds after a day in 2026.
///
/// # Panics
/// When it is out of range.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).expect("a time of this era")
}

pub fn run_id(instance: &str, run: u32) -> RunId {
    RunId {
        instance: instance.into(),
        run,
    }
}

pub fn visit_id(run: &RunId, step: &str, visit: u32) -> VisitId {
    VisitId {
        run: run.clone(),
        step: step.into(),
        visit,
    }
}

pub fn attempt_id(instance: &str, step: &str, attempt: u32) -> AttemptId {
    AttemptId {
        visit: visit_id(&run_id(instance, 1), step, 1),
        attempt,
    }
}

pub fn instance(id: &str, workflow: &str, status: InstanceStatus, created: i64) -> Instance {
    Instance {
        id: run_id(id, 1),
        workflow: workflow.into(),
        status,
        ending: None,
        params: BTreeMap::from([("day".to_owned(), "2026-01-01".to_owned())]),
        trigger: TriggerKind::Cron,
        logical_time: at(created - 1),
        coordinator: Some(workflow_key(workflow)),
        blood: None,
        skip: ["a".into()].into(),
        definition: ContentHash::of(workflow.as_bytes()),
        priority: 3,
        queue_order: 1,
        created_at: at(created),
        started_at: Some(at(created)),
        ended_at: status.is_final().then(|| at(created + 10)),
        message: String::new(),
    }
}

pub fn visit(run: &RunId, step: &str, sequence: u32, status: VisitStatus) -> Visit {
    Visit {
        id: visit_id(run, step, 1),
        sequence,
        step_type: "action".to_owned(),
        status,
        from: (sequence > 1).then(|| ("start".into(), 1)),
        arrivals: 1,
        attempt: 1,
        failures: 0,
        losses: 0,
        node: Some("node-1".into()),
        created_at: at(1),
        dispatched_at: Some(at(2)),
        started_at: Some(at(2)),
        ended_at: status.is_final().then(|| at(3)),
        retry_at: None,
        message: String::new(),
    }
}

pub fn attempt(visit: &VisitId, number: u32, status: AttemptStatus) -> Attempt {
    Attempt {
        id: AttemptId {
            visit: visit.clone(),
            attempt: number,
        },
        node: "node-1".into(),
        incarnation: Incarnation(7),
        epoch: Epoch(1),
        status,
        assigned_at: at(2),
        started_at: Some(at(2)),
        ended_at: status.is_final().then(|| at(3)),
        exit_code: status.is_final().then_some(0),
        message: String::new(),
    }
}

pub fn workflow(name: &str, dir: &str, xml: &str) -> WorkflowRecord {
    WorkflowRecord {
        name: name.into(),
        xml: xml.into(),
        hash: ContentHash::of(xml.as_bytes()),
        dir: dir.to_owned(),
        creator: "ada".to_owned(),
        description: "what it does".to_owned(),
        files: Vec::new(),
        created_at: at(0),
        updated_at: at(1),
    }
}

pub fn coordinator(name: &str, dir: &str, xml: &str) -> CoordinatorRecord {
    CoordinatorRecord {
        name: name.into(),
        xml: xml.into(),
        hash: ContentHash::of(xml.as_bytes()),
        dir: dir.to_owned(),
        creator: "ada".to_owned(),
        description: String::new(),
        created_at: at(0),
        updated_at: at(1),
    }
}

pub fn file(path: &str, content: &[u8]) -> FileRecord {
    FileRecord {
        path: path.to_owned(),
        hash: ContentHash::of(content),
        size: content.len() as u64,
        executable: true,
    }
}

pub fn workflow_key(name: &str) -> CoordinatorKey {
    CoordinatorKey {
        kind: CoordinatorKind::Workflow,
        name: name.into(),
    }
}

pub fn ledger(workflow: &str, instant: i64, fate: Fate) -> LedgerRow {
    LedgerRow {
        coordinator: workflow_key(workflow),
        workflow: workflow.into(),
        instant: at(instant),
        fate,
        decided_at: at(instant + 1),
    }
}

pub fn mail(id: &str, state: MailState, due: i64) -> Mail {
    Mail {
        id: id.to_owned(),
        kind: MailKind::Outcome {
            run: run_id("i1", 1),
        },
        workflow: "w".into(),
        receivers: vec!["a@example.org".to_owned()],
        downstream: vec!["每日".into()],
        state,
        created_at: at(due - 5),
        failures: 0,
        due_at: at(due),
        message: String::new(),
    }
}

pub fn reading(attempt: AttemptId, workflow: &str, value: f64, time: i64) -> DataReading {
    DataReading {
        attempt,
        workflow: workflow.into(),
        day: at(time).to_zoned(jiff::tz::TimeZone::UTC).date(),
        value,
        min: Some(0.1),
        max: None,
        marks: BTreeMap::from([("category".to_owned(), "行数".to_owned())]),
        remark: String::new(),
        at: at(time),
    }
}

pub fn link(kind: LinkKind, name: &str) -> LinkRecord {
    let text = |text: &str| text.to_owned();
    LinkRecord {
        kind,
        name: name.to_owned(),
        settings: LinkSettings {
            system: text("MYSQL"),
            jdbc_url: text("jdbc:mysql://db1:3306/dw?useSSL=true"),
            host: text("files1"),
            port: Some(2022),
            username: text("每日"),
            description: text(name),
            properties: BTreeMap::from([(text("connectTimeout"), text(""))]),
        },
        sealed: vec![0, 255, 1],
        updated_at: at(1),
    }
}

pub fn line(time: i64, text: &str) -> LogLine {
    LogLine {
        at: at(time),
        level: LogLevel::Info,
        text: text.to_owned(),
    }
}

pub fn chunk(attempt: &AttemptId, sequence: u32, texts: &[&str]) -> LogChunk {
    let lines = texts
        .iter()
        .map(|text| line(i64::from(sequence), text))
        .collect();
    LogChunk {
        attempt: attempt.clone(),
        sequence,
        lines,
    }
}
