//! The front page, the plan, the schedule ledger, readings, mail and folders.

use axum::Json;
use axum::extract::State;
use jiff::ToSpan;
use peerflow_model::CoordinatorKind;
use peerflow_store::{LedgerFilter, ReadingFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::parse;
use crate::http::api::Shared;
use crate::http::document;
use crate::http::extract::{Names, QueryOf};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::{
    Directories, Directory, Done, Front, FrontDay, LedgerPage, MailList, Plan, ReadingPage,
};

/// Gaps and mails shown at most.
const SHOWN: u32 = 100;

/// Days on the front page before today.
const DAYS_BEFORE: i64 = 6;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LedgerQuery {
    /// Scheduled times of this workflow.
    workflow: Option<String>,
    /// Scheduled times of this standalone coordinator.
    coordinator: Option<String>,
    /// At or after: a day, a local time in the cluster's zone, or RFC 3339.
    from: Option<String>,
    /// Before, or on this day.
    to: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page, 1 to 1,000; 100 where it is absent.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReadingQuery {
    workflow: Option<String>,
    step: Option<String>,
    /// First day.
    from: Option<String>,
    /// Last day.
    to: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page, 1 to 1,000; 100 where it is absent.
    limit: Option<u32>,
}

/// Counts by outcome of the last 7 days, what waits and runs, and the last ended instances.
#[utoipa::path(get, path = "/api/v1/front", tag = "records", responses((status = 200, body = Front)))]
pub(super) async fn front(State(api): Shared) -> Result<Json<Front>, ApiProblem> {
    let show = api.show().await?;
    let today = api.now().to_zoned(show.zone().clone());
    let since = today
        .checked_sub(DAYS_BEFORE.days())
        .and_then(|day| day.start_of_day())
        .map_err(|error| {
            ApiProblem::new(
                Kind::Internal,
                format!("the clock is out of range: {error}"),
            )
        })?;
    let counts = api
        .read(api.state.store.front(since.timestamp(), show.zone()))
        .await?;
    let days = counts
        .days
        .iter()
        .map(|(date, succeeded, failed, killed)| FrontDay {
            date: date.to_string(),
            succeeded: *succeeded,
            failed: *failed,
            killed: *killed,
        });
    Ok(Json(Front {
        days: days.collect(),
        waiting: counts.waiting,
        running: counts.running,
        active: counts
            .active
            .iter()
            .map(|instance| show.summary(instance))
            .collect(),
        last_ended: counts
            .last_ended
            .iter()
            .map(|instance| show.summary(instance))
            .collect(),
    }))
}

/// What is to run today.
#[utoipa::path(get, path = "/api/v1/plan", tag = "records", responses((status = 200, body = Plan)))]
pub(super) async fn plan(State(api): Shared) -> Result<Json<Plan>, ApiProblem> {
    let show = api.show().await?;
    let rows = api.read(api.state.store.plan()).await?;
    Ok(Json(Plan {
        items: rows.iter().map(|row| show.plan_entry(row)).collect(),
    }))
}

/// The fate of every scheduled time, newest first.
#[utoipa::path(get, path = "/api/v1/ledger", tag = "records", params(LedgerQuery), responses((status = 200, body = LedgerPage)))]
pub(super) async fn ledger(
    State(api): Shared,
    QueryOf(query): QueryOf<LedgerQuery>,
) -> Result<Json<LedgerPage>, ApiProblem> {
    let show = api.show().await?;
    let is_first = query.cursor.is_none();
    let filter = LedgerFilter {
        coordinator: parse::given(query.coordinator)
            .map(|name| document::key(CoordinatorKind::Standalone, &name)),
        workflow: parse::given(query.workflow).map(Into::into),
        from: parse::from("from", query.from.as_deref(), show.zone())?,
        to: parse::until("to", query.to.as_deref(), show.zone())?,
        cursor: parse::cursor(query.cursor),
        limit: parse::limit(query.limit)?,
    };
    let page = api.read(api.state.store.ledger(&filter)).await?;
    let mut gaps = if is_first {
        api.read(api.state.store.ledger_gaps(SHOWN)).await?
    } else {
        Vec::new()
    };
    gaps.retain(|gap| {
        let is_of_workflow = |name: &str| {
            gap.coordinator.kind == CoordinatorKind::Standalone
                || gap.coordinator.name.as_str() == name
        };
        filter
            .coordinator
            .as_ref()
            .is_none_or(|key| gap.coordinator == *key)
            && filter
                .workflow
                .as_ref()
                .is_none_or(|name| is_of_workflow(name.as_str()))
            && filter.from.is_none_or(|from| gap.to >= from)
            && filter.to.is_none_or(|to| gap.from < to)
    });
    Ok(Json(LedgerPage {
        items: page
            .items
            .iter()
            .map(|row| show.ledger_entry(row))
            .collect(),
        next: page.next.map(|cursor| cursor.0),
        gaps: gaps.iter().map(|gap| show.ledger_gap(gap)).collect(),
    }))
}

/// Readings of data monitors, newest first.
#[utoipa::path(get, path = "/api/v1/data-monitor", tag = "records", params(ReadingQuery), responses((status = 200, body = ReadingPage)))]
pub(super) async fn data_monitor(
    State(api): Shared,
    QueryOf(query): QueryOf<ReadingQuery>,
) -> Result<Json<ReadingPage>, ApiProblem> {
    let filter = ReadingFilter {
        workflow: parse::given(query.workflow).map(Into::into),
        step: parse::given(query.step),
        from: parse::day("from", query.from.as_deref())?,
        to: parse::day("to", query.to.as_deref())?,
        cursor: parse::cursor(query.cursor),
        limit: parse::limit(query.limit)?,
    };
    let show = api.show().await?;
    let page = api.read(api.state.store.readings(&filter)).await?;
    Ok(Json(ReadingPage {
        items: page
            .items
            .iter()
            .map(|reading| show.reading(reading))
            .collect(),
        next: page.next.map(|cursor| cursor.0),
    }))
}

/// Mail that is due or was given up, newest first.
#[utoipa::path(get, path = "/api/v1/mail", tag = "records", responses((status = 200, body = MailList)))]
pub(super) async fn mail(State(api): Shared) -> Result<Json<MailList>, ApiProblem> {
    let show = api.show().await?;
    let mails = api.read(api.state.store.mail(SHOWN)).await?;
    Ok(Json(MailList {
        items: mails.iter().map(|mail| show.mail(mail)).collect(),
    }))
}

/// Folders of the workflow tree.
#[utoipa::path(get, path = "/api/v1/directories", tag = "records", responses((status = 200, body = Directories)))]
pub(super) async fn directories(State(api): Shared) -> Result<Json<Directories>, ApiProblem> {
    let entries = api.read(api.state.store.directories()).await?;
    let items = entries.into_iter().map(|entry| Directory {
        path: entry.path,
        entries: entry.entries,
    });
    Ok(Json(Directories {
        items: items.collect(),
    }))
}

/// Deletes an empty folder.
#[utoipa::path(
    delete,
    path = "/api/v1/directories/{*path}",
    tag = "records",
    params(("path" = String, Path, description = "such as /example/dependencies, with or without the first slash")),
    responses((status = 200, body = Done))
)]
pub(super) async fn delete_directory(
    State(api): Shared,
    names: Names,
) -> Result<Json<Done>, ApiProblem> {
    let path = format!("/{}", names.path().trim_matches('/'));
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(ApiProblem::invalid_request(format!(
            "{path:?} is no folder of the workflow tree: it has . or .."
        )));
    }
    if api.write(api.state.store.delete_directory(&path)).await? {
        Ok(Json(Done {
            message: format!("deleted the folder {path}"),
        }))
    } else {
        Err(ApiProblem::not_found("folder", &path))
    }
}
