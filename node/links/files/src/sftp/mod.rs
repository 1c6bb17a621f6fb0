//! Files on servers that speak SFTP.

mod connection;
mod known_hosts;
mod login;
mod read;
mod session;
mod trouble;
mod trust;
mod write;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{File, FileAttributes};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use self::connection::Connection;
use crate::{Entry, Error, FileSystem, ReadFile, SftpSettings, Trouble, WriteFile, temporary};

/// The most files of one directory that are looked at.
const MOST_FILES: usize = 1_000_000;

/// The files of one user on one server. All of them go over one connection, made at the first use and again when it died.
///
/// [`FileSystem::replace`] renames over the old file where the server offers `posix-rename@openssh.com`, as OpenSSH does.
/// Where it does not, the old file is removed and the new one renamed: there is a moment without any, and a connection
/// that dies in that moment leaves the new one under its temporary name.
#[derive(Debug)]
pub struct Sftp {
    settings: SftpSettings,
    connection: Mutex<Option<Arc<Connection>>>,
}

impl Sftp {
    /// Connects at the first use.
    ///
    /// # Errors
    /// When a setting is missing, or none that makes sense.
    pub fn new(settings: SftpSettings) -> Result<Self, Error> {
        let missing = |what: &str| {
            let message = format!("the link has no {what}; an SFTP link needs host and user");
            Err(Error::advising(Trouble::Settings, message))
        };
        if settings.host.is_empty() {
            return missing("host");
        }
        if settings.user.is_empty() {
            return missing("user");
        }
        Ok(Self {
            settings,
            connection: Mutex::new(None),
        })
    }

    /// One that lives as far as is known. Whoever comes meanwhile waits for the same one.
    async fn connection(&self) -> Result<Arc<Connection>, Error> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = held.as_ref()
            && !connection.is_dead()
        {
            return Ok(connection.clone());
        }
        *held = None;
        let connection = Arc::new(Connection::open(&self.settings).await?);
        *held = Some(connection.clone());
        Ok(connection)
    }

    /// Does what can be done twice; once more when the connection turns out to be dead.
    async fn with<T, F>(&self, work: impl Fn(Arc<Connection>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let connection = self.connection().await?;
        match work(connection.clone()).await {
            Err(error) if error.trouble == Trouble::Unreachable => {
                let mut held = self.connection.lock().await;
                if held.as_ref().is_some_and(|it| Arc::ptr_eq(it, &connection)) {
                    *held = None;
                }
                drop(held);
                work(self.connection().await?).await
            }
            other => other,
        }
    }

    /// For people: where a path is.
    fn place(&self) -> String {
        login::server(&self.settings)
    }
}

#[async_trait]
impl FileSystem for Sftp {
    async fn list(&self, directory: &str) -> Result<Vec<Entry>, Error> {
        let place = self.place();
        self.with(|connection| {
            let place = place.clone();
            async move { list(&connection, &place, directory).await }
        })
        .await
    }

    async fn entry(&self, path: &str) -> Result<Option<Entry>, Error> {
        let place = self.place();
        self.with(|connection| {
            let place = place.clone();
            async move {
                let tried = format!("look at {path} on");
                match connection.session.stat(path).await {
                    Ok(found) if !found.attrs.is_dir() => Ok(Some(entry(path, &found.attrs))),
                    Ok(_) => Ok(None),
                    Err(error) if trouble::is_missing(&error) => Ok(None),
                    Err(error) => Err(trouble::of(error, &place, &tried)),
                }
            }
        })
        .await
    }

    async fn read(&self, path: &str) -> Result<Box<dyn ReadFile>, Error> {
        let place = self.place();
        let file = self
            .with(|connection| read::SftpRead::open(connection, place.clone(), path))
            .await?;
        Ok(Box::new(file))
    }

