//! Files in buckets of servers that speak S3.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use opendal::layers::{RetryLayer, TimeoutLayer};
use opendal::services::S3 as Service;
use opendal::{ErrorKind, FuturesBytesStream, HttpTransporter, Operator, Writer};
use opendal_http_transport_reqwest::ReqwestTransport;

use crate::{Entry, Error, FileSystem, ReadFile, S3Settings, Trouble, WriteFile, tls};

/// For a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// For one request that carries no file.
const ANSWER: Duration = Duration::from_secs(30);
/// For one piece of a file.
const PIECE: Duration = Duration::from_secs(60);
/// How often a request that failed in passing is repeated.
const TRIES: usize = 4;
/// The wait before the first time; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The size of a part; a file has at most 10,000 of them, so 160 GB.
const PART_BYTES: usize = 16 * 1024 * 1024;
/// How many parts are under way.
const PARTS: usize = 2;
/// The most files that are looked at below one directory.
const MOST_FILES: usize = 1_000_000;
/// What other makers' servers accept.
const USUAL_REGION: &str = "us-east-1";

/// One bucket. There are no directories: what looks like one is the beginning of names, and one that nobody uses is empty.
///
/// A file is there at once when its last part is told to the server. Parts of one that was dropped, or whose writer was
/// killed, are no file and nobody sees them, but they cost until the bucket's own rule for incomplete uploads removes them.
#[derive(Clone, Debug)]
pub struct S3 {
    operator: Operator,
    /// For people: where the files are.
    place: String,
}

impl S3 {
    /// Connects at the first use.
    ///
    /// # Errors
    /// When a setting is missing, or makes no sense.
    pub fn new(settings: &S3Settings) -> Result<Self, Error> {
        let wrong = |why: &str| Err(Error::new(Trouble::Settings, format!("the S3 link {why}")));
        if settings.bucket.is_empty() {
            return wrong("has no bucket");
        }
        if settings.access_key_id.is_empty() || settings.secret_access_key.reveal().is_empty() {
            return wrong("has no access key, or no secret to it");
        }
        let mut service = Service::default()
            .bucket(&settings.bucket)
            .region(settings.region.as_deref().unwrap_or(USUAL_REGION))
            .access_key_id(&settings.access_key_id)
            .secret_access_key(settings.secret_access_key.reveal())
            // Only what the link says counts, not what else lies around on this machine.
            .disable_config_load()
            .disable_ec2_metadata();
        let mut place = format!("the bucket {}", settings.bucket);
        if let Some(endpoint) = &settings.endpoint {
            if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
                return wrong("has an endpoint without `http://` or `https://`");
            }
            service = service.endpoint(endpoint);
            place = format!("{place} at {endpoint}");
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client(settings.ca_file.as_deref())?)
            .connect_timeout(CONNECT)
            .build();
        let client = client.map_err(|error| {
            Error::new(
                Trouble::Other,
                format!("no HTTP client can be made: {error}"),
            )
        })?;
        let operator = Operator::new(service).map_err(|error| said(&error, &place, "use"))?;
        let transport = HttpTransporter::new(ReqwestTransport::new(client));
        let context = operator.context().with_http_transport(transport);
        let operator = operator
            .with_context(context)
            .layer(
                TimeoutLayer::new()
                    .with_timeout(ANSWER)
                    .with_io_timeout(PIECE),
            )
            .layer(
                RetryLayer::new()
                    .with_max_times(TRIES)
                    .with_min_delay(FIRST_WAIT)
                    .with_jitter(),
            );
        Ok(Self { operator, place })
    }

    fn failed(&self, error: &opendal::Error, tried: &str) -> Error {
        said(error, &self.place, tried)
    }
}

