//! Streams of messages, one type each way.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use quinn::{RecvStream, SendStream, WriteError};
use tokio::time::timeout;

use crate::codec::{self, FrameError};
use crate::error::{Error, StreamEnd};
use crate::message::{Message, Version};
use crate::meters::Meters;

/// Bytes that are gathered before they are handed to QUIC.
const BATCH: usize = 256 * 1024;
/// Bytes that are taken from QUIC at once.
const CHUNK: usize = 64 * 1024;
/// Bytes of buffer that are kept between messages.
const KEPT: usize = 1024 * 1024;

/// Sends messages. Dropping it ends the stream after what was sent; the other side then gets `None`.
pub struct Sender<M> {
    outlet: Outlet,
    message: PhantomData<fn(&M)>,
}

impl<M: Message> Sender<M> {
    pub(crate) fn new(
        stream: SendStream,
        version: Version,
        stall: Duration,
        meters: Arc<Meters>,
    ) -> Self {
        let outlet = Outlet {
            stream,
            version,
            buffer: BytesMut::new(),
            stall,
            meters,
        };
        Self {
            outlet,
            message: PhantomData,
        }
    }

    /// Sends one message; waits while the other side is slower. When the future is dropped the message goes out before the
    /// next one, if there is one.
    ///
    /// # Errors
    /// When the message is too large, which leaves the stream as it was; or when the stream is over.
    pub async fn send(&mut self, message: &M) -> Result<(), Error> {
        self.outlet.gather(message)?;
        self.outlet.flush().await
    }

    /// Sends messages in their order, many in one write.
    ///
    /// # Errors
    /// As [`Self::send`]. Those before one that is too large are sent, those after it are not.
    pub async fn send_all<'m, I>(&mut self, messages: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = &'m M>,
    {
        let mut gathered = Ok(());
        for message in messages {
            gathered = self.outlet.gather(message);
            if gathered.is_err() {
                break;
            }
            if self.outlet.buffer.len() >= BATCH {
                self.outlet.flush().await?;
            }
        }
        self.outlet.flush().await?;
        gathered
    }

    /// Nothing more comes. What was sent still arrives, as long as the connection lives.
    ///
    /// # Errors
    /// When the stream is over already.
    pub async fn finish(&mut self) -> Result<(), Error> {
        self.outlet.flush().await?;
        // Only a second call finds the stream finished, and that changes nothing.
        drop(self.outlet.stream.finish());
        Ok(())
    }

    /// Waits until the other side has received all that was sent before [`Self::finish`].
    ///
    /// # Errors
    /// When it did not within [`crate::Limits::stall`], or has let go of the stream.
    pub async fn delivered(&self) -> Result<(), Error> {
        let after = self.outlet.stall;
        match timeout(after, self.outlet.stream.stopped()).await {
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(code))) => Err(WriteError::Stopped(code).into()),
            Ok(Err(error)) => Err(WriteError::from(error).into()),
            Err(_elapsed) => Err(Error::Stalled { after }),
        }
    }

    /// Waits until the other side no longer reads, or the connection is lost. Holds no borrow of the sender.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let stopped = self.outlet.stream.stopped();
        async move {
            // However it came, nobody reads any more.
            drop(stopped.await);
        }
    }

    /// The same stream from here on with messages of another type.
    pub(crate) fn retype<N: Message>(self) -> Sender<N> {
        Sender {
            outlet: self.outlet,
            message: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Sender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("stream", &self.outlet.stream.id())
            .finish_non_exhaustive()
    }
}

/// What a sender is, whatever it sends.
struct Outlet {
    stream: SendStream,
    version: Version,
    /// Written frames that QUIC has not taken yet.
    buffer: BytesMut,
    stall: Duration,
    meters: Arc<Meters>,
}

impl Outlet {
    fn gather<M: Message>(&mut self, message: &M) -> Result<(), Error> {
        codec::encode(self.version, message, &mut self.buffer)?;
        self.meters.frames_sent.add(1);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        while !self.buffer.is_empty() {
            let written = timeout(self.stall, self.stream.write(&self.buffer))
                .await
                .map_err(|_elapsed| Error::Stalled { after: self.stall })??;
            self.meters.bytes_sent.add(written);
            self.buffer.advance(written);
        }
        if self.buffer.capacity() > KEPT {
            self.buffer = BytesMut::new();
        }
        Ok(())
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        if !self.buffer.is_empty() {
            // Part of a frame may be out: the other side must not take it for an orderly end.
            drop(self.stream.reset(StreamEnd::BrokenOff.code()));
        }
    }
}

/// Receives messages. Dropping it tells the other side to send no more.
pub struct Receiver<M> {
    stream: RecvStream,
    versions: RangeInclusive<Version>,
    /// Bytes that came and were not read as messages yet.
    buffer: BytesMut,
    meters: Arc<Meters>,
    message: PhantomData<fn() -> M>,
}

impl<M: Message> Receiver<M> {
    pub(crate) fn new(
        stream: RecvStream,
        versions: RangeInclusive<Version>,
        meters: Arc<Meters>,
    ) -> Self {
        Self {
            stream,
            versions,
            buffer: BytesMut::new(),
            meters,
            message: PhantomData,
        }
    }

    /// The next message; `None` when the other side has ended the stream. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the stream broke off, or what came is no message: then nothing more is read from it.
    pub async fn receive(&mut self) -> Result<Option<M>, Error> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            match self.stream.read_chunk(CHUNK, true).await? {
                Some(chunk) => {
                    self.meters.bytes_received.add(chunk.bytes.len());
                    self.buffer.extend_from_slice(&chunk.bytes);
                }
                None if self.buffer.is_empty() => return Ok(None),
                None => {
                    let bytes = self.buffer.len();
                    self.buffer.clear();
                    let truncated = FrameError::Truncated {
                        what: M::NAME,
                        bytes,
                    };
                    return Err(self.give_up(truncated));
                }
            }
        }
    }

    /// The next message where one is due: an end instead of it is an error.
    ///
    /// # Errors
    /// As [`Self::receive`], and when the stream ends.
    pub async fn expect(&mut self) -> Result<M, Error> {
        self.receive().await?.ok_or(Error::NoAnswer)
    }

    /// A message that is here already; does not wait. For who works through all that came before going on.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn take(&mut self) -> Result<Option<M>, Error> {
        match codec::decode(&self.versions, &mut self.buffer) {
            Ok(Some(message)) => {
                self.meters.frames_received.add(1);
                if self.buffer.is_empty() && self.buffer.capacity() > KEPT {
                    self.buffer = BytesMut::new();
                }
                Ok(Some(message))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.give_up(error)),
        }
    }

    fn give_up(&mut self, error: FrameError) -> Error {
        self.meters.broken_streams.add(1);
        self.buffer.clear();
        // A stream that is over already need not be told.
        drop(self.stream.stop(StreamEnd::NotUnderstood.code()));
        error.into()
    }

    /// The same stream from here on with messages of another type.
    pub(crate) fn retype<N: Message>(self) -> Receiver<N> {
        Receiver {
            stream: self.stream,
            versions: self.versions,
            buffer: self.buffer,
            meters: self.meters,
            message: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Receiver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("stream", &self.stream.id())
            .finish_non_exhaustive()
    }
}
