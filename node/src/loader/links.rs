//! Loads `config/db_links.xml` and `config/file_links.xml`: each link in them is offered by itself, as a document is.
//!
//! A link is offered when what the file says of it differs from what was offered from there last. The first offer only
//! adds. A password that the file does not give stays as it is kept. What was not loaded is kept in mind, for who uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use peerflow_engine::{Answer, Expected, Origin, RefusalKind, RegisterOutcome, Request};
use peerflow_links::{LinkDraft, LinkFile, PlacedLink};
use peerflow_model::{ContentHash, LOCAL, LinkKey, LinkKind, NodeId};
use peerflow_workflow::Diagnostics;
use tokio::task::spawn_blocking;

use super::scan::Stamp;
use crate::links::{LinkBook, UnloadedLinks};
use crate::scheduler::{AskError, SchedulerHandle};
use look::{Content, Look, look};

mod look;

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
            match spawn_blocking(move || look(&file, before)).await {
                Ok(Look::Content(content)) => {
                    self.load(*kind, path, content, known, offered).await;
                }
                Ok(Look::Gone) => {
                    self.book.passed_over().forget(path);
                    *known = Known::default();
                }
                // The node stops.
                Ok(Look::Same) | Err(_) => {}
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
        let mut unloaded = UnloadedLinks {
            kind,
            links: BTreeMap::new(),
            broken: None,
        };
        let placed = |wrong| format!("{shown}:{}", Diagnostics(vec![wrong]));
        match content.bytes {
            Err(problem) => {
                let problem = format!("{shown}: {problem}");
                unloaded.broken = Some(problem.clone());
                problems.push(problem);
            }
            Ok(bytes) => {
                let file = LinkFile::read(kind, &bytes);
                unloaded.broken = file.broken.map(placed);
                let passed_over = file.passed_over.into_iter();
                unloaded.links = passed_over.map(|(name, why)| (name, placed(why))).collect();
                for wrong in file.diagnostics.0 {
                    problems.push(placed(wrong));
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
                        Offered::Refused(reason) => {
                            let at = format!("{shown}:{}:{}", place.line, place.column);
                            problems.push(format!("{at}: {kind} {name} is not loaded: {reason}"));
                            unloaded.links.insert(name, format!("{at}: {reason}"));
                        }
                        Offered::Later => is_done = false,
                    }
                }
            }
        }
        self.book.passed_over().set(path, unloaded);
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
        mut link: LinkDraft,
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
        // What is doubtful about the entry itself was told when it was read.
        link.warnings.clear();
        let sealed = self
            .book
            .sealed(link, former.as_ref(), &[])
            .map_err(|error| Offered::Refused(error.to_string()))?;
        for warning in &sealed.warnings {
            tracing::warn!(path, "{warning}");
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_files_load_cleanly_and_so_do_their_examples() {
        for (kind, root, shipped, links) in [
            (
                LinkKind::Database,
                "db-links",
                include_str!("../../../config/db_links.xml"),
                3,
            ),
            (
                LinkKind::File,
                "file-links",
                include_str!("../../../config/file_links.xml"),
                1,
            ),
        ] {
            let file = LinkFile::read(kind, shipped.as_bytes());
            assert!(file.links.is_empty() && file.diagnostics.0.is_empty());
            let (_, examples) = shipped.split_once("\n\n").unwrap();
            let (examples, _) = examples.split_once("-->").unwrap();
            let examples = format!("<{root}>{examples}</{root}>");
            let mut file = LinkFile::read(kind, examples.as_bytes());
            // What a program reaches is a matter of how it was built.
            let faults = &mut file.diagnostics.0;
            faults.retain(|fault| !fault.message.contains("built without"));
            assert!(file.diagnostics.0.is_empty(), "{}", file.diagnostics);
            assert!(file.links.len() >= links);
        }
    }
}