#[async_trait]
impl FileSystem for S3 {
    async fn list(&self, directory: &str) -> Result<Vec<Entry>, Error> {
        let tried = format!("list {directory} in");
        let failed = |error| self.failed(&error, &tried);
        let prefix = match directory.trim_matches('/') {
            "" | "." => "/".to_owned(),
            path => format!("{path}/"),
        };
        let lister = self.operator.lister(&prefix).await.map_err(failed)?;
        let found: Vec<_> = lister
            .take(MOST_FILES)
            .try_collect()
            .await
            .map_err(failed)?;
        if found.len() == MOST_FILES {
            let message = format!(
                "cannot {tried} {}: more than {MOST_FILES} files",
                self.place
            );
            return Err(Error::new(Trouble::Other, message));
        }
        let files = found.iter().filter(|entry| entry.metadata().is_file());
        let mut entries: Vec<Entry> = files
            .map(|entry| Entry {
                name: entry.name().to_owned(),
                size: entry.metadata().content_length(),
            })
            .collect();
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    async fn entry(&self, path: &str) -> Result<Option<Entry>, Error> {
        match self.operator.stat(path).await {
            Ok(facts) if facts.is_file() => Ok(Some(Entry {
                name: path.rsplit('/').next().unwrap_or(path).to_owned(),
                size: facts.content_length(),
            })),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error, &format!("look at {path} in"))),
        }
    }

    async fn read(&self, path: &str) -> Result<Box<dyn ReadFile>, Error> {
        let tried = format!("read the file {path} in");
        let failed = |error| self.failed(&error, &tried);
        // Asks now whether there is one: a stream would only tell at its first piece.
        let facts = self.operator.stat(path).await.map_err(failed)?;
        let mut reader = self.operator.reader_with(path);
        if let Some(tag) = facts.etag() {
            // A connection that breaks off must not go on in a file that was replaced meanwhile.
            reader = reader.if_match(tag);
        }
        let reader = reader.await.map_err(failed)?;
        let stream = reader.into_bytes_stream(..).await.map_err(failed)?;
        Ok(Box::new(S3Read {
            place: self.place.clone(),
            tried,
            stream: Some(stream),
            broken: None,
        }))
    }

    async fn replace(&self, path: &str) -> Result<Box<dyn WriteFile>, Error> {
        let tried = format!("write the file {path} in");
        let begun = self
            .operator
            .writer_with(path)
            .chunk(PART_BYTES)
            .concurrent(PARTS);
        let writer = begun.await.map_err(|error| self.failed(&error, &tried))?;
        Ok(Box::new(S3Write {
            place: self.place.clone(),
            tried,
            writer,
            broken: None,
        }))
    }

    async fn remove(&self, path: &str) -> Result<(), Error> {
        let removed = self.operator.delete(path).await;
        removed.map_err(|error| self.failed(&error, &format!("remove {path} in")))
    }
}

/// A file that is being read.
struct S3Read {
    place: String,
    tried: String,
    /// Nothing at the end.
    stream: Option<FuturesBytesStream>,
    broken: Option<Error>,
}

impl fmt::Debug for S3Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Read")
            .field("tried", &self.tried)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ReadFile for S3Read {
    async fn next(&mut self) -> Result<Bytes, Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        while let Some(stream) = &mut self.stream {
            match stream.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => return Ok(piece),
                None => self.stream = None,
                Some(Err(error)) => {
                    let why = error.to_string();
                    let message =
                        format!("cannot {} {}: it broke off: {why}", self.tried, self.place);
                    let broken = Error::new(Trouble::Unreachable, message);
                    self.broken = Some(broken.clone());
                    return Err(broken);
                }
            }
        }
        Ok(Bytes::new())
    }
}

/// A file that is being written.
struct S3Write {
    place: String,
    tried: String,
    writer: Writer,
    broken: Option<Error>,
}

impl fmt::Debug for S3Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Write")
            .field("tried", &self.tried)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl WriteFile for S3Write {
    async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let written = self.writer.write(piece).await;
        written.map_err(|error| {
            let broken = said(&error, &self.place, &self.tried);
            self.broken = Some(broken.clone());
            broken
        })
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Error> {
        let closed = match self.broken.take() {
            Some(broken) => Err(broken),
            None => self
                .writer
                .close()
                .await
                .map(drop)
                .map_err(|error| said(&error, &self.place, &self.tried)),
        };
        if closed.is_err() {
            // The first trouble is what counts.
            drop(self.writer.abort().await);
        }
        closed
    }

    async fn discard(mut self: Box<Self>) -> Result<(), Error> {
        let aborted = self.writer.abort().await;
        aborted.map_err(|error| {
            said(
                &error,
                &self.place,
                &format!("take back what was to {}", self.tried),
            )
        })
    }
}

/// What the server's refusal means, with what was tried.
fn said(error: &opendal::Error, place: &str, tried: &str) -> Error {
    let words = error.message();
    let trouble = match error.kind() {
        ErrorKind::NotFound => Trouble::NotFound,
        ErrorKind::PermissionDenied => {
            let login = ["InvalidAccessKeyId", "SignatureDoesNotMatch"];
            match login.iter().any(|code| words.contains(code)) {
                true => Trouble::AccessDenied,
                false => Trouble::Forbidden,
            }
        }
        ErrorKind::ConfigInvalid => Trouble::Settings,
        ErrorKind::Unsupported => Trouble::Unsupported,
        _ if error.is_temporary() || error.is_persistent() => Trouble::Unreachable,
        _ => Trouble::Other,
    };
    // The words of a failed request stand in what caused it; the request itself, with its signature, is not shown.
    let mut why = words.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !why.contains(&text) {
            why = format!("{why}: {text}");
        }
        cause = inner.source();
    }
    Error::new(trouble, format!("cannot {tried} {place}: {why}"))
}
