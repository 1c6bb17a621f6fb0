//! Reads one document and the files attached to it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use peerflow_model::{ContentHash, FileRecord};
use peerflow_workflow::{Document, MAX_DOCUMENT_BYTES, StepKind, Work, Workflow};
use sha2::{Digest, Sha256};

use super::scan::Stamp;
use crate::files::locate;

/// Bytes that an attached file may have.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// A document as it is offered, or why it is not.
#[derive(Debug)]
pub(super) enum Prepared {
    Good {
        /// Of the workflow; absent of a standalone coordinator.
        name: Option<String>,
        xml: Arc<str>,
        hash: ContentHash,
        attachments: Vec<Attachment>,
    },
    Bad(String),
}

/// A file that a workflow names.
#[derive(Clone, Debug)]
pub(super) struct Attachment {
    /// Where it was found, or where its absence is noticed to end.
    path: Option<PathBuf>,
    stamp: Option<Stamp>,
    /// `None`: it was not there, so the node that runs the step looks for it.
    pub(super) record: Option<FileRecord>,
    /// As the workflow writes it, and where its document lies.
    looked_up: (String, PathBuf, PathBuf),
}

impl Attachment {
    /// Whether it is another file than when it was read.
    pub(super) fn has_changed(&self) -> bool {
        let (written, folder, root) = &self.looked_up;
        let path = locate(written, Some(folder), Some(root));
        let stamp = path
            .as_ref()
            .and_then(|path| fs::metadata(path).ok())
            .map(|metadata| Stamp::of(&metadata));
        path != self.path || stamp != self.stamp
    }

    /// Its content; `None` when it is not any more what was hashed.
    pub(super) async fn content(&self) -> Option<Vec<u8>> {
        let content = tokio::fs::read(self.path.as_ref()?).await.ok()?;
        (Some(ContentHash::of(&content)) == self.record.as_ref().map(|record| record.hash))
            .then_some(content)
    }
}

/// Reads and checks the document at `path` in the workflow folder `root`.
pub(super) fn prepare(path: &Path, root: &Path) -> Prepared {
    let text = match read(path) {
        Ok(text) => text,
        Err(problem) => return Prepared::Bad(problem),
    };
    let document = match Document::parse(&text) {
        Ok((document, _warnings)) => document,
        Err(diagnostics) => return Prepared::Bad(diagnostics.to_string()),
    };
    let (name, attachments) = match &document {
        Document::Workflow(document) => {
            let workflow = document.workflow();
            let folder = path.parent().unwrap_or(root);
            match attachments(workflow, folder, root) {
                Ok(attachments) => (Some(workflow.name.as_str().to_owned()), attachments),
                Err(problem) => return Prepared::Bad(problem),
            }
        }
        Document::Coordinator(_) => (None, Vec::new()),
    };
    Prepared::Good {
        name,
        hash: ContentHash::of(text.as_bytes()),
        xml: text.into(),
        attachments,
    }
}

fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(MAX_DOCUMENT_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(format!(
            "it is larger than {} MiB",
            MAX_DOCUMENT_BYTES / 1024 / 1024
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        format!(
            "it is not UTF-8: byte {} starts no character; save it as UTF-8",
            error.utf8_error().valid_up_to() + 1
        )
    })
}

/// The files that the workflow's steps name, read and hashed. Paths with parameters are known only at run time.
fn attachments(workflow: &Workflow, folder: &Path, root: &Path) -> Result<Vec<Attachment>, String> {
    let mut written = BTreeSet::new();
    for step in &workflow.steps {
        let StepKind::Action(action) = &step.kind else {
            continue;
        };
        match &action.work {
            Work::Script(script) => written.extend(script.attachments.iter()),
            Work::FileExecutor(executor) => {
                written.extend(executor.attachments.iter().chain([&executor.file]))
            }
            _ => {}
        }
    }
    written
        .into_iter()
        .filter(|path| !path.contains("${"))
        .map(|path| attachment(path, folder, root))
        .collect()
}

fn attachment(written: &str, folder: &Path, root: &Path) -> Result<Attachment, String> {
    let looked_up = (written.to_owned(), folder.to_owned(), root.to_owned());
    let Some(path) = locate(written, Some(folder), Some(root)) else {
        return Ok(Attachment {
            path: None,
            stamp: None,
            record: None,
            looked_up,
        });
    };
    let failed = |error: std::io::Error| {
        format!(
            "the attached file {} cannot be read: {error}",
            path.display()
        )
    };
    let metadata = fs::metadata(&path).map_err(failed)?;
    if metadata.len() > LARGEST_FILE {
        let limit = LARGEST_FILE / 1024 / 1024;
        return Err(format!(
            "the attached file {} is larger than {limit} MiB",
            path.display()
        ));
    }
    let mut digest = Sha256::new();
    let mut file = File::open(&path).map_err(failed)?;
    let size = std::io::copy(&mut file, &mut digest).map_err(failed)?;
    Ok(Attachment {
        record: Some(FileRecord {
            path: written.to_owned(),
            hash: ContentHash(digest.finalize().into()),
            size,
            executable: metadata.permissions().mode() & 0o100 != 0,
        }),
        stamp: Some(Stamp::of(&metadata)),
        path: Some(path),
        looked_up,
    })
}
