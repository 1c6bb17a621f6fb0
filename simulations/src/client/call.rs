//! One request through a node's router.

use axum::Router;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use peerflow_model::InstanceId;
use serde_json::Value;
use tower::ServiceExt;

use super::Registration;
use crate::history::{Answer, Wish};

/// What came back.
#[derive(Debug)]
pub(super) enum Reply {
    Answered {
        status: StatusCode,
        body: Value,
    },
    /// The request could not be made or its answer not be read.
    Broken(String),
}

/// Asks a node.
pub(super) async fn call(router: Router, wish: Wish, document: Option<Registration>) -> Reply {
    match exchange(router, &wish, document).await {
        Ok((status, body)) => Reply::Answered { status, body },
        Err(why) => Reply::Broken(why),
    }
}

async fn exchange(
    router: Router,
    wish: &Wish,
    document: Option<Registration>,
) -> Result<(StatusCode, Value), String> {
    let request = request(wish, document).map_err(|error| error.to_string())?;
    let Ok(response) = router.oneshot(request).await;
    let status = response.status();
    let body = response.into_body().collect().await;
    let bytes = body.map_err(|error| error.to_string())?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok((status, body))
}

fn request(wish: &Wish, document: Option<Registration>) -> Result<Request<Body>, http::Error> {
    let json = |path: String| {
        Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1{path}"))
            .header(CONTENT_TYPE, "application/json")
    };
    match wish {
        Wish::Register { workflow } => Request::builder()
            .method(Method::PUT)
            .uri(format!("/api/v1/workflows/{}", encoded(workflow)))
            .header(CONTENT_TYPE, "application/xml")
            .body(Body::from(
                document.map(|document| document.xml).unwrap_or_default(),
            )),
        Wish::Trigger { workflow, key } => {
            let mut request = json(format!("/workflows/{}/trigger", encoded(workflow)));
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            request.body(Body::from("{}"))
        }
        Wish::Kill { instance } => {
            json(format!("/instances/{instance}/kill")).body(Body::from("{}"))
        }
        Wish::Rerun { instance } => {
            json(format!("/instances/{instance}/rerun")).body(Body::from("{}"))
        }
    }
}

/// A name as a segment of a path.
fn encoded(name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

impl Reply {
    /// What a client takes it for: only an answer in the range of 400 says that nothing was done.
    pub(super) fn into_answer(self) -> Answer {
        let (status, body) = match self {
            Self::Answered { status, body } => (status, body),
            Self::Broken(why) => return Answer::Unknown { why },
        };
        if status.is_success() {
            let instance = body["instance"].as_str().map(InstanceId::from);
            return Answer::Acknowledged { instance };
        }
        let why = body["detail"].as_str().unwrap_or("no reason given");
        let why = why.to_owned();
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            Answer::Refused {
                status: status.as_u16(),
                why,
            }
        } else {
            Answer::Unknown {
                why: format!("{}: {why}", status.as_u16()),
            }
        }
    }
}
