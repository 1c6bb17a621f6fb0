//! Instances: search, look, kill, run again, forget.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use peerflow_engine::{Answer, Request, RerunMode};
use peerflow_model::{ActiveRun, AttemptStatus, InstanceId, RunId, VisitId, VisitStatus};
use peerflow_store::InstanceFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::parse;
use super::workflow_actions::{done, unexpected};
use super::workflows::xml;
use crate::http::api::{Api, Shared};
use crate::http::extract::{IdempotencyKey, JsonBody, Names, QueryOf};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::{Done, Instance, InstanceCreated, InstancePage, Progress, Rerun};

/// Steps of this type tell how far they have come.
const TRANSFER: &str = "transfer";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Created on or after: a day, a local time in the cluster's zone, or RFC 3339.
    from: Option<String>,
    /// Created before, or on this day.
    to: Option<String>,
    /// Owner of the workflow.
    creator: Option<String>,
    /// Comma list of `waiting`, `running`, `succeeded`, `failed`, `killed`.
    status: Option<String>,
    /// Exactly this workflow.
    workflow: Option<String>,
    /// Part of the workflow's name or the beginning of the instance's id.
    key: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page, 1 to 1,000; 100 where it is absent.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RunQuery {
    /// Which run; absent: the latest.
    run: Option<u32>,
}

/// Instances, newest first; of each the latest run.
#[utoipa::path(get, path = "/api/v1/instances", tag = "instances", params(SearchQuery), responses((status = 200, body = InstancePage)))]
pub(super) async fn search_instances(
    State(api): Shared,
    QueryOf(query): QueryOf<SearchQuery>,
) -> Result<Json<InstancePage>, ApiProblem> {
    let show = api.show().await?;
    let filter = InstanceFilter {
        from: parse::from("from", query.from.as_deref(), show.zone())?,
        to: parse::until("to", query.to.as_deref(), show.zone())?,
        creator: parse::given(query.creator),
        status: parse::statuses(query.status.as_deref())?,
        workflow: parse::given(query.workflow).map(Into::into),
        key: parse::given(query.key),
        cursor: parse::cursor(query.cursor),
        limit: parse::limit(query.limit)?,
    };
    let page = api.read(api.state.store.instances(&filter)).await?;
    Ok(Json(InstancePage {
        items: page
            .items
            .iter()
            .map(|instance| show.summary(instance))
            .collect(),
        next: page.next.map(|cursor| cursor.0),
    }))
}

/// One run of an instance with its steps and all their tries.
#[utoipa::path(
    get,
    path = "/api/v1/instances/{id}",
    tag = "instances",
    params(("id" = String, Path), RunQuery),
    responses((status = 200, body = Instance))
)]
pub(super) async fn instance(
    State(api): Shared,
    names: Names,
    QueryOf(query): QueryOf<RunQuery>,
) -> Result<Json<Instance>, ApiProblem> {
    let run = run(&api, names.id(), query.run).await?;
    let latest_run = match query.run {
        None => run.instance.id.run,
        Some(_) => latest_run(&api, &run.instance.id.instance).await?,
    };
    let mut shown = api.show().await?.run(&run, latest_run);
    show_progress(&api, &run, &mut shown).await;
    Ok(Json(shown))
}

/// Adds how far transfers have come, as the nodes tell that run them.
async fn show_progress(api: &Api, run: &ActiveRun, shown: &mut Instance) {
    let transfers: BTreeSet<&VisitId> = run
        .visits
        .iter()
        .filter(|visit| visit.status == VisitStatus::Running && visit.step_type == TRANSFER)
        .map(|visit| &visit.id)
        .collect();
    let running = run
        .attempts
        .iter()
        .filter(|attempt| attempt.status == AttemptStatus::Running)
        .filter(|attempt| transfers.contains(&attempt.id.visit));
    let nodes = running.map(|attempt| attempt.node.clone()).collect();
    let state = &api.state;
    let id = &run.instance.id;
    for (attempt, reached) in state.cluster.progress(&state.logs, id, nodes).await {
        let visit = &attempt.visit;
        let step = shown.steps.iter_mut().find(|step| {
            step.name == visit.step.as_str()
                && step.visit == visit.visit
                && step.attempt == attempt.attempt
        });
        if let Some(step) = step {
            step.progress = Some(Progress {
                rows: reached.rows,
                bytes: reached.bytes,
                rows_per_second: reached.rows_per_second,
            });
        }
    }
}

