//! Limits that hold for every request.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Query, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::Api;
use super::problem::{ApiProblem, Kind};

/// Names of query parameters by page and method, from the OpenAPI document.
pub(super) type KnownQueries = BTreeMap<(String, Method), Vec<String>>;

/// Turns away what comes while too much is under way; the rest of the node must get its turn.
pub(super) async fn limit_requests(
    State(api): State<Arc<Api>>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_permit) = api.requests.try_acquire() else {
        return ApiProblem::new(
            Kind::Busy,
            "too many requests are under way; try again in a second",
        )
        .into_response();
    };
    next.run(request).await
}

/// Refuses a query parameter that the page does not know: a misspelt filter must not show everything.
pub(super) async fn refuse_unknown_query(
    State(known): State<Arc<KnownQueries>>,
    request: Request,
    next: Next,
) -> Response {
    match check_query(&known, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check_query(known: &KnownQueries, request: &Request) -> Result<(), ApiProblem> {
    if request.uri().query().is_none_or(str::is_empty) {
        return Ok(());
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(request.uri())
        .map_err(|error| ApiProblem::invalid_request(error.body_text().to_lowercase()))?;
    let page = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    let method = if request.method() == Method::HEAD {
        Method::GET
    } else {
        request.method().clone()
    };
    // A page that is not in the document is answered by its own handler.
    let none = Vec::new();
    let names = known.get(&(page.to_owned(), method)).unwrap_or(&none);
    let Some((unknown, _)) = pairs.iter().find(|(name, _)| !names.contains(name)) else {
        return Ok(());
    };
    let unknown: String = unknown.chars().take(100).collect();
    let nearest = names
        .iter()
        .find(|name| strsim::damerau_levenshtein(name, &unknown) <= 2);
    let help = match (nearest, names.as_slice()) {
        (Some(name), _) => format!("did you mean {name}?"),
        (None, []) => "this page takes none".to_owned(),
        (None, names) => format!("known here: {}", names.join(", ")),
    };
    Err(ApiProblem::invalid_request(format!(
        "there is no query parameter {unknown:?}; {help}"
    )))
}
