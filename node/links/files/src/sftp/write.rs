//! A file on an SFTP server that is being written.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::{BoxFuture, poll_immediate};
use futures::stream::FuturesUnordered;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};

use super::connection::Connection;
use super::{join, trouble};
use crate::{Error, Trouble, WriteFile, temporary};

/// How much may be under way, so that a long line is full.
const UNDER_WAY_BYTES: usize = 4 * 1024 * 1024;
/// How many requests may be under way.
const UNDER_WAY: usize = 64;
/// As many links in a row as servers' kernels follow.
const MOST_LINKS: usize = 40;
/// With less room than this a refused write has found the disk full.
const NO_ROOM_BYTES: u64 = 1024 * 1024;

/// How much was written, and how that went.
type Written = (usize, Result<(), SftpError>);

/// Has several pieces under way.
pub(super) struct SftpWrite {
    connection: Arc<Connection>,
    place: String,
    /// Whose place it takes, with links followed.
    target: String,
    directory: String,
    /// Of the file whose place it takes.
    mode: Option<u32>,
    /// Nothing once it is in its place, or removed.
    temporary: Option<String>,
    /// Nothing once it is closed.
    handle: Option<String>,
    under_way: FuturesUnordered<BoxFuture<'static, Written>>,
    /// In bytes, of all that are under way.
    under_way_bytes: usize,
    offset: u64,
    /// What broke it.
    broken: Option<Error>,
}

impl fmt::Debug for SftpWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SftpWrite")
            .field("target", &self.target)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl SftpWrite {
    pub(super) async fn begin(
        connection: Arc<Connection>,
        place: String,
        path: &str,
    ) -> Result<Self, Error> {
        let failed = |error| trouble::of(error, &place, &format!("write the file {path} on"));
        let (target, facts) = follow_links(&connection, path).await.map_err(failed)?;
        if facts.as_ref().is_some_and(|facts| !super::is_file(facts)) {
            let message = format!("cannot write {path} on {place}: it is no file; name one");
            return Err(Error::advising(Trouble::Settings, message));
        }
        let (directory, name) = match target.rsplit_once('/') {
            Some(("", name)) => ("/", name),
            Some(parts) => parts,
            None => (".", target.as_str()),
        };
        if name.is_empty() {
            let message = format!("cannot write {path} on {place}: it names no file");
            return Err(Error::new(Trouble::Settings, message));
        }
        let own = temporary::new_name(name);
        let temporary = join(directory, &own);
        let mode = facts
            .and_then(|facts| facts.permissions)
            .map(|mode| mode & 0o777);
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
        // Not readable by more people than the file whose place it takes.
        let attributes = FileAttributes {
            permissions: mode,
            ..FileAttributes::empty()
        };
        let opened = connection.session.open(&temporary, flags, attributes).await;
        let handle = opened.map_err(|error| {
            let tried = format!("write a file into the directory {directory} on");
            trouble::of(error, &place, &tried)
        })?;
        let file = Self {
            connection,
            place: place.clone(),
            directory: directory.to_owned(),
            mode,
            temporary: Some(temporary),
            handle: Some(handle.handle),
            under_way: FuturesUnordered::new(),
            under_way_bytes: 0,
            offset: 0,
            broken: None,
            target: target.clone(),
        };
        super::remove_leftovers(&file.connection, &file.directory, name, &own).await;
        Ok(file)
    }

    fn send(&mut self, handle: &str, piece: &[u8]) {
        let (session, handle) = (self.connection.session.clone(), handle.to_owned());
        let (offset, data) = (self.offset, piece.to_vec());
        self.offset += piece.len() as u64;
        self.under_way_bytes += piece.len();
        self.under_way.push(Box::pin(async move {
            let length = data.len();
            let written = session.write(handle, offset, data).await;
            (length, written.map(drop))
        }));
    }

    /// Takes the answers that are there, and waits until no more than `bytes` and `requests` are under way.
    async fn settle(&mut self, bytes: usize, requests: usize) -> Result<(), Error> {
        loop {
            let wait = self.under_way_bytes > bytes || self.under_way.len() > requests;
            let answer = match wait {
                true => self.under_way.next().await,
                // Looking at them also sends those that are new.
                false => poll_immediate(self.under_way.next()).await.flatten(),
            };
            let Some((length, written)) = answer else {
                return Ok(());
            };
            self.under_way_bytes -= length;
            if let Err(error) = written {
                return Err(self.refused(error).await);
            }
        }
    }

    /// A server only says that it failed; whether the disk is full has to be asked.
    async fn refused(&mut self, error: SftpError) -> Error {
        let vague =
            matches!(&error, SftpError::Status(it) if it.status_code == StatusCode::Failure);
        let mut told = trouble::of(
            error,
            &self.place,
            &format!("write the file {} on", self.target),
        );
        if vague
            && self.connection.can.statvfs
            && let Ok(room) = self.connection.session.statvfs(&self.directory).await
            && room.blocks_avail.saturating_mul(room.fragment_size) < NO_ROOM_BYTES
        {
            let (target, place, directory) = (&self.target, &self.place, &self.directory);
            told = Error::advising(
                Trouble::Full,
                format!(
                    "cannot write the file {target} on {place}: no room is left on the disk of {directory}; free some, or \
                     write elsewhere"
                ),
            );
        }
        self.broken = Some(told.clone());
        told
    }

    /// Makes it durable where the server can, closes it, and gives it its name.
    async fn put_in_place(&mut self) -> Result<(), Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        self.settle(0, 0).await?;
        let Some(handle) = self.handle.take() else {
            return Ok(());
        };
        let session = self.connection.session.clone();
        if self.connection.can.fsync
            && let Err(error) = session.fsync(&handle).await
        {
            self.handle = Some(handle);
            return Err(self.refused(error).await);
        }
        if let Err(error) = session.close(handle).await {
            return Err(self.refused(error).await);
        }
        let Some(temporary) = self.temporary.clone() else {
            return Ok(());
        };
        if let Some(mode) = self.mode {
            let attributes = FileAttributes {
                permissions: Some(mode),
                ..FileAttributes::empty()
            };
            let set = session.setstat(&temporary, attributes).await;
            set.map_err(|error| self.failed(error))?;
        }
        let renamed = self.rename(&temporary).await;
        renamed.map_err(|error| self.failed(error))?;
        self.temporary = None;
        Ok(())
    }

    async fn rename(&mut self, temporary: &str) -> Result<(), SftpError> {
        let session = self.connection.session.clone();
        if self.connection.can.posix_rename {
            let names = [temporary, &self.target].map(|name| {
                let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
                [&length.to_be_bytes(), name.as_bytes()].concat()
            });
            let asked = session.extended("posix-rename@openssh.com", names.concat());
            return match asked.await? {
                Packet::Status(status) if status.status_code == StatusCode::Ok => Ok(()),
                Packet::Status(status) => Err(SftpError::Status(status)),
                _ => Err(SftpError::UnexpectedPacket),
            };
        }
        match session.remove(&self.target).await {
            Err(error) if !trouble::is_missing(&error) => return Err(error),
            Ok(_) | Err(_) => {}
        }
        session.rename(temporary, &self.target).await.map(drop)
    }

    fn failed(&self, error: SftpError) -> Error {
        let tried = format!("put the file {} in its place on", self.target);
        trouble::of(error, &self.place, &tried)
    }

    /// Closes and removes what was written.
    async fn remove(&mut self) -> Result<(), Error> {
        // What is still under way is for a file that goes.
        self.under_way.clear();
        let session = self.connection.session.clone();
        if let Some(handle) = self.handle.take() {
            drop(session.close(handle).await);
        }
        let Some(temporary) = self.temporary.take() else {
            return Ok(());
        };
        match session.remove(&temporary).await {
            Ok(_) => Ok(()),
            Err(error) if trouble::is_missing(&error) => Ok(()),
            Err(error) => {
                let tried = format!("remove the temporary file {temporary} on");
                Err(trouble::of(error, &self.place, &tried))
            }
        }
    }
}

