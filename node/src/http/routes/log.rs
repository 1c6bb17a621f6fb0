//! The log of a run: pages, whole, and followed.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use peerflow_model::{LogLevel, RunId};
use peerflow_store::{LogCursor, LogSelection};
use serde::Deserialize;
use utoipa::IntoParams;

use super::instances::run;
use crate::http::api::{Api, Shared};
use crate::http::extract::{Names, QueryOf};
use crate::http::follow;
use crate::http::problem::ApiProblem;
use crate::http::show::Show;
use crate::http::types::{LogLine, LogPage};

/// Text read from the store at a time.
pub(in crate::http) const PAGE_BYTES: usize = 256 * 1024;

/// Lines that `tail` gives at most.
const MAX_TAIL: usize = 10_000;

/// How long lines on their way to the store are waited for.
const FLUSH_PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// Which run; absent: the latest.
    run: Option<u32>,
    /// Only this step.
    step: Option<String>,
    /// Only this visit of the step; needs `step` and `attempt`.
    visit: Option<u32>,
    /// Only this try of the visit; needs `step` and `visit`.
    attempt: Option<u32>,
    /// Only lines at least as loud: `DEBUG`, `INFO`, `WARN` or `ERROR`.
    level: Option<String>,
    /// Server-sent events until the run is over: `log` with a page of lines as data, at last `end` with the instance.
    #[serde(default)]
    follow: bool,
    /// `next` of the page before. When following, `Last-Event-ID` means the same and wins.
    cursor: Option<String>,
    /// Only the last lines, at most 10,000.
    tail: Option<usize>,
    /// `text`, `jsonl` (both whole, streamed) or `json` (a page); absent: as `Accept` says, else `text`.
    format: Option<String>,
}

/// What of a log is wanted.
#[derive(Clone, Debug)]
pub(in crate::http) struct Wanted {
    pub(in crate::http) run: RunId,
    pub(in crate::http) selection: LogSelection,
    pub(in crate::http) level: LogLevel,
    pub(in crate::http) from: LogCursor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    JsonLines,
    Page,
}

/// The log of a run: as text, as JSON lines, as pages by cursor, or followed as server-sent events.
#[utoipa::path(
    get,
    path = "/api/v1/instances/{id}/log",
    tag = "instances",
    params(("id" = String, Path), LogQuery),
    responses((status = 200, content(
        (String = "text/plain"),
        (LogLine = "application/x-ndjson"),
        (LogPage = "application/json"),
        (String = "text/event-stream"),
    )))
)]
pub(super) async fn instance_log(
    State(api): Shared,
    names: Names,
    headers: HeaderMap,
    QueryOf(query): QueryOf<LogQuery>,
) -> Result<Response, ApiProblem> {
    let found = run(&api, names.id(), query.run).await?;
    let wanted = wanted(found.instance.id, &query, &headers)?;
    let show = api.show().await?;
    if query.follow {
        if query.tail.is_some() {
            return Err(ApiProblem::invalid_request(
                "tail and follow do not go together; follow with a cursor",
            ));
        }
        return follow::answer(&api, wanted, show);
    }
    let format = format(&query, &headers)?;
    let state = &api.state;
    state
        .cluster
        .flush_logs(&state.logs, &wanted.run, FLUSH_PATIENCE)
        .await;
    if let Some(lines) = query.tail {
        return tail(&api, &wanted, lines, &show, format).await;
    }
    match format {
        Format::Page => Ok(Json(page(&api, &wanted, wanted.from, &show).await?).into_response()),
        Format::Text | Format::JsonLines => whole(&api, wanted, show, format).await,
    }
}

fn wanted(run: RunId, query: &LogQuery, headers: &HeaderMap) -> Result<Wanted, ApiProblem> {
    let attempt = match (query.visit, query.attempt) {
        (None, None) => None,
        (Some(visit), Some(attempt)) if query.step.is_some() => Some((visit, attempt)),
        _ => {
            return Err(ApiProblem::invalid_request(
                "visit and attempt go together, and with step",
            ));
        }
    };
    let selection = LogSelection {
        instance: run.instance.clone(),
        run: Some(run.run),
        step: query.step.as_deref().map(Into::into),
        attempt,
    };
    let resumed = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .filter(|_| query.follow);
    let from = match resumed.or(query.cursor.as_deref()).map(str::trim) {
        None | Some("") => LogCursor::default(),
        Some(text) => LogCursor(text.parse().map_err(|_not_a_number| {
            ApiProblem::invalid_request(format!(
                "{text:?} is no cursor of a log; use the next of the page before"
            ))
        })?),
    };
    Ok(Wanted {
        run,
        selection,
        level: level(query.level.as_deref())?,
        from,
    })
}

fn level(text: Option<&str>) -> Result<LogLevel, ApiProblem> {
    match text.unwrap_or_default().to_ascii_uppercase().as_str() {
        "" | "DEBUG" => Ok(LogLevel::Debug),
        "INFO" => Ok(LogLevel::Info),
        "WARN" => Ok(LogLevel::Warn),
        "ERROR" => Ok(LogLevel::Error),
        other => Err(ApiProblem::invalid_request(format!(
            "level is {other:?}; known are DEBUG, INFO, WARN and ERROR"
        ))),
    }
}