    async fn replace(&self, path: &str) -> Result<Box<dyn WriteFile>, Error> {
        let place = self.place();
        let file = self
            .with(|connection| write::SftpWrite::begin(connection, place.clone(), path))
            .await?;
        Ok(Box::new(file))
    }

    async fn remove(&self, path: &str) -> Result<(), Error> {
        let place = self.place();
        self.with(|connection| {
            let place = place.clone();
            async move {
                match connection.session.remove(path).await {
                    Ok(_) => Ok(()),
                    Err(error) if trouble::is_missing(&error) => Ok(()),
                    Err(error) => Err(trouble::of(error, &place, &format!("remove {path} on"))),
                }
            }
        })
        .await
    }
}

fn entry(path: &str, facts: &FileAttributes) -> Entry {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    Entry {
        name: name.to_owned(),
        size: facts.size.unwrap_or(0),
    }
}

async fn list(connection: &Connection, place: &str, directory: &str) -> Result<Vec<Entry>, Error> {
    let tried = format!("list the directory {directory} on");
    let found = files_in(connection, directory).await;
    let found = found.map_err(|error| trouble::of(error, place, &tried))?;
    let mut entries = Vec::new();
    for file in found {
        if file.attrs.is_symlink() {
            // What it leads to counts; a link to nowhere is no file.
            let path = join(directory, &file.filename);
            match connection.session.stat(&path).await {
                Ok(target) if is_file(&target.attrs) => entries.push(entry(&path, &target.attrs)),
                Ok(_) => {}
                Err(error) if trouble::is_missing(&error) => {}
                Err(error) => return Err(trouble::of(error, place, &format!("look at {path} on"))),
            }
        } else if is_file(&file.attrs) {
            entries.push(entry(&file.filename, &file.attrs));
        }
    }
    entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

/// A server that does not tell the kind of a file has only files, as far as that can be known.
fn is_file(facts: &FileAttributes) -> bool {
    facts.permissions.is_none() || facts.file_type().is_file()
}

/// Everything that lies in a directory.
async fn files_in(connection: &Connection, directory: &str) -> Result<Vec<File>, SftpError> {
    let session = &connection.session;
    let handle = session.opendir(directory).await?.handle;
    let mut all = Vec::new();
    let ended = loop {
        match session.readdir(&handle).await {
            Ok(some) if all.len() + some.files.len() > MOST_FILES => {
                break Err(SftpError::Limited(format!(
                    "more than {MOST_FILES} files lie there"
                )));
            }
            Ok(some) => all.extend(some.files),
            Err(error) if trouble::is_end(&error) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let closed = session.close(handle).await;
    ended?;
    closed?;
    Ok(all)
}

/// Removes what processes that ended left of files of that name. What cannot be removed keeps nobody from writing.
async fn remove_leftovers(connection: &Connection, directory: &str, name: &str, own: &str) {
    let Ok(found) = files_in(connection, directory).await else {
        return;
    };
    // Our own file has just been made, so it tells what time it is on the server.
    let now = found.iter().find(|file| file.filename == own);
    let now = now.and_then(|file| file.attrs.mtime);
    for file in found {
        let since = now.zip(file.attrs.mtime);
        let unchanged =
            since.map(|(now, then)| Duration::from_secs(now.saturating_sub(then).into()));
        if temporary::is_leftover(name, &file.filename, unchanged) {
            drop(
                connection
                    .session
                    .remove(&join(directory, &file.filename))
                    .await,
            );
        }
    }
}

/// Sends a request whose answer nobody waits for. The first look at it sends it.
fn ask_without_waiting<T>(request: impl Future<Output = T>) {
    // Outside of the runtime there is no clock to limit the wait, and no connection either.
    if Handle::try_current().is_ok() {
        drop(request.now_or_never());
    }
}

fn join(directory: &str, name: &str) -> String {
    match directory {
        "" | "." => name.to_owned(),
        _ if directory.ends_with('/') => format!("{directory}{name}"),
        _ => format!("{directory}/{name}"),
    }
}
