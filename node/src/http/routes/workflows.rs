//! Registered workflows: reading and deleting them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use peerflow_engine::Request;
use peerflow_model::{CoordinatorKind, WorkflowRecord};
use peerflow_store::InstanceFilter;
use peerflow_workflow::WorkflowName;
use serde::Deserialize;
use utoipa::IntoParams;

use super::parse;
use super::workflow_actions::done;
use crate::http::api::{Api, Shared};
use crate::http::document::{self, Surroundings};
use crate::http::extract::{IdempotencyKey, Names, QueryOf};
use crate::http::problem::ApiProblem;
use crate::http::types::{AttachedFile, DocumentFault, Done, Graph, WorkflowInfo, WorkflowPage};

/// Workflows read from the store at a time when all are looked at.
const LIST_STEP: u32 = 1000;

/// Instances shown with a workflow.
const SHOWN_INSTANCES: u32 = 10;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Part of the name, folder, creator or description.
    key: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page, 1 to 1,000; 100 where it is absent.
    limit: Option<u32>,
}

impl ListQuery {
    pub(super) fn into_parts(self) -> (Option<String>, Option<String>, Option<u32>) {
        (self.key, self.cursor, self.limit)
    }
}

/// Registered workflows, by folder, then name.
#[utoipa::path(get, path = "/api/v1/workflows", tag = "workflows", params(ListQuery), responses((status = 200, body = WorkflowPage)))]
pub(super) async fn list_workflows(
    State(api): Shared,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<WorkflowPage>, ApiProblem> {
    let limit = parse::limit(query.limit)?;
    let after = parse::list_place(query.cursor.as_deref())?;
    let key = parse::given(query.key);
    let mut records = api
        .read(api.state.store.workflows(key.as_deref(), after, limit + 1))
        .await?;
    let more = records.len() > limit as usize;
    records.truncate(limit as usize);
    let next = records
        .last()
        .filter(|_| more)
        .map(|last| parse::list_cursor(&last.dir, last.name.as_str()));
    let show = api.show().await?;
    Ok(Json(WorkflowPage {
        items: records.iter().map(|record| show.workflow(record)).collect(),
        next,
    }))
}

/// All about a workflow: facts, schedule with its next times, readiness of each dependency, steps, downstream.
#[utoipa::path(
    get,
    path = "/api/v1/workflows/{name}",
    tag = "workflows",
    params(("name" = String, Path)),
    responses((status = 200, body = WorkflowInfo))
)]
pub(super) async fn workflow(
    State(api): Shared,
    names: Names,
) -> Result<Json<WorkflowInfo>, ApiProblem> {
    let record = registered(&api, names.name()).await?;
    let show = api.show().await?;
    let (parsed, warnings) = document::stored_workflow(&record.xml)?;
    let workflow = parsed.workflow();
    let states = api.read(api.state.store.coordinator_states()).await?;
    let all = all_workflows(&api).await?;
    let registered: BTreeSet<String> = all.iter().map(|each| each.name.to_string()).collect();
    let around = Surroundings {
        show: &show,
        now: api.now(),
        kind: CoordinatorKind::Workflow,
        state: document::state_of(&states, CoordinatorKind::Workflow, record.name.as_str()),
        workflow_zone: workflow.timezone.as_deref(),
        registered: &registered,
    };
    let filter = InstanceFilter {
        workflow: Some(record.name.clone()),
        limit: SHOWN_INSTANCES,
        ..InstanceFilter::default()
    };
    let instances = api.read(api.state.store.instances(&filter)).await?;
    Ok(Json(WorkflowInfo {
        summary: show.workflow(&record),
        mail_level: workflow.mail_level.clone(),
        mail_receivers: workflow.mail_receivers.clone(),
        instance_limit: workflow.instance_limit,
        priority: workflow.priority,
        timezone: workflow.timezone.clone(),
        parameters_needed: document::parameters_needed(&parsed),
        coordinator: workflow
            .coordinator
            .as_ref()
            .map(|each| document::coordinator(each, &around)),
        steps: document::steps(workflow),
        downstream: downstream(&api, &all, &record.name).await?,
        files: attached(&record, &document::files(workflow)),
        warnings: DocumentFault::split(&warnings).1,
        instances: instances
            .items
            .iter()
            .map(|instance| show.summary(instance))
            .collect(),
    }))
}

