//! An operator's word on what is held: steps whose node is lost, and what may have run since the store went back.

use axum::Json;
use axum::extract::State;
use peerflow_engine::Request;
use peerflow_model::{ActiveRun, InstanceId, InstanceStatus, VisitId, VisitStatus};

use super::instances::run;
use super::workflow_actions::done;
use crate::http::api::Shared;
use crate::http::extract::{IdempotencyKey, JsonBody, Names};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::{Done, Release, ReleaseAll};

/// An operator's word on an instance that is held, or on held steps of it: run again, or fail.
#[utoipa::path(
    post,
    path = "/api/v1/instances/{id}/release",
    tag = "instances",
    params(("id" = String, Path)),
    request_body = Release,
    responses((status = 200, body = Done))
)]
pub(super) async fn release_instance(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(release): JsonBody<Release>,
) -> Result<Json<Done>, ApiProblem> {
    let latest = run(&api, names.id(), None).await?;
    let instance = latest.instance.id.instance.clone();
    if release.step.is_none() && latest.instance.status == InstanceStatus::Waiting {
        return done(&api, waiting(instance, release.run_again), key).await;
    }
    let visits = meant(&latest, &release);
    let ask = |visit: &VisitId| Request::Release {
        visit: visit.clone(),
        run_again: release.run_again,
    };
    match visits.as_slice() {
        [] => Err(ApiProblem::new(
            Kind::Conflict,
            format!("instance {instance} is not held"),
        )),
        [visit] => done(&api, ask(visit), key).await,
        visits => {
            // One key is for one request. What was released already is not held any more, so asking again for all does
            // no harm.
            for visit in visits {
                drop(done(&api, ask(visit), None).await?);
            }
            let becomes = if release.run_again {
                "run again"
            } else {
                "are given up"
            };
            Ok(Json(Done {
                message: format!(
                    "{} held steps of instance {instance} {becomes}",
                    visits.len()
                ),
            }))
        }
    }
}

/// An instance that waits has no steps yet: one that shall not run again is killed.
fn waiting(instance: InstanceId, run_again: bool) -> Request {
    if run_again {
        Request::ReleaseInstance { instance }
    } else {
        Request::Kill { instance }
    }
}

/// The visits that are meant: all that are held, of the step that is named, or of any.
fn meant(latest: &ActiveRun, release: &Release) -> Vec<VisitId> {
    let is_named = |visit: &VisitId| {
        let step = release.step.as_deref();
        step.is_none_or(|step| visit.step.as_str() == step)
            && release.visit.is_none_or(|number| visit.visit == number)
    };
    let held = latest.visits.iter();
    let held: Vec<VisitId> = held
        .filter(|visit| visit.status == VisitStatus::Lost && is_named(&visit.id))
        .map(|visit| visit.id.clone())
        .collect();
    match &release.step {
        // The scheduler says what is wrong with it.
        Some(step) if held.is_empty() => vec![VisitId {
            run: latest.instance.id.clone(),
            step: step.as_str().into(),
            visit: release.visit.unwrap_or(1),
        }],
        _ => held,
    }
}

/// An operator's word on all that is held in the cluster. A step that may still run on a node that is away is left out.
#[utoipa::path(
    post,
    path = "/api/v1/cluster/release",
    tag = "cluster",
    request_body = ReleaseAll,
    responses((status = 200, body = Done))
)]
pub(super) async fn release_all(
    State(api): Shared,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(release): JsonBody<ReleaseAll>,
) -> Result<Json<Done>, ApiProblem> {
    let run_again = release.run_again;
    done(&api, Request::ReleaseAll { run_again }, key).await
}
