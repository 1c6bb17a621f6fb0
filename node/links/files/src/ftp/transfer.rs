//! Files on an FTP server that are being read and written.

use std::fmt;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use suppaftp::FtpError;
use suppaftp::tokio::{AsyncRustlsFtpStream, AsyncRustlsStream, TransferStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Ftp;
use super::connection::within;
use crate::{Error, PIECE_BYTES, ReadFile, Trouble, WriteFile};

type Stream = TransferStream<AsyncRustlsStream>;

/// One that is being read, over a connection of its own.
pub(super) struct FtpRead {
    files: Ftp,
    path: String,
    /// Nothing at the end, or once reading broke off.
    stream: Option<(Stream, AsyncRustlsFtpStream)>,
    broken: Option<Error>,
}

impl fmt::Debug for FtpRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FtpRead")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl FtpRead {
    pub(super) async fn open(
        files: Ftp,
        mut ftp: AsyncRustlsFtpStream,
        path: &str,
    ) -> Result<Self, Error> {
        let tried = format!("read the file {path} on");
        let opened = within(ftp.retr_as_stream(path), &files.place(), &tried).await;
        let stream = match opened {
            Ok(stream) => stream,
            Err(error) => return files.settle(ftp, Err(error)),
        };
        Ok(Self {
            files,
            path: path.to_owned(),
            stream: Some((stream, ftp)),
            broken: None,
        })
    }

    async fn more(&mut self) -> Result<Bytes, Error> {
        let place = self.files.place();
        let tried = format!("read on in the file {} on", self.path);
        let Some((stream, _)) = &mut self.stream else {
            return Ok(Bytes::new());
        };
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        while piece.len() < PIECE_BYTES {
            let read = async {
                stream
                    .read_buf(&mut piece)
                    .await
                    .map_err(FtpError::ConnectionError)
            };
            if within(read, &place, &tried).await? == 0 {
                break;
            }
        }
        if piece.is_empty()
            && let Some((stream, ftp)) = self.stream.take()
        {
            // Only the server's word tells an end from a connection that was cut.
            within(stream.finish(), &place, &tried).await?;
            self.files.keep(ftp);
        }
        Ok(piece.freeze())
    }
}

#[async_trait]
impl ReadFile for FtpRead {
    async fn next(&mut self) -> Result<Bytes, Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let more = self.more().await;
        if let Err(error) = &more {
            self.broken = Some(error.clone());
            self.stream = None;
        }
        more
    }
}

/// One that is being written under another name, over a connection of its own. Dropping it ends the connection and leaves
/// the temporary file to the next writer: an FTP server can only be told to remove it after it was waited for.
pub(super) struct FtpWrite {
    files: Ftp,
    path: String,
    temporary: String,
    ftp: AsyncRustlsFtpStream,
    stream: Option<Stream>,
    broken: Option<Error>,
}

impl fmt::Debug for FtpWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FtpWrite")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl FtpWrite {
    pub(super) async fn begin(
        files: Ftp,
        mut ftp: AsyncRustlsFtpStream,
        path: &str,
        temporary: String,
    ) -> Result<Self, Error> {
        let tried = format!("write the file {path} on");
        let begun = within(ftp.put_with_stream(&temporary), &files.place(), &tried).await;
        let stream = match begun {
            Ok(stream) => stream,
            Err(error) => return files.settle(ftp, Err(error)),
        };
        Ok(Self {
            files,
            path: path.to_owned(),
            temporary,
            ftp,
            stream: Some(stream),
            broken: None,
        })
    }

    /// A server whose disk is full ends the data connection, and says why on the other.
    async fn refused(&mut self, error: Error) -> Error {
        let tried = self.tried();
        let told = match self.stream.take() {
            Some(stream) => match within(stream.finish(), &self.files.place(), &tried).await {
                Err(told) if told.trouble != Trouble::Unreachable => told,
                Ok(()) | Err(_) => error,
            },
            None => error,
        };
        self.broken = Some(told.clone());
        told
    }

    fn tried(&self) -> String {
        format!("write the file {} on", self.path)
    }

    async fn put_in_place(&mut self) -> Result<(), Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let (place, tried) = (self.files.place(), self.tried());
        if let Some(stream) = self.stream.take() {
            within(stream.finish(), &place, &tried).await?;
        }
        let (temporary, path) = (self.temporary.as_str(), self.path.as_str());
        let tried = format!("put the file {path} in its place on");
        let renamed = within(self.ftp.rename(temporary, path), &place, &tried).await;
        match renamed {
            // Some servers rename over nothing.
            Err(error) if error.trouble != Trouble::Unreachable => {
                let removed = within(self.ftp.rm(path), &place, &tried).await;
                removed.map_err(|_same| error)?;
                within(self.ftp.rename(temporary, path), &place, &tried).await
            }
            other => other,
        }
    }

    async fn remove(&mut self) -> Result<(), Error> {
        let place = self.files.place();
        if let Some(stream) = self.stream.take() {
            // However it ends, it has to end before the file can be removed.
            drop(within(stream.finish(), &place, "end").await);
        }
        let tried = format!("remove the temporary file {} on", self.temporary);
        within(self.ftp.rm(&self.temporary), &place, &tried).await
    }
}

#[async_trait]
impl WriteFile for FtpWrite {
    async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let (place, tried) = (self.files.place(), self.tried());
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        for part in piece.chunks(PIECE_BYTES) {
            let write = async {
                stream
                    .write_all(part)
                    .await
                    .map_err(FtpError::ConnectionError)
            };
            if let Err(error) = within(write, &place, &tried).await {
                return Err(self.refused(error).await);
            }
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Error> {
        let put = self.put_in_place().await;
        if put.is_err() {
            // The first trouble is what counts; the next writer removes what stays.
            drop(self.remove().await);
        }
        let Self { files, ftp, .. } = *self;
        files.settle(ftp, put)
    }

    async fn discard(mut self: Box<Self>) -> Result<(), Error> {
        let removed = self.remove().await;
        let Self { files, ftp, .. } = *self;
        files.settle(ftp, removed)
    }
}
