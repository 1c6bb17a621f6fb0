//! Records that are not of a run, as rows and back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use peerflow_model::{
    ContentHash, CoordinatorKey, CoordinatorKind, CoordinatorRecord, DataReading, Fate, FileRecord,
    LedgerGap, LedgerRow, Mail, MailState, Restoration, StoredDefinition, WorkflowRecord,
};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::records::{attempt_id, attempt_key, json, unknown};
use super::rows::Table;
use super::value::{Row, Statement, Value};

pub(crate) static DOCUMENTS: Table = Table {
    name: "documents",
    columns: "hash, owner, body",
    width: 3,
};
pub(crate) static WORKFLOWS: Table = Table {
    name: "workflows",
    columns: "name, dir, creator, description, hash, updated_at, body, xml",
    width: 8,
};
pub(crate) static COORDINATORS: Table = Table {
    name: "coordinators",
    columns: "name, dir, creator, description, hash, updated_at, body, xml",
    width: 8,
};
pub(crate) static COORDINATOR_STATES: Table = Table {
    name: "coordinator_states",
    columns: "kind, name, body",
    width: 3,
};
pub(crate) static DIRECTORIES: Table = Table {
    name: "directories",
    columns: "path",
    width: 1,
};
/// The list of files of each document of a workflow.
pub(crate) static DOCUMENT_FILES: Table = Table {
    name: "document_files",
    columns: "hash, owner, body",
    width: 3,
};
/// Which contents those lists name.
pub(crate) static FILE_REFERENCES: Table = Table {
    name: "file_references",
    columns: "file, hash, owner",
    width: 3,
};
pub(crate) static LEDGER: Table = Table {
    name: "ledger",
    columns: "kind, coordinator, instant, workflow, fate, detail, decided_at",
    width: 7,
};
pub(crate) static LEDGER_GAPS: Table = Table {
    name: "ledger_gaps",
    columns: "kind, coordinator, first, last, body",
    width: 5,
};
pub(crate) static BLOODS: Table = Table {
    name: "bloods",
    columns: "id, body",
    width: 2,
};
pub(crate) static MAIL: Table = Table {
    name: "mail",
    columns: "id, state, due_at, created_at, body",
    width: 5,
};
pub(crate) static READINGS: Table = Table {
    name: "readings",
    columns: "instance, run, step, visit, attempt, workflow, day, at, body",
    width: 9,
};
pub(crate) static PLAN: Table = Table {
    name: "plan",
    columns: "position, body",
    width: 2,
};
pub(crate) static ANSWERS: Table = Table {
    name: "answers",
    columns: "name, request, given_at, body",
    width: 4,
};
pub(crate) static OFFERS: Table = Table {
    name: "offers",
    columns: "node, path_hash, hash, path",
    width: 4,
};
pub(crate) static SETTINGS: Table = Table {
    name: "settings",
    columns: "name, body",
    width: 2,
};

#[derive(Serialize, Deserialize)]
struct DefinitionBody<'a> {
    created: Timestamp,
    updated: Timestamp,
    #[serde(default, skip_serializing_if = "<[FileRecord]>::is_empty")]
    files: Cow<'a, [FileRecord]>,
}

pub(crate) fn workflow_row(record: &WorkflowRecord) -> [Value; 8] {
    let body = DefinitionBody {
        created: record.created_at,
        updated: record.updated_at,
        files: Cow::Borrowed(&record.files),
    };
    [
        record.name.as_str().into(),
        record.dir.as_str().into(),
        record.creator.as_str().into(),
        record.description.as_str().into(),
        record.hash.into(),
        record.updated_at.into(),
        json(&body),
        (&*record.xml).into(),
    ]
}

