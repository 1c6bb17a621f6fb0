//! Asking a peer: over HTTP, or a throw-away node in this process.
//!
//! Peers are tried in order and the first that answers is used. A cluster without a master (503 with `Retry-After`) is
//! waited for. Every write carries an `Idempotency-Key`, so repeating it never does it twice.

mod connector;
mod events;
#[cfg(test)]
mod outages;
mod peer;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod transport;
mod trust;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use peerflow_node::http::types::Problem;
use rand::RngCore;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

pub(crate) use events::EventStream;
pub(crate) use peer::Peer;
pub(crate) use transport::{AnswerBody, Transport, Unanswered};
pub(crate) use trust::{InvalidTrust, trust};

use crate::error::Error;

/// How long the head of an answer is waited for. A scheduler answers or gives up within 15 s.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// The same of a peer beside which others can be asked: it may be stopped, or cut off behind a connection that stands.
const PASSED_OVER_AFTER: Duration = Duration::from_secs(3);
/// What a body of a MiB may take on its way.
const PER_MEBIBYTE: Duration = Duration::from_secs(1);

/// Waits for a master between these, whatever `Retry-After` says.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);
/// Pauses while a peer is waited for.
const PEER_RETRY: Duration = Duration::from_millis(300);

/// Asks peers. Cheap to use again and again: it stays with the peer that answered.
#[derive(Debug)]
pub(crate) struct Client {
    transport: Transport,
    /// How long a master is waited for.
    timeout: Duration,
    token: Option<HeaderValue>,
    /// Index of the peer that answered last.
    preferred: AtomicUsize,
}

/// Something to ask. The path is below `/api/v1` and already encoded.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    content_type: Option<&'static str>,
    body: Bytes,
    /// Of a write: the same for each try.
    key: Option<String>,
}

impl Ask {
    /// Reads.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            content_type: None,
            body: Bytes::new(),
            key: None,
        }
    }

    /// Writes without a body.
    pub(crate) fn write(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            content_type: None,
            body: Bytes::new(),
            key: Some(idempotency_key()),
        }
    }

    /// Reads, with a body: a check.
    pub(crate) fn query_with(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// With a body.
    pub(crate) fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type);
        self.body = body.into();
        self
    }

    /// With a body of JSON.
    pub(crate) fn json(self, body: &impl serde::Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Answer(error.to_string()))?;
        Ok(self.body("application/json", body))
    }

    /// How long the head of an answer is waited for where so many `others` can be asked afterwards.
    fn patience(&self, others: usize) -> Duration {
        let least = if others == 0 {
            ANSWER_PATIENCE
        } else {
            PASSED_OVER_AFTER
        };
        let mebibytes = u32::try_from(self.body.len() >> 20).unwrap_or(u32::MAX);
        least.saturating_add(PER_MEBIBYTE.saturating_mul(mebibytes))
    }

    fn request(
        &self,
        peer: &Peer,
        token: Option<&HeaderValue>,
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(format!("{}/api/v1{}", peer.url(), self.path))
            .header(http::header::HOST, &peer.authority);
        if let Some(content_type) = self.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token);
        }
        request.body(Full::new(self.body.clone()))
    }
}

/// 128 random bits in hexadecimal.
fn idempotency_key() -> String {
    let mut random = StdRng::from_os_rng();
    format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
}

/// What one round over all peers came to.
enum Round {
    Answered(Response<AnswerBody>),
    /// Someone answered that there is no master; ask again after this.
    NoMaster {
        retry_after: Duration,
        detail: String,
    },
    Unreachable {
        reasons: Vec<String>,
        /// Whether somebody may have got it all the same.
        may_have_arrived: bool,
    },
}

impl Client {
    /// Asks through `transport`; a master is waited for up to `timeout`.
    pub(crate) fn new(transport: Transport, timeout: Duration, token: Option<HeaderValue>) -> Self {
        Self {
            transport,
            timeout,
            token,
            preferred: AtomicUsize::new(0),
        }
    }

