//! What the files of links on this node name and what was not loaded, so that whoever uses such a link is told why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use peerflow_model::{LinkKey, LinkKind};

/// Of all files of this node. Cheap to clone; clones share what they know.
#[derive(Clone, Debug, Default)]
pub(crate) struct PassedOver {
    files: Arc<Mutex<BTreeMap<PathBuf, UnloadedLinks>>>,
}

/// What of one file was not loaded. Every reason begins with file, line and column, and holds no secret.
#[derive(Debug)]
pub(crate) struct UnloadedLinks {
    pub(crate) kind: LinkKind,
    /// Why, by name.
    pub(crate) links: BTreeMap<String, String>,
    /// Why there may be more.
    pub(crate) broken: Option<String>,
}

impl PassedOver {
    /// Takes the place of what was known of `file`.
    pub(crate) fn set(&self, file: &Path, unloaded: UnloadedLinks) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(file.to_owned(), unloaded);
    }

    /// Forgets a file that is gone.
    pub(crate) fn forget(&self, file: &Path) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.remove(file);
    }

    /// Why a link that a file names was not loaded.
    pub(super) fn reason(&self, key: &LinkKey) -> Option<String> {
        self.first(key.kind, |file| file.links.get(&key.name))
    }

    /// What is wrong with a file from which links may be missing.
    pub(super) fn broken_file(&self, kind: LinkKind) -> Option<String> {
        self.first(kind, |file| file.broken.as_ref())
    }

    fn first(
        &self,
        kind: LinkKind,
        look: impl Fn(&UnloadedLinks) -> Option<&String>,
    ) -> Option<String> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = files.values().filter(|file| file.kind == kind);
        of_kind.filter_map(look).next().cloned()
    }
}
