//! Loads `config/db_links.xml` and `config/file_links.xml`: each link in them is offered by itself, as a document is.
//!
//! A link is offered when what the file says of it differs from what was offered from there last. The first offer only
//! adds. A password that the file does not give stays as it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use peerflow_engine::{Answer, Expected, Origin, RefusalKind, RegisterOutcome, Request};
use peerflow_links::{LinkDraft, LinkFile, PlacedLink};
use peerflow_model::{ContentHash, LOCAL, LinkKey, LinkKind, NodeId};
use peerflow_workflow::Diagnostics;
use tokio::task::spawn_blocking;

use super::scan::Stamp;
use crate::links::LinkBook;
use crate::scheduler::{AskError, SchedulerHandle};

/// Bytes that a file of links may have.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Loads files of links.
#[derive(Debug)]
pub(crate) struct LinkLoader {
    pub(crate) files: Vec<(LinkKind, PathBuf)>,
    pub(crate) node: NodeId,
    pub(crate) book: LinkBook,
    pub(crate) scheduler: SchedulerHandle,
}

/// What is known of the files, from scan to scan.
#[derive(Debug, Default)]
pub(super) struct LinkMemory {
    files: BTreeMap<PathBuf, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// `None`: something of it is still to be offered.
    stamp: Option<Stamp>,
    /// What was told of it and still holds.
    told: BTreeSet<String>,
}

/// What was read.
struct Content {
    stamp: Stamp,
    /// Others than its owner may read it.
    is_open: bool,
    bytes: Result<Vec<u8>, String>,
}

/// What became of an offer.
enum Offered {
    Done,
    /// For this reason; nothing of it is secret.
    Refused(String),
    /// Another try may fare better.
    Later,
}

impl LinkLoader {
    /// Looks at all files; `offered` is what this node offered before, by path.
    pub(super) async fn scan(
        &self,
        memory: &mut LinkMemory,
        offered: &mut BTreeMap<String, ContentHash>,
    ) {
        for (kind, path) in &self.files {
            let known = memory.files.entry(path.clone()).or_default();
            let (file, before) = (path.clone(), known.stamp);
            match spawn_blocking(move || read(&file, before)).await {
                Ok(Some(content)) => self.load(*kind, path, content, known, offered).await,
                // Unchanged, or the node stops.
                Ok(None) | Err(_) => {}
            }
        }
    }

    async fn load(
        &self,
        kind: LinkKind,
        path: &Path,
        content: Content,
        known: &mut Known,
        offered: &mut BTreeMap<String, ContentHash>,
    ) {
        let shown = path.display();
        let mut problems = Vec::new();
        let mut is_done = true;
        match content.bytes {
            Err(problem) => problems.push(format!("{shown}: {problem}")),
            Ok(bytes) => {
                let file = LinkFile::read(kind, &bytes);
                for wrong in file.diagnostics.0 {
                    problems.push(format!("{shown}:{}", Diagnostics(vec![wrong])));
                }
                let has_secrets = file.links.iter().any(|link| !link.link.secrets.is_empty());
                if has_secrets && content.is_open {
                    problems.push(format!(
                        "{shown} holds passwords and others may read it; make it your own with `chmod 600 {shown}`"
                    ));
                }
                for PlacedLink { link, place } in file.links {
                    let name = link.name.clone();
                    match self.offer(path, link, offered).await {
                        Offered::Done => {}
                        Offered::Refused(reason) => problems.push(format!(
                            "{shown}:{}:{}: {kind} {name} is not loaded: {reason}",
                            place.line, place.column
                        )),
                        Offered::Later => is_done = false,
                    }
                }
            }
        }
        let problems: BTreeSet<String> = problems.into_iter().collect();
        for problem in problems.difference(&known.told) {
            tracing::warn!("{problem}");
        }
        known.told = problems;
        known.stamp = is_done.then_some(content.stamp);
    }

