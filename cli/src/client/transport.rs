//! The two ways a request goes: to peers over HTTP, or straight into a router in this process.

use std::error::Error as StdError;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use rustls::{CertificateError, ClientConfig, Error as TlsError};
use tower::ServiceExt;

use super::connector::PeerConnector;
use super::peer::Peer;
use crate::language::Language;

/// Body of an answer, whichever way it came.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;

/// How requests reach whoever answers.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Over HTTP or HTTPS, to any of these. Reasons why one does not answer are told in `language`.
    Http {
        client: legacy::Client<PeerConnector, Full<Bytes>>,
        peers: Vec<Peer>,
        language: Language,
    },
    /// A node in this process.
    InProcess(Router),
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered {
    /// In words.
    pub(crate) reason: String,
    /// Whether it may have arrived, and been done, all the same: the connection broke after it was made.
    pub(crate) may_have_arrived: bool,
}

impl Transport {
    /// Over HTTP, or HTTPS as `trust` says, to `peers`, of which there must be at least one.
    pub(crate) fn http(peers: Vec<Peer>, trust: Arc<ClientConfig>, language: Language) -> Self {
        Self::Http {
            client: legacy::Client::builder(TokioExecutor::new()).build(PeerConnector::new(trust)),
            peers,
            language,
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
    pub(crate) fn peer(&self, index: usize) -> Peer {
        match self {
            Self::Http { peers, .. } => peers[index].clone(),
            Self::InProcess(_) => Peer {
                https: false,
                authority: "localhost".to_owned(),
            },
        }
    }

    /// Sends to the peer that `request` names.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<AnswerBody>, Unanswered> {
        match self {
            Self::Http {
                client, language, ..
            } => match client.request(request).await {
                Ok(answer) => Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync())),
                Err(error) => Err(Unanswered {
                    may_have_arrived: !error.is_connect(),
                    reason: reason(*language, &error),
                }),
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

/// What to do where TLS is the reason, else the cause at the bottom, which names what the system said.
fn reason(language: Language, error: &(dyn StdError + 'static)) -> String {
    let mut at = error;
    loop {
        if let Some(tls) = at.downcast_ref::<TlsError>() {
            return tls_reason(language, tls);
        }
        // An I/O error names as its source not what it holds, but the source of that.
        let held = at.downcast_ref::<std::io::Error>();
        let held = held.and_then(std::io::Error::get_ref);
        match held
            .map(|held| held as &(dyn StdError + 'static))
            .or_else(|| at.source())
        {
            Some(next) => at = next,
            None => return at.to_string(),
        }
    }
}

fn tls_reason(language: Language, error: &TlsError) -> String {
    match error {
        // What is not TLS at all begins with other bytes.
        TlsError::InvalidMessage(_) => language.peer_speaks_plain_http(),
        TlsError::InvalidCertificate(reason) => match reason {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                language.certificate_of_another_name(error)
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                language.certificate_expired(error)
            }
            _ => language.certificate_not_trusted(error),
        },
        error => error.to_string(),
    }
}