#[async_trait]
impl WriteFile for SftpWrite {
    async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let Some(handle) = self.handle.clone() else {
            return Ok(());
        };
        for part in piece.chunks(self.connection.write_piece as usize) {
            self.send(&handle, part);
            self.settle(UNDER_WAY_BYTES, UNDER_WAY).await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Error> {
        let put = self.put_in_place().await;
        if put.is_err() {
            // The first trouble is what counts; the next writer removes what stays.
            drop(self.remove().await);
        }
        put
    }

    async fn discard(mut self: Box<Self>) -> Result<(), Error> {
        self.remove().await
    }
}

impl Drop for SftpWrite {
    fn drop(&mut self) {
        let session = self.connection.session.clone();
        if let Some(handle) = self.handle.take() {
            super::ask_without_waiting(session.close(handle));
        }
        if let Some(temporary) = self.temporary.take() {
            super::ask_without_waiting(session.remove(&temporary));
        }
    }
}

/// The file that `path` leads to, and what is known of it; the last link may lead to one that is still missing.
async fn follow_links(
    connection: &Connection,
    path: &str,
) -> Result<(String, Option<FileAttributes>), SftpError> {
    let session = &connection.session;
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        let facts = match session.lstat(&at).await {
            Ok(found) => found.attrs,
            Err(error) if trouble::is_missing(&error) => return Ok((at, None)),
            Err(error) => return Err(error),
        };
        if !facts.is_symlink() {
            return Ok((at, Some(facts)));
        }
        let next = session.readlink(&at).await?.files.into_iter().next();
        let next = next.ok_or(SftpError::UnexpectedPacket)?.filename;
        at = match (next.starts_with('/'), at.rsplit_once('/')) {
            (true, _) | (false, None) => next,
            (false, Some((directory, _))) => format!("{directory}/{next}"),
        };
    }
    Err(SftpError::UnexpectedBehavior(
        "too many links lead to one another".to_owned(),
    ))
}
