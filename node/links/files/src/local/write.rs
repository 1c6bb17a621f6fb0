//! A local file that is being written.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::read::{blocking_ended, open_at_once};
use super::{blocking, failed};
use crate::{Error, Trouble, WriteFile, temporary};

/// As many links in a row as the kernel follows.
const MOST_LINKS: usize = 40;

/// Writes one piece behind. Its temporary file is locked as long as somebody writes it, so what a killed process left can
/// be told from what another writes just now.
#[derive(Debug)]
pub(super) struct LocalWrite {
    /// Whose place it takes, with links followed.
    target: PathBuf,
    temporary: Temporary,
    /// Of the file whose place it takes.
    mode: Option<u32>,
    /// Elsewhere while a piece is being written; gone once that broke off.
    file: Option<File>,
    behind: Option<JoinHandle<(File, io::Result<()>)>>,
}

/// Removes the file when it is dropped.
#[derive(Debug)]
struct Temporary(Option<PathBuf>);

impl Temporary {
    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or_else(|| Path::new(""))
    }

    fn remove(&mut self) -> io::Result<()> {
        match self.0.take().map(fs::remove_file) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Some(_) | None => Ok(()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next who writes the same file.
        drop(self.remove());
    }
}

impl LocalWrite {
    pub(super) fn begin(path: &Path) -> Result<Self, Error> {
        let target = follow_links(path).map_err(|error| failed("write the file", path, error))?;
        let mode = match fs::symlink_metadata(&target) {
            Ok(facts) if facts.is_file() => Some(facts.mode() & 0o777),
            Ok(facts) => return Err(no_file(path, &facts)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed("write the file", path, error)),
        };
        let name = target.file_name().map(|name| name.to_string_lossy());
        let (Some(name), Some(directory)) = (name, target.parent()) else {
            let message = format!("cannot write {}: it names no file", path.display());
            return Err(Error::new(Trouble::Settings, message));
        };
        let directory = match directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => directory,
        };
        remove_leftovers(directory, &name);
        let (temporary, file) = create(directory, &name, mode)
            .map_err(|error| failed("write a file into the directory", directory, error))?;
        Ok(Self {
            target,
            temporary,
            mode,
            file: Some(file),
            behind: None,
        })
    }

    /// Waits for the piece that is being written.
    async fn settle(&mut self) -> Result<(), Error> {
        let Some(behind) = &mut self.behind else {
            return Ok(());
        };
        let written = behind.await;
        self.behind = None;
        let (file, written) = blocking_ended(written)?;
        written.map_err(|error| failed("write the file", &self.target, error))?;
        self.file = Some(file);
        Ok(())
    }

    fn file(&mut self) -> Result<File, Error> {
        self.file.take().ok_or_else(|| {
            let target = self.target.display();
            Error::new(Trouble::Other, format!("writing {target} broke off before"))
        })
    }
}

#[async_trait]
impl WriteFile for LocalWrite {
    async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        self.settle().await?;
        let file = self.file()?;
        self.behind = Some(spawn_blocking(move || {
            let written = (&file).write_all(&piece);
            (file, written)
        }));
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Error> {
        self.settle().await?;
        let file = self.file()?;
        blocking(move || {
            let put = put_in_place(&file, self.temporary.path(), &self.target, self.mode);
            put.map_err(|error| failed("write the file", &self.target, error))?;
            self.temporary.0 = None;
            sync_directory(&self.target).map_err(|error| {
                let tried = format!(
                    "{} is written, but may not outlive a power failure",
                    self.target.display()
                );
                Error::from((tried, error))
            })
        })
        .await
    }

    async fn discard(mut self: Box<Self>) -> Result<(), Error> {
        // What became of the last piece does not matter any more, only that it is not being written.
        drop(self.settle().await);
        blocking(move || {
            let path = self.temporary.path().to_owned();
            let removed = self.temporary.remove();
            removed.map_err(|error| failed("remove the temporary file", &path, error))
        })
        .await
    }
}

/// Makes the file durable, and gives it its name.
fn put_in_place(file: &File, temporary: &Path, target: &Path, mode: Option<u32>) -> io::Result<()> {
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.sync_all()?;
    fs::rename(temporary, target)
}

/// Makes the new name durable. Some file systems cannot do that for directories, and say so.
fn sync_directory(target: &Path) -> io::Result<()> {
    let parent = target.parent().filter(|it| !it.as_os_str().is_empty());
    let synced = File::open(parent.unwrap_or_else(|| Path::new("."))).and_then(|it| it.sync_all());
    synced.or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput
        | io::ErrorKind::Unsupported
        | io::ErrorKind::PermissionDenied => Ok(()),
        _ => Err(error),
    })
}

/// The file that `path` leads to; the last link may lead to one that is still missing.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&at) {
            Ok(next) => at = at.parent().unwrap_or_else(|| Path::new("")).join(next),
            // No link, or nothing at all.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
                ) =>
            {
                return Ok(at);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links lead to one another"))
}

fn no_file(path: &Path, facts: &fs::Metadata) -> Error {
    let path = path.display();
    let message = if facts.is_dir() {
        format!("cannot write {path} on this node: it is a directory; name a file in it")
    } else {
        format!("cannot write {path} on this node: it is a device or a pipe; name a file")
    };
    Error::advising(Trouble::Settings, message)
}

/// Makes a file of our own, locked.
fn create(directory: &Path, name: &str, mode: Option<u32>) -> io::Result<(Temporary, File)> {
    loop {
        let path = directory.join(temporary::new_name(name));
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            // Not readable by more people than the file whose place it takes.
            .mode(mode.unwrap_or(0o666))
            .open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        let temporary = Temporary(Some(path));
        // Between the two calls another may have taken it for a leftover; then there has to be a new one. Some file
        // systems know no locks; there the names alone keep writers apart.
        let taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        if !taken && file.metadata()?.nlink() > 0 {
            return Ok((temporary, file));
        }
    }
}

/// Removes what killed processes left of the same file. What cannot be removed does not keep anybody from writing.
fn remove_leftovers(directory: &Path, name: &str) {
    for found in fs::read_dir(directory).into_iter().flatten().flatten() {
        let candidate = found.file_name();
        let Some(candidate) = candidate.to_str() else {
            continue;
        };
        if temporary::owner(name, candidate).is_none() {
            continue;
        }
        let unlocked = open_at_once(&found.path()).is_ok_and(|file| file.try_lock().is_ok());
        if unlocked || temporary::is_leftover(name, candidate, None) {
            drop(fs::remove_file(found.path()));
        }
    }
}