    /// Asks, and takes the answer as JSON.
    pub(crate) async fn value(&self, ask: &Ask) -> Result<Value, Error> {
        let body = self.bytes(ask).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|error| Error::Answer(error.to_string()))
    }

    /// Asks, and takes the answer as text.
    pub(crate) async fn text(&self, ask: &Ask) -> Result<String, Error> {
        let body = self.bytes(ask).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Asks for server-sent events.
    pub(crate) async fn events(&self, ask: &Ask) -> Result<EventStream, Error> {
        Ok(EventStream::new(self.send(ask).await?.into_body()))
    }

    async fn bytes(&self, ask: &Ask) -> Result<Bytes, Error> {
        let begun = Instant::now();
        loop {
            let answer = self.send(ask).await?;
            let error = match answer.into_body().collect().await {
                Ok(body) => return Ok(body.to_bytes()),
                Err(error) => error,
            };
            // Of a write the answer is kept under its key: asking again gives it without doing anything twice.
            if ask.key.is_none() || begun.elapsed() >= self.timeout {
                return Err(Error::Cut(error.to_string()));
            }
            tokio::time::sleep(PEER_RETRY).await;
        }
    }

    /// Asks until somebody says yes or no. Who is there but cannot decide is waited for; so is, after a write that may
    /// have arrived, whoever can tell what became of it.
    async fn send(&self, ask: &Ask) -> Result<Response<AnswerBody>, Error> {
        let begun = Instant::now();
        let mut reached = false;
        let mut sent = false;
        loop {
            let left = |timeout: Duration| timeout.saturating_sub(begun.elapsed());
            match self.round(ask).await? {
                Round::Answered(answer) => return Ok(answer),
                Round::Unreachable {
                    reasons,
                    may_have_arrived,
                } => {
                    sent |= may_have_arrived && ask.key.is_some();
                    let left = left(self.timeout);
                    if left.is_zero() && sent {
                        let waited = self.timeout;
                        return Err(Error::Unknown { waited, reasons });
                    }
                    if left.is_zero() || !(sent || reached) {
                        return Err(Error::NoPeer { reasons });
                    }
                    tokio::time::sleep(PEER_RETRY.min(left)).await;
                }
                Round::NoMaster {
                    retry_after,
                    detail,
                } => {
                    reached = true;
                    let left = left(self.timeout);
                    if left.is_zero() {
                        return Err(Error::NoMaster {
                            waited: self.timeout,
                            detail,
                        });
                    }
                    tokio::time::sleep(retry_after.min(left)).await;
                }
            }
        }
    }

    /// Asks each peer once, beginning with the one that answered last.
    async fn round(&self, ask: &Ask) -> Result<Round, Error> {
        let count = self.transport.peers();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut reasons = Vec::new();
        let mut no_master = None;
        let mut may_have_arrived = false;
        for (others, at) in (0..count).map(|offset| (count - offset - 1, (first + offset) % count))
        {
            let patience = ask.patience(others);
            let peer = self.transport.peer(at);
            let request = ask
                .request(&peer, self.token.as_ref())
                .map_err(|error| Error::Usage(error.to_string()))?;
            let answer = match tokio::time::timeout(patience, self.transport.send(request)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(Unanswered {
                    reason,
                    may_have_arrived: may,
                })) => {
                    may_have_arrived |= may;
                    reasons.push(format!("{}: {reason}", peer.url()));
                    continue;
                }
                Err(_elapsed) => {
                    may_have_arrived = true;
                    let patience = patience.as_secs();
                    reasons.push(format!("{}: no answer within {patience} s", peer.url()));
                    continue;
                }
            };
            self.preferred.store(at, Ordering::Relaxed);
            match retry_after(&answer) {
                Some(after) => no_master = Some((after, problem(answer).await)),
                None if answer.status().is_success() => return Ok(Round::Answered(answer)),
                None => return Err(Error::Refused(Box::new(problem(answer).await))),
            }
        }
        Ok(match no_master {
            Some((retry_after, problem)) => Round::NoMaster {
                retry_after,
                detail: problem_text(&problem).to_owned(),
            },
            None => Round::Unreachable {
                reasons,
                may_have_arrived,
            },
        })
    }
}

/// How long to wait, when the answer says that nobody can decide now.
fn retry_after(answer: &Response<AnswerBody>) -> Option<Duration> {
    if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    let seconds: f64 = answer
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_RETRY);
    Some(wait.clamp(SHORTEST_RETRY, LONGEST_RETRY))
}

/// Reads the problem that an answer holds; one that is no problem document becomes one.
async fn problem(answer: Response<AnswerBody>) -> Problem {
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    serde_json::from_slice(&body).unwrap_or_else(|_no_problem_document| Problem {
        kind: "about:blank".to_owned(),
        title: status.to_string(),
        status: status.as_u16(),
        detail: String::from_utf8_lossy(&body)
            .trim()
            .chars()
            .take(500)
            .collect(),
        errors: Vec::new(),
        warnings: Vec::new(),
        missing: Vec::new(),
    })
}

/// What a problem says, in one line.
pub(crate) fn problem_text(problem: &Problem) -> &str {
    if problem.detail.is_empty() {
        &problem.title
    } else {
        &problem.detail
    }
}

/// Takes a part of an answer as a type of the API.
pub(crate) fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(value).map_err(|error| Error::Answer(error.to_string()))
}

/// One segment of a path, percent-encoded.
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // A dot too: `..` as a segment would be resolved away.
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A query string of those pairs that have a value; begins with `?` unless it is empty.
pub(crate) fn query(pairs: &[(&str, Option<String>)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            out.push(if out.is_empty() { '?' } else { '&' });
            out.push_str(name);
            out.push('=');
            out.push_str(&segment(value));
        }
    }
    out
}
