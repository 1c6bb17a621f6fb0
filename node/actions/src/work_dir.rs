//! Private working directories, one for each attempt that needs one.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where working directories are made.
#[derive(Debug)]
pub(crate) struct WorkDirs {
    path: PathBuf,
    next: AtomicU64,
    /// Empty directories to be used again, each under a new name.
    spares: Mutex<Vec<PathBuf>>,
}

/// A working directory. It starts empty; the program lies beside it, not in it.
#[derive(Debug)]
pub(crate) struct WorkDir {
    path: PathBuf,
    /// Where an empty directory lies that becomes this one, and where this one goes if it is left empty.
    spare: PathBuf,
}

impl WorkDirs {
    /// Makes the directory, for its owner only, and empties it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let path = path.canonicalize()?;
        for entry in fs::read_dir(&path)?.flatten() {
            if let Err(error) = remove(&entry.path()) {
                let path = entry.path();
                tracing::warn!(path = %path.display(), %error, "a working directory of an earlier life cannot be removed");
            }
        }
        Ok(Self {
            path,
            next: AtomicU64::new(1),
            spares: Mutex::default(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path for a new directory, which is not made yet. `hint` says what it is for.
    pub(crate) fn reserve(&self, hint: &str) -> WorkDir {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let hint: String = hint
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(32)
            .collect();
        let spare = self.spares().pop();
        WorkDir {
            path: self.path.join(format!("{hint}.{number}")),
            spare: spare.unwrap_or_else(|| self.path.join(format!(".spare.{number}"))),
        }
    }

    /// Takes back a directory that was left empty and lies at its `spare` path now.
    pub(crate) fn take_back(&self, dir: WorkDir) {
        self.spares().push(dir.spare);
    }

    fn spares(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorkDir {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it lies while nobody uses it.
    pub(crate) fn spare(&self) -> &Path {
        &self.spare
    }

    /// Where the attempt's program lies.
    pub(crate) fn program(&self) -> PathBuf {
        self.path.with_added_extension("program")
    }

    /// Where the lines lie that source the profile.
    pub(crate) fn profile(&self) -> PathBuf {
        self.path.with_added_extension("profile")
    }

    /// Makes the directory. Blocks for a moment.
    pub(crate) fn make(&self) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(&self.path)
    }

    /// Removes it, with the files beside it. Blocks.
    pub(crate) fn remove(&self) -> io::Result<()> {
        for beside in [self.program(), self.profile()] {
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        for directory in [&self.spare, &self.path] {
            match fs::remove_dir(directory) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_not_empty) => remove(directory)?,
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

/// Writes a file for its owner only, executable if asked. It is closed when this returns.
pub(crate) fn write_private(path: &Path, content: &[u8], executable: bool) -> io::Result<()> {
    let mode = if executable { 0o700 } else { 0o600 };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    io::Write::write_all(&mut file, content)
}

/// Removes a file or a directory with all in it, also where a task took its own permissions away.
fn remove(path: &Path) -> io::Result<()> {
    if !path.symlink_metadata()?.is_dir() {
        return fs::remove_file(path);
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path)?;
            fs::remove_dir_all(path)
        }
        removed => removed,
    }
}

fn make_writable(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)?.flatten() {
        // Symbolic links are not followed: what they point at is not ours.
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_private_and_goes_with_all_in_it_even_without_permissions() {
        let root = tempfile::tempdir().unwrap();
        let dirs = WorkDirs::open(&root.path().join("work")).unwrap();
        let outside = root.path().join("outside");
        fs::write(&outside, "stays").unwrap();
        let dir = dirs.reserve("abc/../中");
        dir.make().unwrap();
        assert_eq!(
            dir.path().metadata().unwrap().permissions().mode() & 0o777,
            0o700
        );
        let below = dir.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, below.join("link")).unwrap();
        fs::set_permissions(&below, Permissions::from_mode(0o500)).unwrap();
        write_private(&dir.program(), b"x", true).unwrap();
        dir.remove().unwrap();
        assert_eq!(fs::read_dir(dirs.path()).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(&outside).unwrap(), "stays");
    }

    #[test]
    fn what_an_earlier_life_left_is_removed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("old.1/x")).unwrap();
        fs::write(root.path().join("old.1.program"), "x").unwrap();
        let dirs = WorkDirs::open(root.path()).unwrap();
        assert_eq!(fs::read_dir(dirs.path()).unwrap().count(), 0);
    }
}
