//! Documents: registering and checking them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use peerflow_engine::{Answer, Expected, Origin, RefusalKind, RegisterOutcome, Request};
use peerflow_model::{ContentHash, CoordinatorKind, FileRecord, WorkflowRecord};
use peerflow_workflow::{Coordinator, Diagnostics, Document};
use tokio::time::Instant;

use super::attachments::{self, AttachmentsQuery};
use super::links::missing_links;
use super::workflow_actions::unexpected;
use super::workflows::all_workflows;
use crate::http::api::{Api, Shared};
use crate::http::document::{self, Surroundings};
use crate::http::extract::{IdempotencyKey, Names, QueryOf, XmlBody};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::{Check, DocumentFault, Outcome, Registered};
use crate::scheduler::AskError;

/// How long is tried to register while others register the same workflow.
const REGISTER_PATIENCE: Duration = Duration::from_secs(60);

/// Registers or updates a workflow. Files that the former document had too stay attached; the content of others is
/// given with `attachments`, or afterwards with `PUT …/attachments/{path}`.
#[utoipa::path(
    put,
    path = "/api/v1/workflows/{name}",
    tag = "workflows",
    params(("name" = String, Path, description = "as the document says"), AttachmentsQuery),
    request_body(content = String, content_type = "application/xml"),
    responses((status = 200, body = Registered), (status = 201, body = Registered))
)]
pub(super) async fn put_workflow(
    State(api): Shared,
    names: Names,
    QueryOf(query): QueryOf<AttachmentsQuery>,
    IdempotencyKey(key): IdempotencyKey,
    XmlBody(xml): XmlBody,
) -> Result<(StatusCode, Json<Registered>), ApiProblem> {
    let document = valid(&xml).await?;
    let Document::Workflow(parsed) = &document else {
        return Err(ApiProblem::new(
            Kind::Invalid,
            "the document is a standalone coordinator's; put it to /api/v1/coordinators/{name}",
        ));
    };
    same_name(names.name(), parsed.workflow().name.as_str())?;
    let mentioned = document::files(parsed.workflow());
    let given = attachments::given(&api, &mentioned, &query).await?;
    let xml = text(&xml)?;
    let sent = format!("document {:?} {xml:?} {given:?}", names.name());
    let sent = ContentHash::of(sent.as_bytes());
    let complete = |record: Option<WorkflowRecord>| {
        let files = attachments::files(record, &mentioned, &given);
        Ok(Completed {
            missing: without(&mentioned, &files),
            xml: Arc::clone(&xml),
            files,
        })
    };
    register_completed(&api, names.name(), sent, key, complete).await
}

/// Registers or updates a standalone coordinator.
#[utoipa::path(
    put,
    path = "/api/v1/coordinators/{name}",
    tag = "coordinators",
    params(("name" = String, Path, description = "as the document says")),
    request_body(content = String, content_type = "application/xml"),
    responses((status = 200, body = Registered), (status = 201, body = Registered))
)]
pub(super) async fn put_coordinator(
    State(api): Shared,
    names: Names,
    IdempotencyKey(key): IdempotencyKey,
    XmlBody(xml): XmlBody,
) -> Result<(StatusCode, Json<Registered>), ApiProblem> {
    let document = valid(&xml).await?;
    let Document::Coordinator(parsed) = &document else {
        return Err(ApiProblem::new(
            Kind::Invalid,
            "the document is a workflow's; put it to /api/v1/workflows/{name}",
        ));
    };
    same_name(names.name(), parsed.coordinator.name.as_str())?;
    let request = Request::PutDocument {
        xml: text(&xml)?,
        files: Vec::new(),
        origin: Origin::Person,
        expected: Expected::Anything,
        sent: None,
    };
    registered_as(api.state.scheduler.ask(request, key).await?, Vec::new())
}

