//! What is asked of an SFTP server, each request until its answer or the end of the connection.
//!
//! The session of the library keeps what is asked while its connection ends waiting for as long as an answer may take.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use russh_sftp::client::error::Error;
use russh_sftp::client::rawsession::Limits;
use russh_sftp::client::{Config, RawSftpSession};
use russh_sftp::extensions::{LimitsExtension, Statvfs};
use russh_sftp::protocol::{
    Attrs, Data, FileAttributes, Handle, Name, OpenFlags, Packet, Status, Version,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

type Answer<T> = Result<T, Error>;

/// One session.
pub(super) struct Session {
    asked: RawSftpSession,
    /// Its other side goes when nothing more can come from the server.
    ended: watch::Receiver<()>,
}

impl Session {
    pub(super) fn new<S>(stream: S, config: Config) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (lives, ended) = watch::channel(());
        let stream = Watched {
            stream,
            lives: Some(lives),
        };
        Self {
            asked: RawSftpSession::new_with_config(stream, config),
            ended,
        }
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.asked.set_limits(limits);
    }

    /// The first look sends the request. An answer that came before the end counts.
    async fn until_end<T>(&self, request: impl Future<Output = Answer<T>>) -> Answer<T> {
        let mut ended = self.ended.clone();
        tokio::select! {
            biased;
            answer = request => answer,
            // Nobody ever changes what is watched.
            _ = ended.changed() => Err(Error::UnexpectedBehavior("the session ended".to_owned())),
        }
    }

    pub(super) async fn init(&self) -> Answer<Version> {
        self.until_end(self.asked.init()).await
    }

    pub(super) async fn limits(&self) -> Answer<LimitsExtension> {
        self.until_end(self.asked.limits()).await
    }

    pub(super) async fn open(
        &self,
        path: &str,
        flags: OpenFlags,
        attributes: FileAttributes,
    ) -> Answer<Handle> {
        self.until_end(self.asked.open(path, flags, attributes))
            .await
    }

    pub(super) async fn close(&self, handle: String) -> Answer<Status> {
        self.until_end(self.asked.close(handle)).await
    }

    pub(super) async fn read(&self, handle: String, offset: u64, length: u32) -> Answer<Data> {
        self.until_end(self.asked.read(handle, offset, length))
            .await
    }

    pub(super) async fn write(&self, handle: String, offset: u64, data: Vec<u8>) -> Answer<Status> {
        self.until_end(self.asked.write(handle, offset, data)).await
    }

    pub(super) async fn stat(&self, path: &str) -> Answer<Attrs> {
        self.until_end(self.asked.stat(path)).await
    }

    pub(super) async fn lstat(&self, path: &str) -> Answer<Attrs> {
        self.until_end(self.asked.lstat(path)).await
    }

    pub(super) async fn setstat(&self, path: &str, attributes: FileAttributes) -> Answer<Status> {
        self.until_end(self.asked.setstat(path, attributes)).await
    }

    pub(super) async fn readlink(&self, path: &str) -> Answer<Name> {
        self.until_end(self.asked.readlink(path)).await
    }

    pub(super) async fn opendir(&self, path: &str) -> Answer<Handle> {
        self.until_end(self.asked.opendir(path)).await
    }

    pub(super) async fn readdir(&self, handle: &str) -> Answer<Name> {
        self.until_end(self.asked.readdir(handle)).await
    }

    pub(super) async fn remove(&self, path: &str) -> Answer<Status> {
        self.until_end(self.asked.remove(path)).await
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Answer<Status> {
        self.until_end(self.asked.rename(from, to)).await
    }

    pub(super) async fn fsync(&self, handle: &str) -> Answer<Status> {
        self.until_end(self.asked.fsync(handle)).await
    }

    pub(super) async fn statvfs(&self, path: &str) -> Answer<Statvfs> {
        self.until_end(self.asked.statvfs(path)).await
    }

    pub(super) async fn extended(&self, request: &str, data: Vec<u8>) -> Answer<Packet> {
        self.until_end(self.asked.extended(request, data)).await
    }
}

/// A stream that tells when nothing more can come out of it.
struct Watched<S> {
    stream: S,
    lives: Option<watch::Sender<()>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let is_over = match &read {
            Poll::Ready(Ok(())) => buffer.remaining() > 0 && buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if is_over {
            self.lives = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_asked_of_a_connection_that_ended_is_answered_at_once() {
        let (near, mut far) = duplex(64);
        let config = Config {
            request_timeout_secs: 3600,
            ..Config::default()
        };
        let session = Session::new(near, config);
        let hello = async {
            far.read_u8().await.unwrap();
            // Version 3: length, kind, number.
            far.write_all(&[0, 0, 0, 5, 2, 0, 0, 0, 3]).await.unwrap();
        };
        let (version, ()) = tokio::join!(session.init(), hello);
        assert_eq!(version.unwrap().version, 3);
        // More than the line takes: whoever passes it on is stuck, and learns of no end.
        let stuck = session.write("h".to_owned(), 0, vec![7; 4096]);
        let ended = async {
            far.shutdown().await.unwrap();
        };
        let (told, ()) = tokio::join!(stuck, ended);
        assert!(told.is_err(), "{told:?}");
        let later = tokio::time::timeout(Duration::from_secs(20), session.stat("/x"));
        assert!(later.await.expect("it is told").is_err());
    }
}
