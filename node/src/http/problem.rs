//! Answers that say why a request was not done.

use std::any::Any;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use peerflow_engine::{Refusal, RefusalKind};
use peerflow_store::Error as StoreError;
use peerflow_workflow::Diagnostics;

use super::types::{DocumentFault, Problem};
use crate::scheduler::AskError;

/// The stable types of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    InvalidRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    UnknownRoute,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    InvalidDocument,
    MissingParameters,
    KeyReused,
    LimitReached,
    Internal,
    Busy,
    Unavailable,
    StoreUnavailable,
}

impl Kind {
    fn name_and_status(self) -> (&'static str, StatusCode) {
        match self {
            Self::InvalidRequest => ("invalid-request", StatusCode::BAD_REQUEST),
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND),
            Self::UnknownRoute => ("unknown-route", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED),
            Self::RequestTimeout => ("request-timeout", StatusCode::REQUEST_TIMEOUT),
            Self::Conflict => ("conflict", StatusCode::CONFLICT),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY),
            Self::InvalidDocument => ("invalid-document", StatusCode::UNPROCESSABLE_ENTITY),
            Self::MissingParameters => ("missing-parameters", StatusCode::UNPROCESSABLE_ENTITY),
            Self::KeyReused => ("key-reused", StatusCode::UNPROCESSABLE_ENTITY),
            Self::LimitReached => ("limit-reached", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::StoreUnavailable => ("store-unavailable", StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the request makes no sense",
            Self::Unauthorized => "a valid token is needed",
            Self::Forbidden => "the request is refused",
            Self::NotFound => "there is nothing of that name",
            Self::UnknownRoute => "there is no such page",
            Self::MethodNotAllowed => "the page does not take this method",
            Self::RequestTimeout => "the request came too slowly",
            Self::Conflict => "its state does not allow that now",
            Self::TooLarge => "the request is too large",
            Self::UnsupportedMediaType => "the body has the wrong type",
            Self::Invalid => "that cannot be done",
            Self::InvalidDocument => "the document has errors",
            Self::MissingParameters => "parameters are missing",
            Self::KeyReused => "the key belongs to another request",
            Self::LimitReached => "a limit is reached",
            Self::Internal => "this is a fault of peerflow",
            Self::Busy => "too much is asked at once",
            Self::Unavailable => "nobody can decide that now",
            Self::StoreUnavailable => "the store does not answer",
        }
    }
}

/// A problem on its way out.
#[derive(Clone, Debug)]
pub(super) struct ApiProblem {
    pub(super) problem: Box<Problem>,
    retry_after: Option<Duration>,
}

impl ApiProblem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (name, status) = kind.name_and_status();
        let problem = Problem {
            kind: format!("urn:peerflow:problem:{name}"),
            title: kind.title().to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            warnings: Vec::new(),
            missing: Vec::new(),
        };
        let retry_after =
            (status == StatusCode::SERVICE_UNAVAILABLE).then_some(Duration::from_secs(1));
        Self {
            problem: Box::new(problem),
            retry_after,
        }
    }

    pub(super) fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(Kind::InvalidRequest, detail)
    }

    pub(super) fn not_found(what: &str, name: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no {what} {name:?}"))
    }

    pub(super) fn store_unavailable(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(Kind::StoreUnavailable, detail);
        problem.retry_after = Some(Duration::from_secs(2));
        problem
    }

    pub(super) fn document(diagnostics: &Diagnostics) -> Self {
        let (errors, warnings) = DocumentFault::split(diagnostics);
        let detail = match errors.as_slice() {
            [] => "the document is refused".to_owned(),
            [only] => format!(
                "line {}, column {}: {}",
                only.line, only.column, only.message
            ),
            [first, rest @ ..] => format!(
                "line {}, column {}: {}; and {} more",
                first.line,
                first.column,
                first.message,
                rest.len()
            ),
        };
        let mut problem = Self::new(Kind::InvalidDocument, detail);
        problem.problem.errors = errors;
        problem.problem.warnings = warnings;
        problem
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = (status, Body::from(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(wait) = self.retry_after {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_secs().max(1)),
            );
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for ApiProblem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::store_unavailable(error.to_string()),
            StoreError::Cursor(_) => Self::invalid_request(error.to_string()),
            StoreError::Limit(detail) => Self::new(Kind::Conflict, detail),
            StoreError::Configuration(_)
            | StoreError::Migration { .. }
            | StoreError::Corrupt { .. } => {
                tracing::error!(%error, "a read of the store failed");
                Self::new(Kind::Internal, error.to_string())
            }
        }
    }
}

impl From<AskError> for ApiProblem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(refusal) => Self::from(refusal),
            AskError::Unavailable {
                reason,
                retry_after,
            } => {
                let mut problem = Self::new(Kind::Unavailable, reason);
                problem.retry_after = Some(retry_after);
                problem
            }
            AskError::Busy => Self::new(Kind::Busy, error.to_string()),
            AskError::KeyReused => Self::new(Kind::KeyReused, error.to_string()),
        }
    }
}

impl From<Refusal> for ApiProblem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.message;
        match refusal.kind {
            RefusalKind::NotFound => Self::new(Kind::NotFound, detail),
            RefusalKind::Conflict => Self::new(Kind::Conflict, detail),
            RefusalKind::InvalidDocument(diagnostics) => {
                let mut problem = Self::document(&diagnostics);
                if problem.problem.errors.is_empty() {
                    problem.problem.detail = detail;
                }
                problem
            }
            RefusalKind::MissingParameters(missing) => {
                let mut problem = Self::new(Kind::MissingParameters, detail);
                problem.problem.missing = missing;
                problem
            }
            RefusalKind::Invalid => Self::new(Kind::Invalid, detail),
            RefusalKind::Limit => Self::new(Kind::LimitReached, detail),
        }
    }
}

/// Answers for a path that is no page.
pub(super) async fn unknown_route(uri: Uri) -> ApiProblem {
    let path: String = uri.path().chars().take(200).collect();
    ApiProblem::new(
        Kind::UnknownRoute,
        format!(
            "there is no page {path:?}; /api/v1/openapi.json lists all, and a name with a / is written with %2F"
        ),
    )
}

/// Answers for a method that a page does not take.
pub(super) async fn method_not_allowed(request: Request) -> ApiProblem {
    let path: String = request.uri().path().chars().take(200).collect();
    ApiProblem::new(
        Kind::MethodNotAllowed,
        format!(
            "{path:?} does not take {}; /api/v1/openapi.json tells what it takes",
            request.method()
        ),
    )
}

/// Makes a problem of whatever error a layer below answered as plain text.
pub(super) async fn replace_plain_errors(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/"));
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let kind = if status.is_client_error() {
        Kind::InvalidRequest
    } else {
        Kind::Internal
    };
    let mut problem = ApiProblem::new(
        kind,
        status
            .canonical_reason()
            .unwrap_or("refused")
            .to_lowercase(),
    );
    problem.problem.status = status.as_u16();
    problem.into_response()
}

/// Answers for a handler that panicked.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = what, "a request panicked");
    ApiProblem::new(
        Kind::Internal,
        "the request hit a fault of this program; its log tells more",
    )
    .into_response()
}
