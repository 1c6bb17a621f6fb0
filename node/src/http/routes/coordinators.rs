//! Standalone coordinators.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use peerflow_engine::{Answer, Request};
use peerflow_model::{CoordinatorKind, CoordinatorRecord};

use super::parse;
use super::workflow_actions::{done, unexpected};
use super::workflows::{ListQuery, all_workflows, xml};
use crate::http::api::{Api, Shared};
use crate::http::document::{self, Surroundings};
use crate::http::extract::{IdempotencyKey, Names, QueryOf};
use crate::http::problem::ApiProblem;
use crate::http::types::{Coordinator, CoordinatorPage, DocumentFault, Done, InstancesCreated};

/// Standalone coordinators, by folder, then name.
#[utoipa::path(get, path = "/api/v1/coordinators", tag = "coordinators", params(ListQuery), responses((status = 200, body = CoordinatorPage)))]
pub(super) async fn list_coordinators(
    State(api): Shared,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<CoordinatorPage>, ApiProblem> {
    let (key, cursor, limit) = query.into_parts();
    let limit = parse::limit(limit)? as usize;
    let after = parse::list_place(cursor.as_deref())?;
    let key = parse::given(key);
    let mut records = api.read(api.state.store.coordinators()).await?;
    let place = |record: &CoordinatorRecord| (record.dir.clone(), record.name.to_string());
    records.retain(|record| {
        let texts = [
            record.name.as_str(),
            &record.dir,
            &record.creator,
            &record.description,
        ];
        key.as_ref()
            .is_none_or(|key| texts.iter().any(|text| text.contains(key.as_str())))
            && after.as_ref().is_none_or(|after| place(record) > *after)
    });
    records.sort_by_cached_key(place);
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records
        .last()
        .filter(|_| more)
        .map(|last| parse::list_cursor(&last.dir, last.name.as_str()));
    let show = api.show().await?;
    Ok(Json(CoordinatorPage {
        items: records
            .iter()
            .map(|record| show.coordinator(record))
            .collect(),
        next,
    }))
}

/// All about a standalone coordinator: schedule with its next times, readiness of each dependency, what it starts.
#[utoipa::path(
    get,
    path = "/api/v1/coordinators/{name}",
    tag = "coordinators",
    params(("name" = String, Path)),
    responses((status = 200, body = Coordinator))
)]
pub(super) async fn coordinator(
    State(api): Shared,
    names: Names,
) -> Result<Json<Coordinator>, ApiProblem> {
    let record = registered(&api, names.name()).await?;
    let (parsed, warnings) = document::stored_coordinator(&record.xml)?;
    let show = api.show().await?;
    let states = api.read(api.state.store.coordinator_states()).await?;
    let registered: BTreeSet<String> = all_workflows(&api)
        .await?
        .into_iter()
        .map(|each| each.name.to_string())
        .collect();
    let around = Surroundings {
        show: &show,
        now: api.now(),
        kind: CoordinatorKind::Standalone,
        state: document::state_of(&states, CoordinatorKind::Standalone, record.name.as_str()),
        workflow_zone: None,
        registered: &registered,
    };
    Ok(Json(Coordinator {
        summary: show.coordinator(&record),
        coordinator: document::coordinator(&parsed.coordinator, &around),
        warnings: DocumentFault::split(&warnings).1,
    }))
}

/// Deletes a standalone coordinator.
#[utoipa::path(
    delete,
    path = "/api/v1/coordinators/{name}",
    tag = "coordinators",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn delete_coordinator(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    done(
        &api,
        Request::DeleteCoordinator {
            name: names.name().into(),
        },
        key,
    )
    .await
}

/// A standalone coordinator's document as it was registered.
#[utoipa::path(
    get,
    path = "/api/v1/coordinators/{name}/xml",
    tag = "coordinators",
    params(("name" = String, Path)),
    responses((status = 200, body = String, content_type = "application/xml"))
)]
pub(super) async fn coordinator_xml(
    State(api): Shared,
    names: Names,
) -> Result<impl IntoResponse, ApiProblem> {
    Ok(xml(registered(&api, names.name())
        .await?
        .xml
        .as_ref()
        .to_owned()))
}

/// Fires a standalone coordinator now: every workflow it lists is started with its parameters.
#[utoipa::path(
    post,
    path = "/api/v1/coordinators/{name}/trigger",
    tag = "coordinators",
    params(("name" = String, Path)),
    responses((status = 200, body = InstancesCreated))
)]
pub(super) async fn trigger_coordinator(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<InstancesCreated>, ApiProblem> {
    let request = Request::TriggerCoordinator {
        name: names.name().into(),
    };
    match api.state.scheduler.ask(request, key).await? {
        Answer::Instances(instances) => Ok(Json(InstancesCreated {
            instances: instances.iter().map(ToString::to_string).collect(),
        })),
        Answer::Registered { .. } | Answer::Done(_) => Err(unexpected()),
    }
}

/// Clears the readiness of a coordinator's dependencies and computes its next time.
#[utoipa::path(
    post,
    path = "/api/v1/coordinators/{name}/reset",
    tag = "coordinators",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn reset_coordinator(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::Reset {
        key: document::key(CoordinatorKind::Standalone, names.name()),
    };
    done(&api, request, key).await
}

/// Switches a coordinator on.
#[utoipa::path(
    post,
    path = "/api/v1/coordinators/{name}/enable",
    tag = "coordinators",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn enable_coordinator(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::SetEnabled {
        key: document::key(CoordinatorKind::Standalone, names.name()),
        enabled: true,
    };
    done(&api, request, key).await
}

/// Switches a coordinator off.
#[utoipa::path(
    post,
    path = "/api/v1/coordinators/{name}/disable",
    tag = "coordinators",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn disable_coordinator(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::SetEnabled {
        key: document::key(CoordinatorKind::Standalone, names.name()),
        enabled: false,
    };
    done(&api, request, key).await
}

async fn registered(api: &Api, name: &str) -> Result<CoordinatorRecord, ApiProblem> {
    api.read(api.state.store.coordinator(name))
        .await?
        .ok_or_else(|| ApiProblem::not_found("coordinator", name))
}
