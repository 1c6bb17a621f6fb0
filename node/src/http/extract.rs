//! What handlers take from a request; what does not fit becomes a problem.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use peerflow_workflow::MAX_DOCUMENT_BYTES;
use serde::de::DeserializeOwned;

use super::problem::{ApiProblem, Kind};

/// Of a JSON body.
pub(super) const MAX_JSON_BYTES: usize = 1024 * 1024;

/// Of one attached file.
pub(super) const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// Of an `Idempotency-Key`.
pub(super) const MAX_KEY_BYTES: usize = 255;

/// How long the next bytes of a body are waited for.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// How much of a body that is too large is read and thrown away, so that its sender gets to read why.
const DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// The names in a path, decoded.
#[derive(Debug)]
pub(super) struct Names {
    names: Vec<(String, String)>,
    last_segment: String,
}

impl Names {
    /// The part called `part` in the page's path.
    pub(super) fn part(&self, part: &str) -> &str {
        // A workflow may be called as a page below `/workflows`; then the page's own path has no parts.
        self.names
            .iter()
            .find(|(name, _)| name == part)
            .map_or(&self.last_segment, |(_, value)| value)
    }

    /// `{name}`.
    pub(super) fn name(&self) -> &str {
        self.part("name")
    }

    /// `{id}`.
    pub(super) fn id(&self) -> &str {
        self.part("id")
    }

    /// `{path}`.
    pub(super) fn path(&self) -> &str {
        self.part("path")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_not_text| {
                ApiProblem::invalid_request("a name in the path is not percent-encoded UTF-8")
            })?;
        let names: Vec<(String, String)> = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if names.iter().any(|(_, value)| value.contains('\0')) {
            return Err(ApiProblem::invalid_request(
                "a name in the path has a zero byte",
            ));
        }
        let last_segment = parts
            .uri
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            names,
            last_segment,
        })
    }
}

/// The query as `T`.
#[derive(Debug)]
pub(super) struct QueryOf<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiProblem> {
        let Query(query) = Query::try_from_uri(&parts.uri).map_err(|error| {
            let text = error.body_text();
            let reason = text
                .rsplit_once("query string: ")
                .map_or(text.as_str(), |(_, reason)| reason);
            ApiProblem::invalid_request(format!("the query does not fit: {reason}"))
        })?;
        Ok(Self(query))
    }
}

/// The `Idempotency-Key`, where there is one.
#[derive(Debug)]
pub(super) struct IdempotencyKey(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiProblem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        let key = value.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > MAX_KEY_BYTES || values.next().is_some() {
            return Err(ApiProblem::invalid_request(format!(
                "an Idempotency-Key is one text of 1 to {MAX_KEY_BYTES} ASCII characters"
            )));
        }
        Ok(Self(Some(key.to_owned())))
    }
}

/// A JSON body; an empty one counts as `{}`.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        let has_type = parts.headers.contains_key(header::CONTENT_TYPE);
        let fits = media_type(&parts.headers).is_some_and(|name| {
            name == "application/json"
                || (name.starts_with("application/") && name.ends_with("+json"))
        });
        let body = read_body(&parts.headers, body, MAX_JSON_BYTES).await?;
        if body.trim_ascii().is_empty() {
            return parse_json(b"{}");
        }
        if has_type && !fits {
            return Err(ApiProblem::new(
                Kind::UnsupportedMediaType,
                "send JSON as Content-Type: application/json",
            ));
        }
        if !has_type {
            return Err(ApiProblem::new(
                Kind::UnsupportedMediaType,
                "the body has no Content-Type; send JSON as application/json",
            ));
        }
        parse_json(&body)
    }
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<JsonBody<T>, ApiProblem> {
    // A list would be taken as an object's fields in their order, which nobody means.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiProblem::invalid_request(
            "the body must be a JSON object",
        ));
    }
    serde_json::from_slice(body)
        .map(JsonBody)
        .map_err(|error| ApiProblem::invalid_request(format!("the body does not fit: {error}")))
}

/// The bytes of an XML document.
#[derive(Debug)]
pub(super) struct XmlBody(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for XmlBody {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        let body = read_body(&parts.headers, body, MAX_DOCUMENT_BYTES).await?;
        match media_type(&parts.headers).as_deref() {
            Some("application/xml" | "text/xml") => Ok(Self(body)),
            _ => Err(ApiProblem::new(
                Kind::UnsupportedMediaType,
                "send the document as Content-Type: application/xml",
            )),
        }
    }
}

/// The content type without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    )
}

/// Reads a whole body of at most `limit` bytes.
pub(super) async fn read_body(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<Bytes, ApiProblem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0);
    let mut too_large = announced > limit;
    let mut content = BytesMut::with_capacity(if too_large { 0 } else { announced });
    let mut discarded = 0_usize;
    while let Some(data) = next_data(&mut body).await? {
        too_large |= content.len() + data.len() > limit;
        if !too_large {
            content.extend_from_slice(&data);
            continue;
        }
        content.clear();
        discarded += data.len();
        if discarded > DISCARDED_BYTES {
            break;
        }
    }
    if too_large {
        return Err(ApiProblem::new(
            Kind::TooLarge,
            format!("the body has more than {limit} bytes, the limit of this page"),
        ));
    }
    Ok(content.freeze())
}

async fn next_data(body: &mut Body) -> Result<Option<Bytes>, ApiProblem> {
    loop {
        if body.is_end_stream() {
            return Ok(None);
        }
        match tokio::time::timeout(BODY_PATIENCE, body.frame()).await {
            Err(_elapsed) => {
                return Err(ApiProblem::new(
                    Kind::RequestTimeout,
                    "the body stopped coming; send it again",
                ));
            }
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => {
                return Err(ApiProblem::invalid_request(format!(
                    "the body broke off: {error}"
                )));
            }
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
