//! The loader of `xmlconfig/` and of the files of links: finds new and changed documents and offers them to the master.
//!
//! A file is offered when its content, or that of a file attached to it, differs from what was offered from that path
//! last. A bad file is reported once and never stops the rest. A file that disappears changes nothing.

mod document;
mod links;
mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use peerflow_engine::{Answer, Expected, Origin, Refusal, RefusalKind, RegisterOutcome, Request};
use peerflow_model::{ContentHash, FileRecord, NodeId, WorkflowRecord};
use peerflow_store::Store;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use self::document::{Attachment, Prepared, prepare};
pub(crate) use self::links::LinkLoader;
use self::links::LinkMemory;
use self::scan::{Found, Stamp, scan};
use crate::metrics::Metrics;
use crate::scheduler::{AskError, SchedulerHandle};

/// Documents offered at the same time: enough to share commits, few enough to leave room for people.
const AT_ONCE: usize = 32;

/// Loads links, then documents from a folder. Owned and run by the node.
#[derive(Debug)]
pub(crate) struct Loader {
    /// Absent: no documents are loaded.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) links: LinkLoader,
    /// Cancelled once all was looked at for the first time.
    pub(crate) loaded: CancellationToken,
    pub(crate) interval: Duration,
    pub(crate) node: NodeId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) scheduler: SchedulerHandle,
    pub(crate) metrics: Metrics,
}

/// What is known of the files, from scan to scan.
#[derive(Debug, Default)]
struct Memory {
    /// What the store says was offered from each path; `None` before it was read.
    offered: Option<BTreeMap<String, ContentHash>>,
    files: BTreeMap<String, Known>,
    /// What could not be read at the last scan.
    unreadable: BTreeSet<String>,
    links: LinkMemory,
}

/// What is known of one file.
#[derive(Clone, Debug)]
struct Known {
    stamp: Stamp,
    attachments: Vec<Attachment>,
    /// Why it is not loaded.
    problem: Option<String>,
}

/// One changed document, ready to be offered.
#[derive(Debug)]
struct Candidate {
    path: String,
    found: Found,
    prepared: Prepared,
}

/// What became of an offer.
enum Offered {
    Done(Known, Option<Box<Noted>>),
    /// Nobody schedules now: the next scan offers it again.
    Later,
}

/// What became of a document that the scheduler was asked to register.
enum Put {
    Registered {
        /// There are notes to be told once the scan is over.
        has_notes: bool,
    },
    /// For this reason.
    Refused(String),
    /// Another try may fare better.
    Later,
}

/// An offer that the scheduler had notes on.
struct Noted {
    path: PathBuf,
    request: Request,
}

