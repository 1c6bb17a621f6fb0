//! Links: databases and file systems that actions reach by name. Secrets come in here and never go out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peerflow_engine::{Answer, Expected, Origin, RefusalKind, RegisterOutcome, Request};
use peerflow_links::VaultError;
use peerflow_model::{ContentHash, LinkKey, LinkKind, LinkRecord, links_of};
use peerflow_workflow::Workflow;
use serde::Deserialize;
use utoipa::IntoParams;

use super::parse;
use super::workflow_actions::{done, unexpected};
use crate::http::api::{Api, Shared};
use crate::http::extract::{IdempotencyKey, JsonBody, Names, QueryOf};
use crate::http::problem::{ApiProblem, Kind};
use crate::http::types::{Done, Link, LinkGiven, LinkOutcome, LinkPage, LinkSaved, LinkTrial};
use crate::links::{LinkChange, LinkTrouble, SealedLink};
use crate::scheduler::AskError;

/// How often a change is tried anew because somebody else changed the link meanwhile.
const TRIES: usize = 5;

/// Which links.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LinksQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// At most 1,000; 100 where it is not given.
    limit: Option<u32>,
}

/// How a link is deleted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ForceQuery {
    /// Also when registered workflows name it.
    #[serde(default)]
    force: bool,
}

/// Links of a kind, by name.
#[utoipa::path(
    get,
    path = "/api/v1/links/{kind}",
    tag = "links",
    params(("kind" = String, Path, description = "`db` or `file`"), LinksQuery),
    responses((status = 200, body = LinkPage))
)]
pub(super) async fn list_links(
    State(api): Shared,
    names: Names,
    QueryOf(query): QueryOf<LinksQuery>,
) -> Result<Json<LinkPage>, ApiProblem> {
    let kind = kind(&names)?;
    let limit = parse::limit(query.limit)?;
    let after = parse::given(query.cursor);
    let store = &api.state.store;
    let mut records = api
        .read(store.links(kind, after.as_deref(), limit + 1))
        .await?;
    let more = records.len() > limit as usize;
    records.truncate(limit as usize);
    let next = records
        .last()
        .filter(|_| more)
        .map(|last| last.name.clone());
    let show = api.show().await?;
    let items = records.iter().map(|record| show.link(record)).collect();
    Ok(Json(LinkPage { items, next }))
}

/// A link, without its secrets.
#[utoipa::path(
    get,
    path = "/api/v1/links/{kind}/{name}",
    tag = "links",
    params(("kind" = String, Path, description = "`db` or `file`"), ("name" = String, Path)),
    responses((status = 200, body = Link))
)]
pub(super) async fn link(State(api): Shared, names: Names) -> Result<Json<Link>, ApiProblem> {
    let record = kept(&api, &key(&names)?).await?;
    Ok(Json(api.show().await?.link(&record)))
}

/// Adds a link; refused where there is one of that name.
#[utoipa::path(
    post,
    path = "/api/v1/links/{kind}",
    tag = "links",
    params(("kind" = String, Path, description = "`db` or `file`")),
    request_body = LinkGiven,
    responses((status = 201, body = LinkSaved))
)]
pub(super) async fn add_link(
    State(api): Shared,
    names: Names,
    IdempotencyKey(idempotency): IdempotencyKey,
    JsonBody(given): JsonBody<LinkGiven>,
) -> Result<(StatusCode, Json<LinkSaved>), ApiProblem> {
    let kind = kind(&names)?;
    let Some(name) = given.name.clone() else {
        return Err(ApiProblem::invalid_request("give the new link a name"));
    };
    let key = LinkKey { kind, name };
    let sent = fingerprint(&api, "add", &key, &given);
    let sealed = api.state.links.changed(&key, change(given), None);
    let sealed = sealed.map_err(problem)?;
    let saved = ask(&api, sealed, Expected::Nothing, sent, idempotency).await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

/// Changes a link. What is not given stays as it is, secrets too.
#[utoipa::path(
    put,
    path = "/api/v1/links/{kind}/{name}",
    tag = "links",
    params(("kind" = String, Path, description = "`db` or `file`"), ("name" = String, Path)),
    request_body = LinkGiven,
    responses((status = 200, body = LinkSaved))
)]
pub(super) async fn put_link(
    State(api): Shared,
    names: Names,
    IdempotencyKey(idempotency): IdempotencyKey,
    JsonBody(given): JsonBody<LinkGiven>,
) -> Result<Json<LinkSaved>, ApiProblem> {
    let key = key(&names)?;
    if given.name.as_ref().is_some_and(|name| *name != key.name) {
        return Err(ApiProblem::new(
            Kind::Invalid,
            "the path and the body name two links; a link is renamed by adding another one and deleting the old one",
        ));
    }
    let sent = fingerprint(&api, "put", &key, &given);
    let mut tries = 0;
    loop {
        tries += 1;
        let former = kept(&api, &key).await?;
        let expected = Expected::Definition(former.hash());
        let sealed = api
            .state
            .links
            .changed(&key, change(given.clone()), Some(&former))
            .map_err(problem)?;
        match ask(&api, sealed, expected, sent, idempotency.clone()).await {
            Ok(saved) => return Ok(Json(saved)),
            // What the refusal is about is in the store by now.
            Err(AskError::Refused(refusal))
                if refusal.kind == RefusalKind::Conflict && tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Deletes a link; refused while registered workflows name it, unless by force.
#[utoipa::path(
    delete,
    path = "/api/v1/links/{kind}/{name}",
    tag = "links",
    params(("kind" = String, Path, description = "`db` or `file`"), ("name" = String, Path), ForceQuery),
    responses((status = 200, body = Done))
)]
pub(super) async fn delete_link(
    State(api): Shared,
    names: Names,
    QueryOf(query): QueryOf<ForceQuery>,
    IdempotencyKey(idempotency): IdempotencyKey,
) -> Result<Json<Done>, ApiProblem> {
    let request = Request::DeleteLink {
        key: key(&names)?,
        force: query.force,
    };
    done(&api, request, idempotency).await
}

/// Tries a link from the asked peer, within 15 seconds. That it does not work is no problem of the request: the answer is
/// 200 with `ok: false`.
#[utoipa::path(
    post,
    path = "/api/v1/links/{kind}/{name}/test",
    tag = "links",
    params(("kind" = String, Path, description = "`db` or `file`"), ("name" = String, Path)),
    responses((status = 200, body = LinkTrial))
)]
pub(super) async fn test_link(
    State(api): Shared,
    names: Names,
) -> Result<Json<LinkTrial>, ApiProblem> {
    let record = kept(&api, &key(&names)?).await?;
    let _turn = api.trials.try_acquire().map_err(|_all_taken| {
        ApiProblem::new(
            Kind::Busy,
            "too many links are tried at once; try again in a moment",
        )
    })?;
    let (ok, message) = match api.state.links.try_out(&record).await {
        Ok(found) => (true, found),
        Err(wrong) => (false, wrong),
    };
    Ok(Json(LinkTrial {
        name: record.name,
        node: api.state.identity.id.to_string(),
        ok,
        message,
    }))
}