pub(crate) fn coordinator_row(record: &CoordinatorRecord) -> [Value; 8] {
    let body = DefinitionBody {
        created: record.created_at,
        updated: record.updated_at,
        files: Cow::Borrowed(&[]),
    };
    [
        record.name.as_str().into(),
        record.dir.as_str().into(),
        record.creator.as_str().into(),
        record.description.as_str().into(),
        record.hash.into(),
        record.updated_at.into(),
        json(&body),
        (&*record.xml).into(),
    ]
}

/// What both kinds of definitions are read by; the text of the document, `xml`, follows where it is wanted.
pub(crate) const DEFINITION_COLUMNS: &str = "name, dir, creator, description, hash, body";

pub(crate) fn workflow(row: &Row, with_text: bool) -> Result<WorkflowRecord, Failure> {
    read_workflow(row, with_text).map_err(|failure| failure.in_row(row, &[("workflow", 0)]))
}

fn read_workflow(row: &Row, with_text: bool) -> Result<WorkflowRecord, Failure> {
    let body: DefinitionBody<'_> = row.json(5)?;
    Ok(WorkflowRecord {
        name: row.text(0)?.into(),
        xml: if with_text {
            row.text(6)?.into()
        } else {
            Arc::from("")
        },
        hash: row.hash(4)?,
        dir: row.text(1)?.to_owned(),
        creator: row.text(2)?.to_owned(),
        description: row.text(3)?.to_owned(),
        files: body.files.into_owned(),
        created_at: body.created,
        updated_at: body.updated,
    })
}

pub(crate) fn coordinator(row: &Row) -> Result<CoordinatorRecord, Failure> {
    read_coordinator(row).map_err(|failure| failure.in_row(row, &[("coordinator", 0)]))
}

fn read_coordinator(row: &Row) -> Result<CoordinatorRecord, Failure> {
    let body: DefinitionBody<'_> = row.json(5)?;
    Ok(CoordinatorRecord {
        name: row.text(0)?.into(),
        xml: row.text(6)?.into(),
        hash: row.hash(4)?,
        dir: row.text(1)?.to_owned(),
        creator: row.text(2)?.to_owned(),
        description: row.text(3)?.to_owned(),
        created_at: body.created,
        updated_at: body.updated,
    })
}

/// What a definition is read by, from [`STORED_TABLES`].
pub(crate) const STORED_COLUMNS: &str = "d.hash, d.body, f.body";
/// Standalone coordinators have no list of files.
pub(crate) const STORED_TABLES: &str =
    "documents d LEFT JOIN document_files f ON f.hash = d.hash AND f.owner = d.owner";

/// The definition in columns as in [`STORED_COLUMNS`].
pub(crate) fn stored(row: &Row) -> Result<(ContentHash, StoredDefinition), Failure> {
    let files = match row.optional_text(2)? {
        Some(_) => row.json(2)?,
        None => Vec::new(),
    };
    let xml = row.text(1)?.into();
    Ok((row.hash(0)?, StoredDefinition { xml, files }))
}

pub(crate) fn kind_code(kind: CoordinatorKind) -> Value {
    Value::Int(match kind {
        CoordinatorKind::Workflow => 0,
        CoordinatorKind::Standalone => 1,
    })
}

pub(crate) fn ledger_row(row: &LedgerRow) -> [Value; 7] {
    let (fate, detail) = match &row.fate {
        Fate::Held => (0, ""),
        Fate::Ran { instance } => (1, instance.as_str()),
        Fate::Skipped { reason } => (2, reason.as_str()),
        Fate::Missed { reason } => (3, reason.as_str()),
    };
    [
        kind_code(row.coordinator.kind),
        row.coordinator.name.as_str().into(),
        row.instant.into(),
        row.workflow.as_str().into(),
        Value::Int(fate),
        detail.into(),
        row.decided_at.into(),
    ]
}

