//! Files on servers that speak FTP.

mod connection;
mod transfer;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use suppaftp::FtpError;
use suppaftp::list::{File, ListParser};
use suppaftp::tokio::AsyncRustlsFtpStream;

use self::connection::{code, server, trouble, within};
use crate::{Entry, Error, FileSystem, FtpSettings, ReadFile, Trouble, WriteFile, temporary};

/// The files of one user on one server. A file that is open has a connection of its own; one more is kept for the rest.
///
/// [`FileSystem::replace`] renames over the old file. A server that refuses that has the old file removed first: there is
/// a moment without any.
#[derive(Clone)]
pub struct Ftp {
    settings: Arc<FtpSettings>,
    /// One that nobody uses just now.
    idle: Idle,
}

type Idle = Arc<Mutex<Option<AsyncRustlsFtpStream>>>;

impl fmt::Debug for Ftp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ftp")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Ftp {
    /// Connects at the first use.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(settings: FtpSettings) -> Result<Self, Error> {
        if settings.host.is_empty() || settings.user.is_empty() {
            let message =
                "an FTP link needs host and user (`anonymous`, if the server lets everybody in)";
            return Err(Error::new(Trouble::Settings, message));
        }
        Ok(Self {
            settings: Arc::new(settings),
            idle: Idle::default(),
        })
    }

    /// One that answers.
    async fn connection(&self) -> Result<AsyncRustlsFtpStream, Error> {
        let kept = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut kept) = kept
            && within(kept.noop(), "", "").await.is_ok()
        {
            return Ok(kept);
        }
        connection::open(&self.settings).await
    }

    /// Keeps a connection whose last answer was read.
    fn keep(&self, connection: AsyncRustlsFtpStream) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        *idle = Some(connection);
    }

    /// For people: where a path is.
    fn place(&self) -> String {
        server(&self.settings)
    }

    /// Keeps the connection when the server only said no.
    fn settle<T>(
        &self,
        connection: AsyncRustlsFtpStream,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        match &result {
            Err(error) if error.trouble == Trouble::Unreachable => {}
            Ok(_) | Err(_) => self.keep(connection),
        }
        result
    }
}

#[async_trait]
impl FileSystem for Ftp {
    async fn list(&self, directory: &str) -> Result<Vec<Entry>, Error> {
        checked(directory)?;
        let mut ftp = self.connection().await?;
        let listed = list(&mut ftp, &self.place(), directory).await;
        let files = self.settle(ftp, listed)?;
        let mut entries: Vec<Entry> = files
            .iter()
            .filter(|file| !file.is_directory())
            .map(|file| Entry {
                name: file.name().to_owned(),
                size: file.size() as u64,
            })
            .collect();
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    async fn entry(&self, path: &str) -> Result<Option<Entry>, Error> {
        checked(path)?;
        let mut ftp = self.connection().await?;
        let found = entry(&mut ftp, &self.place(), path).await;
        self.settle(ftp, found)
    }

    async fn read(&self, path: &str) -> Result<Box<dyn ReadFile>, Error> {
        checked(path)?;
        let file = transfer::FtpRead::open(self.clone(), self.connection().await?, path).await?;
        Ok(Box::new(file))
    }

    async fn replace(&self, path: &str) -> Result<Box<dyn WriteFile>, Error> {
        checked(path)?;
        let (directory, name) = match path.rsplit_once('/') {
            Some(("", name)) => ("/", name),
            Some(parts) => parts,
            None => (".", path),
        };
        let place = self.place();
        let mut ftp = self.connection().await?;
        // What cannot be removed does not keep anybody from writing.
        for file in list(&mut ftp, &place, directory).await.unwrap_or_default() {
            if temporary::is_leftover(name, file.name(), None) {
                drop(within(ftp.rm(join(path, file.name())), &place, "").await);
            }
        }
        let temporary = join(path, &temporary::new_name(name));
        let file = transfer::FtpWrite::begin(self.clone(), ftp, path, temporary).await?;
        Ok(Box::new(file))
    }

    async fn remove(&self, path: &str) -> Result<(), Error> {
        checked(path)?;
        let place = self.place();
        let mut ftp = self.connection().await?;
        let removed = within(ftp.rm(path), &place, &format!("remove {path} on")).await;
        let removed = match removed {
            Err(error) if error.trouble != Trouble::Unreachable => {
                match entry(&mut ftp, &place, path).await {
                    Ok(None) => Ok(()),
                    Ok(Some(_)) | Err(_) => Err(error),
                }
            }
            other => other,
        };
        self.settle(ftp, removed)
    }
}

/// A line end in a path would be a command of its own.
fn checked(path: &str) -> Result<(), Error> {
    if path.is_empty() || path.contains(['\r', '\n', '\0']) {
        let message = format!("{path:?} is no path of a file");
        return Err(Error::new(Trouble::Settings, message));
    }
    Ok(())
}

/// Everything that lies in a directory: in the form that machines read, where the server has that.
async fn list(
    ftp: &mut AsyncRustlsFtpStream,
    place: &str,
    directory: &str,
) -> Result<Vec<File>, Error> {
    let tried = format!("list the directory {directory} on");
    let exact = within(async { Ok(ftp.mlsd(Some(directory)).await) }, place, &tried).await?;
    match exact {
        Ok(lines) => {
            let parsed = lines
                .iter()
                .filter_map(|line| ListParser::parse_mlsd(line).ok());
            Ok(parsed.collect())
        }
        Err(error) if matches!(code(&error), Some(500 | 501 | 502 | 504)) => {
            let lines = within(ftp.list(Some(directory)), place, &tried).await?;
            let parse = |line: &String| {
                let posix = ListParser::parse_posix(line);
                posix.or_else(|_other| ListParser::parse_dos(line)).ok()
            };
            Ok(lines.iter().filter_map(parse).collect())
        }
        Err(error) => Err(trouble(error, place, &tried)),
    }
}

/// What the server says of one file: its size, or nothing when there is none.
async fn entry(
    ftp: &mut AsyncRustlsFtpStream,
    place: &str,
    path: &str,
) -> Result<Option<Entry>, Error> {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let tried = format!("look at {path} on");
    let asked = async {
        match ftp.size(path).await {
            Ok(size) => Ok(Ok(Some(size as u64))),
            Err(error) if code(&error) == Some(550) => Ok(Ok(None)),
            Err(error) if code(&error).is_some() => Ok(Err(error)),
            Err(error) => Err::<_, FtpError>(error),
        }
    };
    let size = match within(asked, place, &tried).await? {
        Ok(size) => size,
        // Servers without SIZE list it.
        Err(_unknown) => {
            let directory = join(path, "");
            let directory = if directory.is_empty() {
                "."
            } else {
                &directory
            };
            let listed = list(ftp, place, directory).await?;
            let found = listed
                .iter()
                .find(|file| file.name() == name && !file.is_directory());
            found.map(|file| file.size() as u64)
        }
    };
    Ok(size.map(|size| Entry {
        name: name.to_owned(),
        size,
    }))
}

/// `name` beside `path`.
fn join(path: &str, name: &str) -> String {
    match path.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{name}"),
        None => name.to_owned(),
    }
}