/// Checks a document of either kind without registering it. What is wrong with it is no problem of the request: the answer is
/// 200 with `valid: false`.
#[utoipa::path(
    post,
    path = "/api/v1/workflows/check",
    tag = "workflows",
    request_body(content = String, content_type = "application/xml"),
    responses((status = 200, body = Check))
)]
pub(super) async fn check_workflow(
    State(api): Shared,
    XmlBody(xml): XmlBody,
) -> Result<Json<Check>, ApiProblem> {
    check(&api, xml).await
}

/// Checks a document of either kind without registering it.
#[utoipa::path(
    post,
    path = "/api/v1/coordinators/check",
    tag = "coordinators",
    request_body(content = String, content_type = "application/xml"),
    responses((status = 200, body = Check))
)]
pub(super) async fn check_coordinator(
    State(api): Shared,
    XmlBody(xml): XmlBody,
) -> Result<Json<Check>, ApiProblem> {
    check(&api, xml).await
}

async fn valid(xml: &Bytes) -> Result<Document, ApiProblem> {
    match document::parse(xml.clone()).await? {
        Ok((document, _)) => Ok(document),
        Err(diagnostics) => Err(ApiProblem::document(&diagnostics)),
    }
}

fn same_name(path: &str, document: &str) -> Result<(), ApiProblem> {
    if path == document {
        return Ok(());
    }
    Err(ApiProblem::new(
        Kind::Invalid,
        format!("the path names {path:?} and the document {document:?}; put it under its own name"),
    ))
}

fn without(mentioned: &BTreeSet<String>, files: &[FileRecord]) -> Vec<String> {
    mentioned
        .iter()
        .filter(|path| !files.iter().any(|file| file.path == **path))
        .cloned()
        .collect()
}

/// What is to be registered, completed with what is registered already.
pub(super) struct Completed {
    pub(super) xml: Arc<str>,
    pub(super) files: Vec<FileRecord>,
    /// Files that the document mentions and nobody has given.
    pub(super) missing: Vec<String>,
}

