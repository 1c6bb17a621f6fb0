//! Requests to a name node, and what its refusals mean.

use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Method, Response, StatusCode, Url};
use serde_json::Value;

use crate::{Error, Trouble, WebHdfsSettings, hadoop, tls};

/// For a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// For one request that carries no file.
const ANSWER: Duration = Duration::from_secs(30);
/// For one piece of a file.
pub(super) const PIECE: Duration = Duration::from_secs(60);
/// How often a request that changes nothing is sent when nobody answers.
const TRIES: u32 = 4;
/// The wait before the second; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// How much of an answer that is no file is read.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// Speaks to one name node, and to the data nodes that it names.
#[derive(Clone, Debug)]
pub(super) struct NameNode {
    http: Client,
    endpoint: Url,
    user: Option<String>,
    /// For people: where the files are.
    pub place: String,
}

impl NameNode {
    pub(super) fn new(settings: &WebHdfsSettings) -> Result<Self, Error> {
        let wrong = |why: String| {
            let message = format!("the WebHDFS link's endpoint `{}` {why}", settings.endpoint);
            Error::new(Trouble::Settings, message)
        };
        let endpoint = Url::parse(&settings.endpoint)
            .map_err(|error| wrong(format!("is no address ({error}); it is `http://host:port`")))?;
        if !matches!(endpoint.scheme(), "http" | "https") || !endpoint.username().is_empty() {
            return Err(wrong("is not of the form `http://host:port`".to_owned()));
        }
        let http = Client::builder()
            .tls_backend_preconfigured(tls::client(settings.ca_file.as_deref())?)
            .connect_timeout(CONNECT)
            .read_timeout(PIECE)
            // Files go to other machines than the question where; that is done by hand.
            .redirect(Policy::none())
            .build()
            .map_err(|error| wrong(format!("cannot be used: {error}")))?;
        Ok(Self {
            http,
            place: format!("WebHDFS at {endpoint}"),
            endpoint,
            user: settings.user.clone(),
        })
    }

    /// Absolute, from where the user begins if it is not.
    pub(super) fn absolute(&self, path: &str) -> Result<String, Error> {
        if path.starts_with('/') {
            return Ok(path.to_owned());
        }
        let user = self.user.as_ref().ok_or_else(|| {
            let message = format!(
                "`{path}` is no absolute path, and the link names no user whose folder it is in"
            );
            Error::new(Trouble::Settings, message)
        })?;
        let below = path.trim_start_matches("./");
        Ok(match below {
            "." => format!("/user/{user}"),
            _ => format!("/user/{user}/{below}"),
        })
    }

