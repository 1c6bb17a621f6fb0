//! Health pages and metrics.

use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::http::api::Shared;
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::Done;

/// How long the store may take to answer before the peer counts as not ready.
const PING_LIMIT: Duration = Duration::from_secs(1);

/// This process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers and the master is known; else a problem that says what is missing.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Done)))]
pub(super) async fn readyz(State(api): Shared) -> Result<axum::Json<Done>, ApiProblem> {
    api.read(api.state.store.ping(PING_LIMIT)).await?;
    let scheduler = api.state.scheduler.state();
    if let Some(trouble) = scheduler.trouble {
        return Err(ApiProblem::new(Kind::Unavailable, trouble));
    }
    match scheduler.master {
        Some(master) => Ok(axum::Json(Done {
            message: format!("ready; {master} is master"),
        })),
        None => Err(ApiProblem::new(
            Kind::Unavailable,
            "no master is known yet; try again in a moment",
        )),
    }
}

/// Metrics of this node in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(api): Shared) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        api.state.metrics.render(),
    )
}
