//! The two ways a request goes: to peers over HTTP, or straight into a router in this process.

use std::error::Error as StdError;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::ServiceExt;

use super::peer::Peer;

/// Body of an answer, whichever way it came.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How requests reach whoever answers.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Over HTTP, to any of these.
    Http {
        client: legacy::Client<HttpConnector, Full<Bytes>>,
        peers: Vec<Peer>,
    },
    /// A node in this process.
    InProcess(Router),
}

impl Transport {
    /// Over HTTP to `peers`, of which there must be at least one.
    pub(crate) fn http(peers: Vec<Peer>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        Self::Http {
            client: legacy::Client::builder(TokioExecutor::new()).build(connector),
            peers,
        }
    }

    /// How many may be asked.
    pub(crate) fn peers(&self) -> usize {
        match self {
            Self::Http { peers, .. } => peers.len(),
            Self::InProcess(_) => 1,
        }
    }

    /// Who is asked at `index`.
    pub(crate) fn authority(&self, index: usize) -> &str {
        match self {
            Self::Http { peers, .. } => &peers[index].0,
            Self::InProcess(_) => "localhost",
        }
    }

    /// Sends to the peer that `request` names.
    ///
    /// # Errors
    /// Why there is no answer, in words.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<AnswerBody>, String> {
        match self {
            Self::Http { client, .. } => match client.request(request).await {
                Ok(answer) => Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync())),
                Err(error) => Err(innermost(&error)),
            },
            Self::InProcess(router) => {
                let request = request.map(axum::body::Body::new);
                match router.clone().oneshot(request).await {
                    Ok(answer) => Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync())),
                    Err(never) => match never {},
                }
            }
        }
    }
}

/// The cause at the bottom, which names what the system said.
fn innermost(error: &dyn StdError) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