/// What to say of links that a workflow names and nobody has added.
pub(super) async fn missing_links(
    api: &Api,
    workflow: &Workflow,
) -> Result<Vec<String>, ApiProblem> {
    let mut notes = Vec::new();
    for key in links_of(workflow) {
        if api.read(api.state.store.link(&key)).await?.is_none() {
            let kind = key.kind.as_str();
            notes.push(format!(
                "it names {key}, which is not there; add it with `peerflow link {kind} add`"
            ));
        }
    }
    Ok(notes)
}

fn kind(names: &Names) -> Result<LinkKind, ApiProblem> {
    match names.part("kind") {
        "db" => Ok(LinkKind::Database),
        "file" => Ok(LinkKind::File),
        other => Err(ApiProblem::new(
            Kind::UnknownRoute,
            format!("there are links of the kinds db and file, not {other:?}"),
        )),
    }
}

fn key(names: &Names) -> Result<LinkKey, ApiProblem> {
    Ok(LinkKey {
        kind: kind(names)?,
        name: names.name().to_owned(),
    })
}

/// What is kept of a link.
async fn kept(api: &Api, key: &LinkKey) -> Result<LinkRecord, ApiProblem> {
    match api.read(api.state.links.record(key)).await? {
        Some(record) => Ok(record),
        None => Err(ApiProblem::new(
            Kind::NotFound,
            api.state.links.unknown(key).await,
        )),
    }
}

/// Has the master keep it.
async fn ask(
    api: &Api,
    sealed: SealedLink,
    expected: Expected,
    sent: ContentHash,
    idempotency: Option<String>,
) -> Result<LinkSaved, AskError> {
    let request = Request::PutLink {
        link: Box::new(sealed.record),
        origin: Origin::Person,
        expected,
        sent,
    };
    let answer = api.state.scheduler.ask(request, idempotency).await?;
    let Answer::Registered { name, outcome, .. } = answer else {
        return Err(AskError::Unavailable {
            reason: unexpected().problem.detail,
            retry_after: std::time::Duration::from_secs(1),
        });
    };
    let outcome = match outcome {
        RegisterOutcome::Added => LinkOutcome::Added,
        RegisterOutcome::Updated => LinkOutcome::Updated,
        RegisterOutcome::Unchanged | RegisterOutcome::Kept => LinkOutcome::Unchanged,
    };
    Ok(LinkSaved {
        name,
        outcome,
        warnings: sealed.warnings,
    })
}

/// Tells one request from another with the same `Idempotency-Key`.
fn fingerprint(api: &Api, what: &str, key: &LinkKey, given: &LinkGiven) -> ContentHash {
    // Texts and numbers always have a JSON.
    let content = serde_json::to_vec(&(what, key, given)).unwrap_or_default();
    api.state.links.fingerprint(&content)
}

fn change(given: LinkGiven) -> LinkChange {
    LinkChange {
        system: given.system,
        jdbc_url: given.jdbc_url,
        host: given.host,
        port: given.port,
        username: given.username,
        password: given.password,
        description: given.description,
        properties: given.properties,
    }
}

fn problem(trouble: LinkTrouble) -> ApiProblem {
    match trouble {
        LinkTrouble::Wrong(error) => ApiProblem::new(Kind::Invalid, error.to_string()),
        LinkTrouble::Vault(VaultError::TooLarge { .. }) => {
            ApiProblem::new(Kind::LimitReached, trouble.to_string())
        }
        LinkTrouble::Vault(
            VaultError::AnotherKey { .. } | VaultError::Damaged { .. } | VaultError::Newer { .. },
        ) => ApiProblem::new(Kind::Conflict, trouble.to_string()),
        LinkTrouble::Vault(_) => ApiProblem::new(Kind::Internal, trouble.to_string()),
    }
}
