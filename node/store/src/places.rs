//! Cursors of each list: which row was the last of a page.

use peerflow_model::{
    AttemptId, CoordinatorKind, DataReading, Instance, LedgerRow, RunId, VisitId,
};

use crate::cursor;
use crate::error::Error;
use crate::query::Cursor;

pub(crate) fn instance(last: &Instance) -> Cursor {
    cursor::write(
        last.created_at.as_microsecond(),
        &[last.id.instance.as_str()],
    )
}

pub(crate) fn ledger(last: &LedgerRow) -> Cursor {
    let kind = match last.coordinator.kind {
        CoordinatorKind::Workflow => "workflow",
        CoordinatorKind::Standalone => "standalone",
    };
    cursor::write(
        last.instant.as_microsecond(),
        &[kind, last.coordinator.name.as_str(), last.workflow.as_str()],
    )
}

/// Instant in microseconds, coordinator's kind and name, workflow's name.
pub(crate) fn read_ledger(
    cursor: &Cursor,
) -> Result<(i64, CoordinatorKind, String, String), Error> {
    let (at, [kind, coordinator, workflow]) = cursor::read::<3>(cursor)?;
    let kind = match kind.as_str() {
        "workflow" => CoordinatorKind::Workflow,
        "standalone" => CoordinatorKind::Standalone,
        _ => return Err(Error::Cursor(cursor.0.clone())),
    };
    Ok((at, kind, coordinator, workflow))
}

pub(crate) fn reading(last: &DataReading) -> Cursor {
    let AttemptId {
        visit: VisitId { run, step, visit },
        attempt,
    } = &last.attempt;
    let numbers = [run.run.to_string(), visit.to_string(), attempt.to_string()];
    let parts = [
        run.instance.as_str(),
        &numbers[0],
        step.as_str(),
        &numbers[1],
        &numbers[2],
    ];
    cursor::write(last.at.as_microsecond(), &parts)
}

/// Time in microseconds and attempt.
pub(crate) fn read_reading(cursor: &Cursor) -> Result<(i64, AttemptId), Error> {
    let wrong = |_not_a_number| Error::Cursor(cursor.0.clone());
    let (at, [instance, run, step, visit, attempt]) = cursor::read::<5>(cursor)?;
    let run = RunId {
        instance: instance.into(),
        run: run.parse().map_err(wrong)?,
    };
    let visit = VisitId {
        run,
        step: step.into(),
        visit: visit.parse().map_err(wrong)?,
    };
    Ok((
        at,
        AttemptId {
            visit,
            attempt: attempt.parse().map_err(wrong)?,
        },
    ))
}