/// Forgets an instance that is over, with its runs and logs.
#[utoipa::path(
    delete,
    path = "/api/v1/instances/{id}",
    tag = "instances",
    params(("id" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn delete_instance(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    done(
        &api,
        Request::DeleteInstance {
            instance: names.id().into(),
        },
        key,
    )
    .await
}

/// Kills a waiting or running instance.
#[utoipa::path(
    post,
    path = "/api/v1/instances/{id}/kill",
    tag = "instances",
    params(("id" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn kill_instance(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    done(
        &api,
        Request::Kill {
            instance: names.id().into(),
        },
        key,
    )
    .await
}

/// Runs an instance that is over again, as its next run.
#[utoipa::path(
    post,
    path = "/api/v1/instances/{id}/rerun",
    tag = "instances",
    params(("id" = String, Path)),
    request_body = Rerun,
    responses((status = 200, body = InstanceCreated))
)]
pub(super) async fn rerun_instance(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(rerun): JsonBody<Rerun>,
) -> Result<Json<InstanceCreated>, ApiProblem> {
    let instance = InstanceId::from(names.id());
    let mode = if rerun.recover {
        RerunMode::Recover
    } else {
        RerunMode::FromStart
    };
    match api
        .state
        .scheduler
        .rerun(instance, mode, rerun.as_was, key)
        .await?
    {
        Answer::Instances(instances) => {
            let instance = instances.first().ok_or_else(unexpected)?;
            let run = latest_run(&api, instance).await?;
            Ok(Json(InstanceCreated {
                instance: instance.to_string(),
                run,
            }))
        }
        Answer::Registered { .. } | Answer::Done(_) => Err(unexpected()),
    }
}

/// The document that a run was made from.
#[utoipa::path(
    get,
    path = "/api/v1/instances/{id}/xml",
    tag = "instances",
    params(("id" = String, Path), RunQuery),
    responses((status = 200, body = String, content_type = "application/xml"))
)]
pub(super) async fn instance_xml(
    State(api): Shared,
    names: Names,
    QueryOf(query): QueryOf<RunQuery>,
) -> Result<impl IntoResponse, ApiProblem> {
    let run = run(&api, names.id(), query.run).await?;
    let definition = api
        .read(api.state.store.definition(run.instance.definition))
        .await?
        .ok_or_else(|| {
            ApiProblem::new(
                Kind::NotFound,
                format!("the document of {} is not kept any more", run.instance.id),
            )
        })?;
    Ok(xml(definition.xml.to_string()))
}

/// One run with its visits and attempts.
pub(super) async fn run(api: &Api, id: &str, number: Option<u32>) -> Result<ActiveRun, ApiProblem> {
    let instance = InstanceId::from(id);
    match (
        api.read(api.state.store.run(&instance, number)).await?,
        number,
    ) {
        (Some(run), _) => Ok(run),
        (None, None) => Err(ApiProblem::not_found("instance", id)),
        (None, Some(run)) => {
            let latest = latest_run(api, &instance).await?;
            let missing = RunId { instance, run };
            Err(ApiProblem::new(
                Kind::NotFound,
                format!("there is no run {missing}; the latest is {latest}"),
            ))
        }
    }
}

async fn latest_run(api: &Api, instance: &InstanceId) -> Result<u32, ApiProblem> {
    let latest = api.read(api.state.store.run(instance, None)).await?;
    latest
        .map(|run| run.instance.id.run)
        .ok_or_else(|| ApiProblem::not_found("instance", instance.as_str()))
}
