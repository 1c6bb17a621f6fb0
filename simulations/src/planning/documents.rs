//! Reads the documents of a folder as a node's loader finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use peerflow_model::{CoordinatorKey, CoordinatorKind};
use peerflow_workflow::{Coordinator, Document, MAX_DOCUMENT_BYTES};

use super::error::PlanError;

/// Folders deeper than this are an error.
const DEEPEST: usize = 64;

/// A document that was read.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path, for messages.
    pub(super) file: String,
    pub(super) xml: Arc<str>,
    pub(super) document: Document,
}

impl Found {
    /// Its name, told apart by what it is.
    pub(super) fn key(&self) -> CoordinatorKey {
        match &self.document {
            Document::Workflow(document) => CoordinatorKey {
                kind: CoordinatorKind::Workflow,
                name: document.workflow().name.as_str().into(),
            },
            Document::Coordinator(document) => CoordinatorKey {
                kind: CoordinatorKind::Standalone,
                name: document.coordinator.name.clone(),
            },
        }
    }

    /// The coordinator that it is or has.
    pub(super) fn coordinator(&self) -> Option<&Coordinator> {
        match &self.document {
            Document::Workflow(document) => document.workflow().coordinator.as_ref(),
            Document::Coordinator(document) => Some(&document.coordinator),
        }
    }
}

/// Reads `folder`, or the one document of that path. Files come in order of their paths.
///
/// # Errors
/// When one cannot be read or has errors, or two have the same name.
pub(super) fn read(folder: &Path) -> Result<Vec<Found>, PlanError> {
    let paths = document_files(folder)?;
    let mut found = Vec::new();
    let (mut files, mut shown) = (0, String::new());
    for path in &paths {
        let file = path.display().to_string();
        let bytes = content(path)?;
        match Document::from_bytes(&bytes) {
            Ok((document, _warnings)) => found.push(Found {
                file,
                xml: String::from_utf8_lossy(&bytes).into(),
                document,
            }),
            Err(diagnostics) => {
                files += 1;
                let text = String::from_utf8_lossy(&bytes);
                shown.push_str(&diagnostics.render(&file, &text, false));
            }
        }
    }
    if files > 0 {
        return Err(PlanError::Documents { files, shown });
    }
    let mut names: BTreeMap<CoordinatorKey, &str> = BTreeMap::new();
    for each in &found {
        if let Some(first) = names.insert(each.key(), &each.file) {
            return Err(PlanError::Twice {
                name: each.key().to_string(),
                first: first.to_owned(),
                second: each.file.clone(),
            });
        }
    }
    Ok(found)
}

/// The documents in `folder` and below, as a node's loader finds them, or the one document of that path; in order.
///
/// # Errors
/// When a folder cannot be read, or there is none in it.
pub fn document_files(folder: &Path) -> Result<BTreeSet<PathBuf>, PlanError> {
    let mut paths = BTreeSet::new();
    let is_dir = fs::metadata(folder)
        .map_err(|source| unreadable(folder, source))?
        .is_dir();
    if is_dir {
        search(folder, 0, &mut BTreeSet::new(), &mut paths)?;
    } else {
        paths.insert(folder.to_owned());
    }
    if paths.is_empty() {
        return Err(PlanError::Empty {
            path: folder.to_owned(),
        });
    }
    Ok(paths)
}

/// Finds `*.xml` below `folder`. Links are followed, a folder is visited once, hidden ones are left out.
fn search(
    folder: &Path,
    depth: usize,
    visited: &mut BTreeSet<PathBuf>,
    paths: &mut BTreeSet<PathBuf>,
) -> Result<(), PlanError> {
    let failed = |source| unreadable(folder, source);
    if !visited.insert(folder.canonicalize().map_err(failed)?) {
        return Ok(());
    }
    if depth > DEEPEST {
        return Err(PlanError::TooDeep {
            path: folder.to_owned(),
            deepest: DEEPEST,
        });
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        let is_document = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => search(&path, depth + 1, visited, paths)?,
            Ok(metadata) if is_document && metadata.is_file() => {
                paths.insert(path);
            }
            Err(source) if is_document => return Err(unreadable(&path, source)),
            // Files of other kinds are none of our business.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn content(path: &Path) -> Result<Vec<u8>, PlanError> {
    let mut bytes = Vec::new();
    // One byte more than allowed is enough to see that it is too large.
    File::open(path)
        .and_then(|file| {
            file.take(MAX_DOCUMENT_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .map_err(|source| unreadable(path, source))?;
    Ok(bytes)
}

fn unreadable(path: &Path, source: std::io::Error) -> PlanError {
    PlanError::Unreadable {
        path: path.to_owned(),
        source,
    }
}