/// Has a document registered whose checks passed here, as `complete` makes it from the workflow's present record; the
/// engine checks it again with what it knows. Where somebody else registers in between, by whichever peer, it is
/// completed anew from what is there then.
pub(super) async fn register_completed(
    api: &Api,
    name: &str,
    sent: ContentHash,
    key: Option<String>,
    complete: impl Fn(Option<WorkflowRecord>) -> Result<Completed, ApiProblem>,
) -> Result<(StatusCode, Json<Registered>), ApiProblem> {
    let started = Instant::now();
    loop {
        let record = api.read(api.state.store.workflow(name)).await?;
        let expected = Expected::just(record.as_ref().map(|record| record.hash));
        let Completed {
            xml,
            files,
            missing,
        } = complete(record)?;
        let request = Request::PutDocument {
            xml,
            files,
            origin: Origin::Person,
            expected,
            sent: Some(sent),
        };
        match api.state.scheduler.ask(request, key.clone()).await {
            Ok(answer) => return registered_as(answer, missing),
            // What the refusal is about is in the store by now.
            Err(AskError::Refused(refusal))
                if refusal.kind == RefusalKind::Conflict
                    && started.elapsed() < REGISTER_PATIENCE => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn text(xml: &[u8]) -> Result<Arc<str>, ApiProblem> {
    std::str::from_utf8(xml)
        .map(Arc::from)
        .map_err(|_checked_before| ApiProblem::invalid_request("the document is not UTF-8"))
}

fn registered_as(
    answer: Answer,
    files_missing: Vec<String>,
) -> Result<(StatusCode, Json<Registered>), ApiProblem> {
    let Answer::Registered {
        name,
        standalone,
        outcome,
        warnings,
        notes,
    } = answer
    else {
        return Err(unexpected());
    };
    let (status, outcome) = match outcome {
        RegisterOutcome::Added => (StatusCode::CREATED, Outcome::Added),
        RegisterOutcome::Updated => (StatusCode::OK, Outcome::Updated),
        RegisterOutcome::Unchanged => (StatusCode::OK, Outcome::Unchanged),
        RegisterOutcome::Kept => (StatusCode::OK, Outcome::Kept),
    };
    let kind = if standalone {
        CoordinatorKind::Standalone
    } else {
        CoordinatorKind::Workflow
    };
    let warnings = DocumentFault::split(&warnings).1;
    Ok((
        status,
        Json(Registered {
            name,
            kind,
            outcome,
            warnings,
            notes,
            files_missing,
        }),
    ))
}

async fn check(api: &Api, xml: Bytes) -> Result<Json<Check>, ApiProblem> {
    match document::parse(xml).await? {
        Ok((document, warnings)) => Ok(Json(describe(api, &document, &warnings).await?)),
        Err(diagnostics) => {
            let (errors, warnings) = DocumentFault::split(&diagnostics);
            Ok(Json(Check {
                valid: false,
                errors,
                warnings,
                notes: Vec::new(),
                kind: None,
                name: None,
                parameters_needed: BTreeSet::new(),
                schedule: None,
                files: Vec::new(),
            }))
        }
    }
}

async fn describe(
    api: &Api,
    document: &Document,
    warnings: &Diagnostics,
) -> Result<Check, ApiProblem> {
    let show = api.show().await?;
    let registered: BTreeSet<String> = all_workflows(api)
        .await?
        .into_iter()
        .map(|record| record.name.to_string())
        .collect();
    let (kind, name, coordinator, zone) = match document {
        Document::Workflow(parsed) => {
            let workflow = parsed.workflow();
            let zone = workflow.timezone.as_deref();
            (
                CoordinatorKind::Workflow,
                workflow.name.to_string(),
                workflow.coordinator.as_ref(),
                zone,
            )
        }
        Document::Coordinator(parsed) => {
            let coordinator = &parsed.coordinator;
            (
                CoordinatorKind::Standalone,
                coordinator.name.to_string(),
                Some(coordinator),
                None,
            )
        }
    };
    let around = Surroundings {
        show: &show,
        now: api.now(),
        kind,
        state: None,
        workflow_zone: zone,
        registered: &registered,
    };
    let schedule = coordinator
        .and_then(|coordinator| document::schedule(coordinator, &around, coordinator.enabled));
    let mut notes = notes(&name, kind, coordinator, &registered);
    let (parameters_needed, files) = match document {
        Document::Workflow(parsed) => {
            notes.extend(missing_links(api, parsed.workflow()).await?);
            let files = document::files(parsed.workflow()).into_iter().collect();
            (document::parameters_needed(parsed), files)
        }
        Document::Coordinator(parsed) => (parsed.coordinator.parameters_needed(), Vec::new()),
    };
    Ok(Check {
        valid: true,
        errors: Vec::new(),
        warnings: DocumentFault::split(warnings).1,
        notes,
        kind: Some(kind),
        name: Some(name),
        parameters_needed,
        schedule,
        files,
    })
}

/// What can be said only where the other workflows are known.
fn notes(
    name: &str,
    kind: CoordinatorKind,
    coordinator: Option<&Coordinator>,
    registered: &BTreeSet<String>,
) -> Vec<String> {
    let mut notes = Vec::new();
    for dependency in coordinator.iter().flat_map(|each| &each.dependencies) {
        if !registered.contains(dependency.as_str()) && dependency.as_str() != name {
            notes.push(format!(
                "it depends on {dependency:?}, which is not registered"
            ));
        }
    }
    for trigger in coordinator.iter().flat_map(|each| &each.triggers) {
        if kind == CoordinatorKind::Standalone && !registered.contains(trigger.as_str()) {
            notes.push(format!("it starts {trigger:?}, which is not registered"));
        }
    }
    if kind == CoordinatorKind::Workflow && registered.contains(name) {
        notes.push(format!(
            "a workflow {name:?} is registered already; registering this one replaces it"
        ));
    }
    notes
}
