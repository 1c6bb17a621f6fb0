//! Which files this process has begun to write to.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each as often as there are transactions.
static FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A transaction that writes to a file, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Writing(PathBuf);

impl Writing {
    pub(crate) fn to(file: &Path) -> Self {
        files().push(file.to_owned());
        Self(file.to_owned())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut files = files();
        if let Some(at) = files.iter().position(|file| *file == self.0) {
            files.swap_remove(at);
        }
    }
}

/// Whether a transaction of this process writes to the file.
pub(crate) fn is_written(file: &Path) -> bool {
    files().iter().any(|written| written == file)
}

fn files() -> MutexGuard<'static, Vec<PathBuf>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}
