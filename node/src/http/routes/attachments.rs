//! Files that belong to a workflow.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Request as HttpRequest, State};
use peerflow_model::{ContentHash, FileRecord, WorkflowRecord};
use serde::Deserialize;
use utoipa::IntoParams;

use super::put::{Completed, register_completed};
use super::workflows::registered;
use crate::http::api::{Api, Shared};
use crate::http::document;
use crate::http::extract::{IdempotencyKey, MAX_FILE_BYTES, Names, QueryOf, read_body};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::AttachedFile;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AttachmentsQuery {
    /// JSON list of files whose content was uploaded before with `stage=true`:
    /// `[{"path":"a.sh","hash":"…","size":12,"executable":true}]`.
    attachments: Option<String>,
}

/// A file whose content was uploaded before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Staged {
    path: String,
    hash: ContentHash,
    size: u64,
    #[serde(default)]
    executable: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UploadQuery {
    /// The owner may execute it.
    #[serde(default)]
    executable: bool,
    /// Only keep the content, for a `PUT /workflows/{name}?attachments=…` soon after.
    #[serde(default)]
    stage: bool,
}

/// Uploads a file that a registered workflow attaches or executes, at most 64 MiB. Its path is written as in the
/// document; other paths are refused.
#[utoipa::path(
    put,
    path = "/api/v1/workflows/{name}/attachments/{*path}",
    tag = "workflows",
    params(("name" = String, Path), ("path" = String, Path, description = "as the document writes it"), UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = AttachedFile))
)]
pub(super) async fn put_attachment(
    State(api): Shared,
    names: Names,
    QueryOf(query): QueryOf<UploadQuery>,
    IdempotencyKey(key): IdempotencyKey,
    request: HttpRequest,
) -> Result<Json<AttachedFile>, ApiProblem> {
    let path = names.path();
    if !query.stage {
        // Before the body is taken, so that nothing is kept of what has no place.
        mentions(&registered(&api, names.name()).await?, path)?;
    }
    let place = api.uploads.acquire().await.map_err(|_closed| {
        ApiProblem::new(Kind::Unavailable, "this node is stopping; ask another peer")
    })?;
    let (parts, body) = request.into_parts();
    let content = read_body(&parts.headers, body, MAX_FILE_BYTES).await?;
    let hash = ContentHash::of(&content);
    api.write(api.state.store.put_file(hash, &content)).await?;
    let file = FileRecord {
        path: path.to_owned(),
        hash,
        size: content.len() as u64,
        executable: query.executable,
    };
    drop((content, place));
    let answer = AttachedFile {
        path: file.path.clone(),
        hash: Some(hash.to_string()),
        size: file.size,
    };
    if !query.stage {
        attach(&api, names.name(), file, key).await?;
    }
    Ok(Json(answer))
}

/// Whether the document of `record` mentions `path`.
fn mentions(record: &WorkflowRecord, path: &str) -> Result<(), ApiProblem> {
    let (parsed, _) = document::stored_workflow(&record.xml)?;
    check_path(path, &document::files(parsed.workflow()))
}

/// Registers the workflow as it is by then with `file`, whose content is stored.
async fn attach(
    api: &Api,
    name: &str,
    file: FileRecord,
    key: Option<String>,
) -> Result<(), ApiProblem> {
    let sent = ContentHash::of(format!("file {name:?} {file:?}").as_bytes());
    let complete = |record: Option<WorkflowRecord>| {
        let record = record.ok_or_else(|| ApiProblem::not_found("workflow", name))?;
        mentions(&record, &file.path)?;
        let mut files = record.files;
        files.retain(|other| other.path != file.path);
        files.push(file.clone());
        files.sort();
        Ok(Completed {
            xml: record.xml,
            files,
            missing: Vec::new(),
        })
    };
    let _registered = register_completed(api, name, sent, key, complete).await?;
    Ok(())
}

fn check_path(path: &str, mentioned: &BTreeSet<String>) -> Result<(), ApiProblem> {
    if mentioned.contains(path) {
        return Ok(());
    }
    let known: Vec<&str> = mentioned.iter().map(String::as_str).take(20).collect();
    let help = if known.is_empty() {
        "it attaches none; register the document first".to_owned()
    } else {
        format!("it has {}", known.join(", "))
    };
    Err(ApiProblem::new(
        Kind::Invalid,
        format!("the workflow's document attaches no file {path:?}; {help}"),
    ))
}

/// Files of a document about to be registered: those given with it, then those that the former document had.
pub(super) fn files(
    former: Option<WorkflowRecord>,
    mentioned: &BTreeSet<String>,
    given: &[FileRecord],
) -> Vec<FileRecord> {
    let kept = former.into_iter().flat_map(|record| record.files);
    let files: BTreeMap<String, FileRecord> = kept
        .filter(|file| mentioned.contains(&file.path))
        .chain(given.iter().cloned())
        .map(|file| (file.path.clone(), file))
        .collect();
    files.into_values().collect()
}

/// Files given in the query, whose content must be here.
pub(super) async fn given(
    api: &Api,
    mentioned: &BTreeSet<String>,
    query: &AttachmentsQuery,
) -> Result<Vec<FileRecord>, ApiProblem> {
    let mut files = Vec::new();
    for staged in staged(query)? {
        check_path(&staged.path, mentioned)?;
        if staged.size > MAX_FILE_BYTES as u64 {
            let message = format!(
                "{:?} has more than {MAX_FILE_BYTES} bytes, the limit of a file",
                staged.path
            );
            return Err(ApiProblem::new(Kind::Invalid, message));
        }
        if !api.read(api.state.store.has_file(staged.hash)).await? {
            return Err(ApiProblem::new(
                Kind::Invalid,
                format!(
                    "the content of {:?} is not here; upload it with stage=true first",
                    staged.path
                ),
            ));
        }
        files.push(FileRecord {
            path: staged.path,
            hash: staged.hash,
            size: staged.size,
            executable: staged.executable,
        });
    }
    Ok(files)
}

fn staged(query: &AttachmentsQuery) -> Result<Vec<Staged>, ApiProblem> {
    let Some(text) = query.attachments.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(Vec::new());
    };
    serde_json::from_str(text).map_err(|error| {
        ApiProblem::invalid_request(format!("attachments is no list of files: {error}"))
    })
}