/// Deletes a workflow; refused while others depend on it or instances of it are not over.
#[utoipa::path(
    delete,
    path = "/api/v1/workflows/{name}",
    tag = "workflows",
    params(("name" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn delete_workflow(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::DeleteWorkflow {
        name: names.name().into(),
    };
    done(&api, request, key).await
}

/// A workflow's document as it was registered.
#[utoipa::path(
    get,
    path = "/api/v1/workflows/{name}/xml",
    tag = "workflows",
    params(("name" = String, Path)),
    responses((status = 200, body = String, content_type = "application/xml"))
)]
pub(super) async fn workflow_xml(
    State(api): Shared,
    names: Names,
) -> Result<impl IntoResponse, ApiProblem> {
    Ok(xml(registered(&api, names.name())
        .await?
        .xml
        .as_ref()
        .to_owned()))
}

/// A workflow's steps and the ways between them.
#[utoipa::path(
    get,
    path = "/api/v1/workflows/{name}/graph",
    tag = "workflows",
    params(("name" = String, Path)),
    responses((status = 200, body = Graph))
)]
pub(super) async fn workflow_graph(
    State(api): Shared,
    names: Names,
) -> Result<Json<Graph>, ApiProblem> {
    let record = registered(&api, names.name()).await?;
    let (parsed, _) = document::stored_workflow(&record.xml)?;
    Ok(Json(document::graph(parsed.workflow())))
}

/// A document as an answer.
pub(super) fn xml(text: String) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/xml; charset=utf-8")],
        text,
    )
}

/// The workflow of that name.
pub(super) async fn registered(api: &Api, name: &str) -> Result<WorkflowRecord, ApiProblem> {
    api.read(api.state.store.workflow(name))
        .await?
        .ok_or_else(|| ApiProblem::not_found("workflow", name))
}

/// Every registered workflow, without its document.
pub(super) async fn all_workflows(api: &Api) -> Result<Vec<WorkflowRecord>, ApiProblem> {
    let mut all: Vec<WorkflowRecord> = Vec::new();
    loop {
        let after = all
            .last()
            .map(|last| (last.dir.clone(), last.name.to_string()));
        let page = api
            .read(api.state.store.workflows(None, after, LIST_STEP))
            .await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Files of the document, and whether their content is there.
pub(super) fn attached(record: &WorkflowRecord, mentioned: &BTreeSet<String>) -> Vec<AttachedFile> {
    let given = record.files.iter().map(|file| AttachedFile {
        path: file.path.clone(),
        hash: Some(file.hash.to_string()),
        size: file.size,
    });
    let absent = mentioned
        .iter()
        .filter(|path| !record.files.iter().any(|file| file.path == **path))
        .map(|path| AttachedFile {
            path: path.clone(),
            hash: None,
            size: 0,
        });
    given.chain(absent).collect()
}

/// Workflows and standalone coordinators that depend on `name`.
async fn downstream(
    api: &Api,
    all: &[WorkflowRecord],
    name: &WorkflowName,
) -> Result<Vec<String>, ApiProblem> {
    let mut downstream = Vec::new();
    let mut hashes = BTreeSet::new();
    for record in all {
        hashes.insert(record.hash);
        let upstream: Arc<[WorkflowName]> = match api.upstreams.of(record.hash) {
            Some(known) => known,
            None => match api
                .read(api.state.store.workflow(record.name.as_str()))
                .await?
            {
                Some(full) => api.upstreams.learn(full.hash, &full.xml),
                None => continue,
            },
        };
        if upstream.contains(name) {
            downstream.push(record.name.to_string());
        }
    }
    for record in api.read(api.state.store.coordinators()).await? {
        hashes.insert(record.hash);
        let upstream = api
            .upstreams
            .of(record.hash)
            .unwrap_or_else(|| api.upstreams.learn(record.hash, &record.xml));
        if upstream.contains(name) {
            downstream.push(format!("coordinator {}", record.name));
        }
    }
    api.upstreams.keep(&hashes);
    Ok(downstream)
}
