//! A file on an SFTP server that is being read.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags};

use super::connection::Connection;
use super::trouble;
use crate::{Error, ReadFile, Trouble};

/// How many bytes are asked for at once, so that a long line is full.
const AHEAD_BYTES: u64 = 4 * 1024 * 1024;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    offset: u64,
    length: u32,
}

type Answer = (Asked, Result<Vec<u8>, SftpError>);

/// Asks for several pieces ahead.
pub(super) struct SftpRead {
    connection: Arc<Connection>,
    place: String,
    path: String,
    handle: String,
    answers: FuturesOrdered<BoxFuture<'static, Answer>>,
    /// What is asked for next.
    offset: u64,
    /// As the server told before it was opened; it may grow meanwhile.
    size: u64,
    /// How it ended, once it did.
    ended: Option<Result<(), Error>>,
}

impl fmt::Debug for SftpRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SftpRead")
            .field("path", &self.path)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl SftpRead {
    pub(super) async fn open(
        connection: Arc<Connection>,
        place: String,
        path: &str,
    ) -> Result<Self, Error> {
        let failed = |error| trouble::of(error, &place, &format!("read the file {path} on"));
        let session = &connection.session;
        // Looked at before it is opened: a server that opens a pipe waits for who writes into it, and answers nothing else.
        let facts = session.stat(path).await.map_err(failed)?.attrs;
        if !super::is_file(&facts) {
            let (what, advice) = match facts.is_dir() {
                true => ("a directory", "name a file in it"),
                false => ("a pipe, a socket or a device", "name a file"),
            };
            let message = format!("cannot read {path} on {place}: it is {what}; {advice}");
            return Err(Error::advising(Trouble::Settings, message));
        }
        let opened = session
            .open(path, OpenFlags::READ, FileAttributes::empty())
            .await;
        let handle = opened.map_err(failed)?.handle;
        Ok(Self {
            connection: connection.clone(),
            place: place.clone(),
            path: path.to_owned(),
            handle,
            answers: FuturesOrdered::new(),
            offset: 0,
            size: facts.size.unwrap_or(0),
            ended: None,
        })
    }

    /// Asks as far ahead as may be; behind the size that the file had, one piece at a time.
    fn ask(&mut self) {
        let length = self.connection.read_piece;
        let most = usize::try_from(AHEAD_BYTES / u64::from(length)).map_or(1, |most| most.max(1));
        while self.answers.is_empty() || self.offset < self.size && self.answers.len() < most {
            let asked = Asked {
                offset: self.offset,
                length,
            };
            let (session, handle) = (self.connection.session.clone(), self.handle.clone());
            self.answers.push_back(Box::pin(async move {
                let read = session.read(handle, asked.offset, asked.length).await;
                (asked, read.map(|data| data.data))
            }));
            self.offset += u64::from(length);
        }
    }
}

#[async_trait]
impl ReadFile for SftpRead {
    async fn next(&mut self) -> Result<Bytes, Error> {
        if let Some(ended) = &self.ended {
            return ended.clone().map(|()| Bytes::new());
        }
        self.ask();
        let Some((asked, answer)) = self.answers.next().await else {
            return Ok(Bytes::new());
        };
        let ended = match answer {
            Ok(piece) if !piece.is_empty() => {
                let got = piece.len() as u64;
                if got < u64::from(asked.length) {
                    // Shorter than asked for: what follows it was asked for in the wrong places.
                    self.answers.clear();
                    self.offset = asked.offset + got;
                }
                return Ok(piece.into());
            }
            Ok(_) => Ok(()),
            Err(error) if trouble::is_end(&error) => Ok(()),
            Err(error) => {
                let tried = format!("read on in the file {} on", self.path);
                Err(trouble::of(error, &self.place, &tried))
            }
        };
        self.answers.clear();
        self.ended = Some(ended.clone());
        ended.map(|()| Bytes::new())
    }
}

impl Drop for SftpRead {
    fn drop(&mut self) {
        let session = self.connection.session.clone();
        let handle = std::mem::take(&mut self.handle);
        super::ask_without_waiting(session.close(handle));
    }
}