impl Loader {
    /// Scans at once and then every interval, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut memory = Memory::default();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.scan(&mut memory) => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.pause() => {}
            }
        }
    }

    /// Until the next scan; shorter while the node is only just becoming master.
    async fn pause(&self) {
        let mut state = self.scheduler.watch();
        let in_trouble = state.borrow().trouble.is_some();
        let sleep = tokio::time::sleep(self.interval);
        if in_trouble {
            let well = state.wait_for(|state| state.trouble.is_none());
            // Either may come first; both lead to a scan.
            drop(futures::future::select(std::pin::pin!(well), std::pin::pin!(sleep)).await);
        } else {
            sleep.await;
        }
    }

    async fn scan(&self, memory: &mut Memory) {
        if self.scheduler.state().trouble.is_some() {
            return;
        }
        if memory.offered.is_none() {
            match self.store.offers(self.node.as_str()).await {
                Ok(offers) => memory.offered = Some(offers.into_iter().collect()),
                Err(error) => return tracing::warn!(%error, "cannot load workflows yet"),
            }
        }
        // Before the documents that name them.
        let offered = memory.offered.get_or_insert_default();
        self.links.scan(&mut memory.links, offered).await;
        if let Some(folder) = self.folder.clone() {
            self.scan_documents(folder, memory).await;
        }
        self.loaded.cancel();
    }

    async fn scan_documents(&self, folder: PathBuf, memory: &mut Memory) {
        let root = folder.clone();
        let Ok(listing) = spawn_blocking(move || scan(&folder)).await else {
            return;
        };
        let unreadable: BTreeSet<String> = listing.problems.into_iter().collect();
        for problem in unreadable.difference(&memory.unreadable) {
            tracing::error!("{problem}");
        }
        memory.unreadable = unreadable;
        memory
            .files
            .retain(|path, _| listing.files.contains_key(path));
        let changed = changed(listing.files.clone(), memory.files.clone()).await;
        let noted = self.offer_all(&root, changed, memory).await;
        self.tell_notes(noted).await;
        let bad = memory
            .files
            .values()
            .filter(|known| known.problem.is_some())
            .count();
        self.metrics.loader(listing.files.len(), bad);
    }

    /// Offers all, and gives those that the scheduler had notes on.
    async fn offer_all(
        &self,
        root: &Path,
        changed: Vec<(String, Found)>,
        memory: &mut Memory,
    ) -> Vec<Noted> {
        let mut noted = Vec::new();
        for part in changed.chunks(AT_ONCE) {
            let (part, folder) = (part.to_vec(), root.to_owned());
            let prepare_part = move || {
                part.into_iter()
                    .map(|(path, found)| Candidate {
                        prepared: prepare(&found.path, &folder),
                        path,
                        found,
                    })
                    .collect::<Vec<_>>()
            };
            let Ok(candidates) = spawn_blocking(prepare_part).await else {
                return noted;
            };
            let offered = memory.offered.get_or_insert_default();
            let offers: Vec<BoxFuture<'_, Offered>> = candidates
                .iter()
                .map(|candidate| {
                    self.offer(candidate, offered.get(&candidate.path).copied())
                        .boxed()
                })
                .collect();
            let results = join_all(offers).await;
            for (candidate, result) in candidates.into_iter().zip(results) {
                match result {
                    Offered::Done(known, note) => {
                        noted.extend(note.map(|note| *note));
                        if let (None, Prepared::Good { hash, .. }) =
                            (&known.problem, &candidate.prepared)
                        {
                            offered.insert(candidate.path.clone(), *hash);
                        }
                        let before = memory
                            .files
                            .get(&candidate.path)
                            .and_then(|known| known.problem.as_ref());
                        if let Some(problem) = known
                            .problem
                            .as_ref()
                            .filter(|problem| Some(*problem) != before)
                        {
                            tracing::error!(
                                "{} is not loaded: {problem}",
                                candidate.found.path.display()
                            );
                        }
                        memory.files.insert(candidate.path, known);
                    }
                    Offered::Later => {
                        memory.files.remove(&candidate.path);
                    }
                }
            }
        }
        noted
    }

    /// Asks again for the notes on what was offered: a document may lack another that the same scan brought later.
    async fn tell_notes(&self, noted: Vec<Noted>) {
        for Noted { path, request } in noted {
            // What cannot be asked now is told when the file changes, or by `workflow check`.
            if let Ok(Answer::Registered { name, notes, .. }) =
                self.scheduler.ask(request, None).await
            {
                for note in notes {
                    tracing::warn!(path = %path.display(), name, "{note}");
                }
            }
        }
    }

    async fn offer(&self, candidate: &Candidate, offered: Option<ContentHash>) -> Offered {
        let known = |attachments: &[Attachment], problem| Known {
            stamp: candidate.found.stamp,
            attachments: attachments.to_vec(),
            problem,
        };
        let done = |known| Offered::Done(known, None);
        let shown = candidate.found.path.display();
        let (name, xml, hash, attachments) = match &candidate.prepared {
            Prepared::Good {
                name,
                xml,
                hash,
                attachments,
            } => (name, xml, *hash, attachments),
            Prepared::Bad(problem) => return done(known(&[], Some(problem.clone()))),
        };
        let files = match self.snapshot(attachments, &candidate.path).await {
            Ok(files) => files,
            Err(error) => {
                tracing::warn!(%error, path = %shown, "cannot store the files attached to a workflow yet");
                return Offered::Later;
            }
        };
        if offered == Some(hash) && (name.is_none() || files.is_empty()) {
            return done(known(attachments, None));
        }
        let expected = match name {
            Some(name) if offered.is_some() => match self.store.workflow(name).await {
                Ok(record) if offered == Some(hash) && has_files(record.as_ref(), &files) => {
                    return done(known(attachments, None));
                }
                Ok(record) => Expected::just(record.map(|record| record.hash)),
                Err(error) => {
                    tracing::warn!(%error, path = %shown, "cannot see what is registered yet");
                    return Offered::Later;
                }
            },
            // A first offer replaces nothing, and a coordinator has nothing that others could add to.
            _ => Expected::Anything,
        };
        let request = Request::PutDocument {
            xml: Arc::clone(xml),
            files,
            origin: Origin::Loader {
                node: self.node.as_str().to_owned(),
                path: candidate.path.clone(),
                first: offered.is_none(),
            },
            expected,
            sent: None,
        };
        let path = &candidate.found.path;
        match self.put(path, &request).await {
            Put::Registered { has_notes } => {
                let path = path.clone();
                let note = has_notes.then(|| Box::new(Noted { path, request }));
                Offered::Done(known(attachments, None), note)
            }
            Put::Refused(reason) => done(known(attachments, Some(reason))),
            Put::Later => Offered::Later,
        }
    }

    /// Has a document registered.
    async fn put(&self, path: &Path, request: &Request) -> Put {
        match self.scheduler.ask(request.clone(), None).await {
            Ok(answer) => Put::Registered {
                has_notes: log_answer(path, answer),
            },
            Err(AskError::Refused(Refusal { kind, message })) => match kind {
                RefusalKind::InvalidDocument(diagnostics) => Put::Refused(diagnostics.to_string()),
                // Somebody else registered it in between: the next scan looks at what is there then.
                RefusalKind::Conflict => Put::Later,
                _ => Put::Refused(message),
            },
            Err(AskError::Unavailable { .. } | AskError::Busy | AskError::KeyReused) => Put::Later,
        }
    }

    /// Puts attached files into the store.
    async fn snapshot(
        &self,
        attachments: &[Attachment],
        path: &str,
    ) -> Result<Vec<FileRecord>, peerflow_store::Error> {
        let mut records = Vec::new();
        for attachment in attachments {
            let Some(record) = &attachment.record else {
                continue;
            };
            if !self.store.has_file(record.hash).await? {
                let Some(content) = attachment.content().await else {
                    tracing::warn!(
                        path,
                        file = record.path,
                        "an attached file changed while it was read; it is tried again"
                    );
                    continue;
                };
                self.store.put_file(record.hash, &content).await?;
            }
            records.push(record.clone());
        }
        Ok(records)
    }
}

