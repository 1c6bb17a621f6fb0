//! What a workflow can be told to do.

use axum::Json;
use axum::extract::State;
use peerflow_engine::{Answer, Request};
use peerflow_model::CoordinatorKind;

use crate::http::api::{Api, Shared};
use crate::http::document;
use crate::http::extract::{IdempotencyKey, JsonBody, Names};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::{Done, InstanceCreated, Run, Trigger};

/// Fires a workflow as its coordinator would: with the coordinator's parameters, and success makes dependents ready.
#[utoipa::path(
    post,
    path = "/api/v1/workflows/{name}/trigger",
    tag = "workflows",
    params(("name" = String, Path)),
    request_body = Trigger,
    responses((status = 200, body = InstanceCreated))
)]
pub(super) async fn trigger_workflow(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(trigger): JsonBody<Trigger>,
) -> Result<Json<InstanceCreated>, ApiProblem> {
    let request = Request::Trigger {
        workflow: names.name().into(),
        blood: trigger.blood,
        skip: trigger.skip.into_iter().map(Into::into).collect(),
    };
    created(&api, request, key).await
}

/// Runs a workflow once with parameters; dependents are unaffected.
#[utoipa::path(
    post,
    path = "/api/v1/workflows/{name}/run",
    tag = "workflows",
    params(("name" = String, Path)),
    request_body = Run,
    responses((status = 200, body = InstanceCreated))
)]
pub(super) async fn run_workflow(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(run): JsonBody<Run>,
) -> Result<Json<InstanceCreated>, ApiProblem> {
    let request = Request::Run {
        workflow: names.name().into(),
        params: run.params,
    };
    created(&api, request, key).await
}

/// Clears the readiness of a workflow's dependencies and computes its next time.
#[utoipa::path(
    post,
    path = "/api/v1/workflows/{name}/reset",
    tag = "workflows",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn reset_workflow(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::Reset {
        key: document::key(CoordinatorKind::Workflow, names.name()),
    };
    done(&api, request, key).await
}

/// Switches a workflow's coordinator on.
#[utoipa::path(
    post,
    path = "/api/v1/workflows/{name}/enable",
    tag = "workflows",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn enable_workflow(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::SetEnabled {
        key: document::key(CoordinatorKind::Workflow, names.name()),
        enabled: true,
    };
    done(&api, request, key).await
}

/// Switches a workflow's coordinator off.
#[utoipa::path(
    post,
    path = "/api/v1/workflows/{name}/disable",
    tag = "workflows",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn disable_workflow(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::SetEnabled {
        key: document::key(CoordinatorKind::Workflow, names.name()),
        enabled: false,
    };
    done(&api, request, key).await
}

/// Clears the readiness of every coordinator's dependencies.
#[utoipa::path(post, path = "/api/v1/reset-all", tag = "workflows", responses((status = 200, body = Done)))]
pub(super) async fn reset_all(
    State(api): Shared,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    done(&api, Request::ResetAll, key).await
}

/// Asks for something that is answered with words.
pub(super) async fn done(
    api: &Api,
    request: Request,
    key: Option<String>,
) -> Result<Json<Done>, ApiProblem> {
    match api.state.scheduler.ask(request, key).await? {
        Answer::Done(message) => Ok(Json(Done { message })),
        Answer::Registered { .. } | Answer::Instances(_) => Err(unexpected()),
    }
}

/// Asks for something that makes an instance.
async fn created(
    api: &Api,
    request: Request,
    key: Option<String>,
) -> Result<Json<InstanceCreated>, ApiProblem> {
    match api.state.scheduler.ask(request, key).await? {
        Answer::Instances(instances) => match instances.first() {
            Some(instance) => Ok(Json(InstanceCreated {
                instance: instance.to_string(),
                run: 1,
            })),
            None => Err(unexpected()),
        },
        Answer::Registered { .. } | Answer::Done(_) => Err(unexpected()),
    }
}

/// An answer that does not belong to the request.
pub(super) fn unexpected() -> ApiProblem {
    ApiProblem::new(
        Kind::Internal,
        "the scheduler's answer does not fit the request; this is a fault of this program",
    )
}
