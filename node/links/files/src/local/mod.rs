//! This machine's own files.

mod read;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use crate::{Entry, Error, FileSystem, ReadFile, Trouble, WriteFile};

/// The files of this machine, as the process itself sees them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

#[async_trait]
impl FileSystem for Local {
    async fn list(&self, directory: &str) -> Result<Vec<Entry>, Error> {
        let directory = checked(directory)?;
        blocking(move || list(&directory)).await
    }

    async fn entry(&self, path: &str) -> Result<Option<Entry>, Error> {
        let path = checked(path)?;
        blocking(move || entry(&path)).await
    }

    async fn read(&self, path: &str) -> Result<Box<dyn ReadFile>, Error> {
        let path = checked(path)?;
        let file = blocking(move || read::LocalRead::open(&path)).await?;
        Ok(Box::new(file))
    }

    async fn replace(&self, path: &str) -> Result<Box<dyn WriteFile>, Error> {
        let path = checked(path)?;
        let file = blocking(move || write::LocalWrite::begin(&path)).await?;
        Ok(Box::new(file))
    }

    async fn remove(&self, path: &str) -> Result<(), Error> {
        let path = checked(path)?;
        blocking(move || match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove the file", &path, error))
            }
            Ok(()) | Err(_) => Ok(()),
        })
        .await
    }
}

fn checked(path: &str) -> Result<PathBuf, Error> {
    if path.is_empty() || path.contains('\0') {
        let message = format!("{path:?} is no path of a file");
        return Err(Error::new(Trouble::Settings, message));
    }
    Ok(path.into())
}

/// Away from the threads that must not wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.unwrap_or_else(|error| {
        let message = format!("looking at this node's files broke off: {error}");
        Err(Error::new(Trouble::Other, message))
    })
}

fn failed(tried: &str, path: &Path, error: io::Error) -> Error {
    Error::from((
        format!("cannot {tried} {} on this node", path.display()),
        error,
    ))
}

/// Regular files, links to them included.
fn list(directory: &Path) -> Result<Vec<Entry>, Error> {
    let broke = |error| failed("list the directory", directory, error);
    let mut entries = Vec::new();
    for found in fs::read_dir(directory).map_err(broke)? {
        let found = found.map_err(broke)?;
        match fs::metadata(found.path()) {
            Ok(facts) if facts.is_file() => entries.push(Entry {
                name: found.file_name().to_string_lossy().into_owned(),
                size: facts.len(),
            }),
            Ok(_) => {}
            // It vanished meanwhile, or is a link that leads nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("look at", &found.path(), error)),
        }
    }
    entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

fn entry(path: &Path) -> Result<Option<Entry>, Error> {
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() => {
            let name = path.file_name().unwrap_or_default();
            Ok(Some(Entry {
                name: name.to_string_lossy().into_owned(),
                size: facts.len(),
            }))
        }
        Ok(_) => Ok(None),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => Err(failed("look at", path, error)),
        },
    }
}