fn format(query: &LogQuery, headers: &HeaderMap) -> Result<Format, ApiProblem> {
    match query.format.as_deref() {
        Some("text") => return Ok(Format::Text),
        Some("jsonl") => return Ok(Format::JsonLines),
        Some("json") => return Ok(Format::Page),
        None | Some("") => {}
        Some(other) => {
            return Err(ApiProblem::invalid_request(format!(
                "format is {other:?}; known are text, jsonl and json"
            )));
        }
    }
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let names = accepted
        .split(',')
        .map(|each| each.split(';').next().unwrap_or_default().trim());
    let formats = names.filter_map(|name| match name {
        "text/plain" => Some(Format::Text),
        "application/x-ndjson" | "application/jsonl" => Some(Format::JsonLines),
        "application/json" => Some(Format::Page),
        _ => None,
    });
    Ok(formats.into_iter().next().unwrap_or(Format::Text))
}

/// The lines after `from`, about [`PAGE_BYTES`] of them.
pub(in crate::http) async fn page(
    api: &Api,
    wanted: &Wanted,
    from: LogCursor,
    show: &Show,
) -> Result<LogPage, ApiProblem> {
    let page = api
        .read(api.state.store.logs(&wanted.selection, from, PAGE_BYTES))
        .await?;
    let lines = page.chunks.iter().flat_map(|chunk| show.lines(chunk));
    Ok(LogPage {
        lines: lines.filter(|line| line.level >= wanted.level).collect(),
        next: page.next.0.to_string(),
        more: page.more,
    })
}

async fn tail(
    api: &Api,
    wanted: &Wanted,
    lines: usize,
    show: &Show,
    format: Format,
) -> Result<Response, ApiProblem> {
    if !(1..=MAX_TAIL).contains(&lines) {
        return Err(ApiProblem::invalid_request(format!(
            "tail is {lines}; give a number from 1 to {MAX_TAIL}"
        )));
    }
    let tail = api
        .read(api.state.store.log_tail(&wanted.selection, lines))
        .await?;
    let lines: Vec<LogLine> = tail
        .iter()
        .map(|(attempt, line)| show.line(attempt, line))
        .filter(|line| line.level >= wanted.level)
        .collect();
    match format {
        Format::Page => {
            let next = wanted.from.0.to_string();
            Ok(Json(LogPage {
                lines,
                next,
                more: false,
            })
            .into_response())
        }
        Format::Text | Format::JsonLines => {
            Ok(with_type(format, Body::from(render(&lines, format))))
        }
    }
}

/// The whole log, page by page as the reader takes it. The first page is read before the answer begins, so that a store that is
/// away is told as a problem; later the answer is cut off, and its sender says why in the node's log.
async fn whole(
    api: &Arc<Api>,
    wanted: Wanted,
    show: Show,
    format: Format,
) -> Result<Response, ApiProblem> {
    let first = page(api, &wanted, wanted.from, &show).await?;
    let api = Arc::clone(api);
    let pages = futures::stream::try_unfold(
        Some((api, wanted, show, Some(first))),
        move |state| async move {
            let Some((api, wanted, show, ready)) = state else {
                return Ok(None);
            };
            let current = match ready {
                Some(first) => first,
                None => page(&api, &wanted, wanted.from, &show)
                    .await
                    .map_err(|problem| cut(&problem))?,
            };
            let text = render(&current.lines, format);
            let next = match (current.more, current.next.parse().map(LogCursor)) {
                (true, Ok(from)) => Some((api, Wanted { from, ..wanted }, show, None)),
                _ => None,
            };
            Ok::<_, std::io::Error>(Some((text, next)))
        },
    );
    Ok(with_type(format, Body::from_stream(pages)))
}

fn cut(problem: &ApiProblem) -> std::io::Error {
    tracing::warn!(
        reason = problem.problem.detail,
        "a log that was being read is cut off"
    );
    std::io::Error::other(problem.problem.detail.clone())
}

fn with_type(format: Format, body: Body) -> Response {
    let name = match format {
        Format::Text => "text/plain; charset=utf-8",
        Format::JsonLines => "application/x-ndjson",
        Format::Page => "application/json",
    };
    ([(header::CONTENT_TYPE, name)], body).into_response()
}

fn render(lines: &[LogLine], format: Format) -> Bytes {
    let mut text = String::new();
    for line in lines {
        match format {
            Format::Text => text.push_str(&text_line(line)),
            Format::JsonLines | Format::Page => {
                text.push_str(&serde_json::to_string(line).unwrap_or_default());
            }
        }
        text.push('\n');
    }
    text.into()
}

/// `2026-11-20T01:00:00.123+08:00 INFO  step.1.1 text`
fn text_line(line: &LogLine) -> String {
    let LogLine {
        at,
        level,
        step,
        visit,
        attempt,
        text,
        ..
    } = line;
    format!("{at} {:<5} {step}.{visit}.{attempt} {text}", level.as_str())
}