    fn url(&self, path: &str, operation: &str, more: &[(&str, &str)]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["webhdfs", "v1"]);
            segments.extend(path.split('/').filter(|part| !part.is_empty()));
        }
        let mut query = url.query_pairs_mut();
        query.append_pair("op", operation);
        query.extend_pairs(more);
        if let Some(user) = &self.user {
            query.append_pair("user.name", user);
        }
        drop(query);
        url
    }

    /// Asks what changes nothing, several times if need be.
    pub(super) async fn ask(
        &self,
        path: &str,
        operation: &str,
        tried: &str,
    ) -> Result<Value, Error> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.tell(Method::GET, path, operation, &[], tried).await {
                Err(error) if error.trouble == Trouble::Unreachable => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                other => return other,
            }
        }
        self.tell(Method::GET, path, operation, &[], tried).await
    }

    /// Sends one request that carries no file.
    pub(super) async fn tell(
        &self,
        method: Method,
        path: &str,
        operation: &str,
        more: &[(&str, &str)],
        tried: &str,
    ) -> Result<Value, Error> {
        let url = self.url(path, operation, more);
        let sent = self.http.request(method, url).timeout(ANSWER).send().await;
        let answer = sent.map_err(|error| self.unreachable(error, tried))?;
        let (status, text) = self.text(answer, tried).await?;
        if !status.is_success() {
            return Err(self.refused(status, &text, tried));
        }
        // Some requests are answered with nothing.
        Ok(serde_json::from_slice(&text).unwrap_or(Value::Null))
    }

    /// Where a file is to be read from or written to.
    pub(super) async fn data_node(
        &self,
        method: Method,
        path: &str,
        operation: &str,
        more: &[(&str, &str)],
        tried: &str,
    ) -> Result<Url, Error> {
        let url = self.url(path, operation, more);
        let sent = self.http.request(method, url).timeout(ANSWER).send().await;
        let answer = sent.map_err(|error| self.unreachable(error, tried))?;
        let target = answer
            .headers()
            .get(LOCATION)
            .and_then(|it| it.to_str().ok());
        if let Some(target) = target.and_then(|it| Url::parse(it).ok()) {
            return Ok(target);
        }
        let (status, text) = self.text(answer, tried).await?;
        Err(self.refused(status, &text, tried))
    }

    /// The request that carries a file to or from a data node.
    pub(super) async fn carry(
        &self,
        method: Method,
        url: Url,
        body: Body,
        tried: &str,
    ) -> Result<Response, Error> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let sent = self.http.request(method, url).body(body).send().await;
        let answer = sent.map_err(|error| {
            let told = self.unreachable(error, tried);
            let message = format!("{} (the data node {host})", told.message);
            Error::new(told.trouble, message)
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, text) = self.text(answer, tried).await?;
        Err(self.refused(status, &text, tried))
    }

    async fn text(
        &self,
        mut answer: Response,
        tried: &str,
    ) -> Result<(StatusCode, Vec<u8>), Error> {
        let (status, mut text) = (answer.status(), Vec::new());
        while let Some(piece) = answer
            .chunk()
            .await
            .map_err(|error| self.unreachable(error, tried))?
        {
            if text.len() + piece.len() > LARGEST_ANSWER {
                let message = format!("cannot {tried} {}: its answer is too long", self.place);
                return Err(Error::new(Trouble::Other, message));
            }
            text.extend_from_slice(&piece);
        }
        Ok((status, text))
    }

    pub(super) fn unreachable(&self, error: reqwest::Error, tried: &str) -> Error {
        // The address is said already, and may hold more than people should see.
        let error = error.without_url();
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            why = format!("{why}: {inner}");
            cause = inner.source();
        }
        Error::new(
            Trouble::Unreachable,
            format!("cannot {tried} {}: {why}", self.place),
        )
    }

    /// What is asked for is answered, but not with what it is.
    pub(super) fn no_answer(&self, tried: &str) -> Error {
        let message = format!(
            "cannot {tried} {}: what answers there is not WebHDFS; its port on a name node is usually 9870, with TLS 9871",
            self.place
        );
        Error::new(Trouble::Settings, message)
    }

    fn refused(&self, status: StatusCode, text: &[u8], tried: &str) -> Error {
        let answer: Value = serde_json::from_slice(text).unwrap_or(Value::Null);
        let said = &answer["RemoteException"];
        let kind = said["exception"].as_str().unwrap_or_default();
        let words = hadoop::first_sentences(said["message"].as_str().unwrap_or_default());
        let meant = hadoop::trouble(kind, words);
        let (trouble, advice) = meant.unwrap_or_else(|| match status.as_u16() {
            401 => (Trouble::AccessDenied, ""),
            403 => (Trouble::Forbidden, ""),
            502..=504 => (Trouble::Unreachable, ""),
            // Of a file that is missing it would say so.
            404 if said.is_null() => (
                Trouble::Settings,
                ", and not as WebHDFS does; its port on a name node is usually 9870, with TLS 9871",
            ),
            404 => (Trouble::NotFound, ""),
            _ => (Trouble::Other, ""),
        });
        let why = match said.is_null() {
            true => format!("it answers {status}{advice}"),
            false => format!("{kind}: {words}{advice}"),
        };
        Error {
            has_advice: !advice.is_empty(),
            ..Error::new(trouble, format!("cannot {tried} {}: {why}", self.place))
        }
    }
}