/// Whether the registered workflow has just these files. What a person deleted an unchanged file does not bring back.
fn has_files(registered: Option<&WorkflowRecord>, files: &[FileRecord]) -> bool {
    registered.is_none_or(|record| record.files == files)
}

/// Files that differ from what is known, by size, time, or those of their attachments.
async fn changed(
    files: BTreeMap<String, Found>,
    known: BTreeMap<String, Known>,
) -> Vec<(String, Found)> {
    let differs = move |(path, found): &(String, Found)| match known.get(path) {
        None => true,
        Some(known) => {
            known.stamp != found.stamp || known.attachments.iter().any(Attachment::has_changed)
        }
    };
    spawn_blocking(move || files.into_iter().filter(differs).collect())
        .await
        .unwrap_or_default()
}

/// Tells what registering did; gives whether there are notes to be told once the scan is over.
fn log_answer(path: &Path, answer: Answer) -> bool {
    let Answer::Registered {
        name,
        outcome,
        warnings,
        notes,
        ..
    } = answer
    else {
        return false;
    };
    let path = path.display();
    match outcome {
        RegisterOutcome::Added => tracing::info!(%path, name, "registered"),
        RegisterOutcome::Updated => tracing::info!(%path, name, "registered anew"),
        RegisterOutcome::Unchanged => tracing::debug!(%path, name, "registered already"),
        RegisterOutcome::Kept => tracing::warn!(%path, name,
            "differs from what is registered, which stays; change the file or use `workflow add` to put it in force"),
    }
    if outcome == RegisterOutcome::Unchanged {
        return false;
    }
    for warning in warnings.0 {
        let place = warning.place;
        tracing::warn!(
            "{path}:{}:{}: {}",
            place.line,
            place.column,
            warning.message
        );
    }
    !notes.is_empty()
}