/// The row in columns in the order of [`LEDGER`].
pub(crate) fn ledger(row: &Row) -> Result<LedgerRow, Failure> {
    let kind = match row.int(0)? {
        0 => CoordinatorKind::Workflow,
        1 => CoordinatorKind::Standalone,
        other => return Err(unknown(&format!("a coordinator of kind {other}"))),
    };
    let detail = row.text(5)?;
    let fate = match row.int(4)? {
        0 => Fate::Held,
        1 => Fate::Ran {
            instance: detail.into(),
        },
        2 => Fate::Skipped {
            reason: detail.to_owned(),
        },
        3 => Fate::Missed {
            reason: detail.to_owned(),
        },
        other => return Err(unknown(&format!("a scheduled time of fate {other}"))),
    };
    Ok(LedgerRow {
        coordinator: CoordinatorKey {
            kind,
            name: row.text(1)?.into(),
        },
        workflow: row.text(3)?.into(),
        instant: row.time(2)?,
        fate,
        decided_at: row.time(6)?,
    })
}

pub(crate) fn gap_row(gap: &LedgerGap) -> [Value; 5] {
    [
        kind_code(gap.coordinator.kind),
        gap.coordinator.name.as_str().into(),
        gap.from.into(),
        gap.to.into(),
        json(gap),
    ]
}

pub(crate) fn mail_row(mail: &Mail) -> [Value; 5] {
    [
        mail.id.as_str().into(),
        Value::Int(mail_code(mail.state)),
        mail.due_at.into(),
        mail.created_at.into(),
        json(mail),
    ]
}

pub(crate) fn mail_code(state: MailState) -> i64 {
    match state {
        MailState::Due => 0,
        MailState::Sent => 1,
        MailState::Abandoned => 2,
    }
}

/// Numbers stand as texts, which give back every one of them exactly, infinities too.
#[derive(Serialize, Deserialize)]
struct ReadingBody<'a> {
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    marks: Cow<'a, BTreeMap<String, String>>,
    #[serde(borrow)]
    remark: Cow<'a, str>,
    day: Date,
}

/// A day as a number that sorts as days do.
pub(crate) fn day_number(day: Date) -> Value {
    Value::Int(i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day()))
}

pub(crate) fn reading_row(reading: &DataReading) -> impl Iterator<Item = Value> {
    let body = ReadingBody {
        value: reading.value.to_string(),
        min: reading.min.map(|number| number.to_string()),
        max: reading.max.map(|number| number.to_string()),
        marks: Cow::Borrowed(&reading.marks),
        remark: Cow::Borrowed(&reading.remark),
        day: reading.day,
    };
    let rest = [
        reading.workflow.as_str().into(),
        day_number(reading.day),
        reading.at.into(),
        json(&body),
    ];
    attempt_key(&reading.attempt).into_iter().chain(rest)
}

/// The reading in columns in the order of [`READINGS`].
pub(crate) fn reading(row: &Row) -> Result<DataReading, Failure> {
    let body: ReadingBody<'_> = row.json(8)?;
    let number = |text: &str| {
        text.parse::<f64>()
            .map_err(|error| unknown(&format!("{text}: {error}")))
    };
    Ok(DataReading {
        attempt: attempt_id(row)?,
        workflow: row.text(5)?.into(),
        day: body.day,
        value: number(&body.value)?,
        min: body.min.as_deref().map(number).transpose()?,
        max: body.max.as_deref().map(number).transpose()?,
        marks: body.marks.into_owned(),
        remark: body.remark.into_owned(),
        at: row.time(7)?,
    })
}

/// Writes what is in doubt since the store went back.
pub(crate) fn restoration_statement(restoration: Option<&Restoration>) -> Statement {
    let sql = "UPDATE lease SET restored_epoch = ?, restored_at = ?, restored_order = ? WHERE name = 'master'";
    let number = |value: u64| Value::Int(i64::try_from(value).unwrap_or(i64::MAX));
    let values = match restoration {
        Some(found) => [
            number(found.epoch.0),
            found.found_at.into(),
            found.last_queue_order.map_or(Value::Null, number),
        ],
        None => [Value::Int(0), Value::Int(0), Value::Null],
    };
    Statement::new(sql, values)
}