    async fn offer(
        &self,
        file: &Path,
        link: LinkDraft,
        offered: &mut BTreeMap<String, ContentHash>,
    ) -> Offered {
        if link.kind == LinkKind::File && link.name == LOCAL && link.settings.system == "LOCAL" {
            // Older files list what always exists.
            return Offered::Done;
        }
        let hash = self.book.fingerprint(&content(&link));
        let path = format!("{}#{}", file.display(), link.name);
        let last = offered.get(&path).copied();
        if last == Some(hash) {
            return Offered::Done;
        }
        let request = match self.request(link, &path, last.is_none(), hash).await {
            Ok(request) => request,
            Err(offered) => return offered,
        };
        match self.scheduler.ask(request, None).await {
            Ok(answer) => {
                offered.insert(path.clone(), hash);
                tell(&path, answer);
                Offered::Done
            }
            Err(AskError::Refused(refusal)) if refusal.kind == RefusalKind::Conflict => {
                Offered::Later
            }
            Err(AskError::Refused(refusal)) => Offered::Refused(refusal.message),
            Err(AskError::Unavailable { .. } | AskError::Busy | AskError::KeyReused) => {
                Offered::Later
            }
        }
    }

    async fn request(
        &self,
        link: LinkDraft,
        path: &str,
        first: bool,
        sent: ContentHash,
    ) -> Result<Request, Offered> {
        let key = LinkKey {
            kind: link.kind,
            name: link.name.clone(),
        };
        let former = self.book.record(&key).await.map_err(|error| {
            tracing::warn!(%error, path, "cannot see which links there are yet");
            Offered::Later
        })?;
        let sealed = self
            .book
            .sealed(link, former.as_ref(), &[])
            .map_err(|error| Offered::Refused(error.to_string()))?;
        Ok(Request::PutLink {
            link: Box::new(sealed.record),
            origin: Origin::Loader {
                node: self.node.as_str().to_owned(),
                path: path.to_owned(),
                first,
            },
            expected: Expected::just(former.map(|record| record.hash())),
            sent,
        })
    }
}

/// All that a file says of a link, to be told from what it said before.
fn content(link: &LinkDraft) -> Vec<u8> {
    let secrets: BTreeMap<&str, Option<&str>> = link
        .secrets
        .names()
        .map(|name| (name, link.secrets.reveal(name)))
        .collect();
    // Texts and numbers always have a JSON.
    serde_json::to_vec(&(link.kind, &link.name, &link.settings, secrets)).unwrap_or_default()
}

fn tell(path: &str, answer: Answer) {
    let Answer::Registered { name, outcome, .. } = answer else {
        return;
    };
    match outcome {
        RegisterOutcome::Added => tracing::info!(path, name, "link added"),
        RegisterOutcome::Updated => tracing::info!(path, name, "link changed"),
        RegisterOutcome::Unchanged => tracing::debug!(path, name, "link is there already"),
        RegisterOutcome::Kept => tracing::warn!(
            path,
            name,
            "a link differs from the one that is kept, which stays: a node's first offer only adds; change the file, or use `peerflow link update`"
        ),
    }
}

/// The file, unless it is as `before`. One that is not there says nothing.
fn read(path: &Path, before: Option<Stamp>) -> Option<Content> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => return Some(unreadable(&error)),
    };
    let metadata = match file.metadata() {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => {
            let error = std::io::Error::other("it is no file");
            return Some(unreadable(&error));
        }
        Err(error) => return Some(unreadable(&error)),
    };
    let stamp = Stamp::of(&metadata);
    if before == Some(stamp) {
        return None;
    }
    let mut bytes = Vec::new();
    // One byte more than a file of links may have shows that it is too long.
    let read = file.by_ref().take(LARGEST + 1).read_to_end(&mut bytes);
    Some(Content {
        stamp,
        is_open: metadata.permissions().mode() & 0o044 != 0,
        bytes: read
            .map(|_length| bytes)
            .map_err(|error| format!("it cannot be read: {error}")),
    })
}

fn unreadable(error: &std::io::Error) -> Content {
    Content {
        stamp: Stamp::absent(),
        is_open: false,
        bytes: Err(format!("it cannot be read: {error}")),
    }
}
