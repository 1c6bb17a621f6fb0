//! A connection to a peer that has proved who it is.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{RecvStream, SendStream, VarInt};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::error::{Error, reason_of};
use crate::hello::PeerHello;
use crate::incoming::{self, IncomingStream};
use crate::limits::Limits;
use crate::message::{Message, Version};
use crate::messages::{AskAnswer, AskedMessage, Opening, Pong};
use crate::meters::Meters;
use crate::streams::{Receiver, Sender};

/// Code with which a connection is closed: the words beside it say why.
pub(crate) const CLOSED: VarInt = VarInt::from_u32(0);
/// Bytes of a reason for closing; it must fit one packet.
const REASON_BYTES: usize = 500;

/// A connection to a peer that has proved who it is. Cheap to clone; closed when the last clone and all of its streams
/// are dropped.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    connection: quinn::Connection,
    peer: PeerHello,
    limits: Arc<Limits>,
    meters: Arc<Meters>,
    /// Streams whose opening has arrived. The lock is the line of those who wait for one; nothing else is done under it.
    incoming: Mutex<mpsc::Receiver<(Opening, IncomingStream)>>,
    /// Reads the openings; ends with the last clone.
    _reader: JoinSet<()>,
}

impl Connection {
    pub(crate) fn new(
        connection: quinn::Connection,
        peer: PeerHello,
        limits: Arc<Limits>,
        meters: Arc<Meters>,
    ) -> Self {
        let (ready, incoming) = mpsc::channel(incoming::WAITING);
        let mut reader = JoinSet::new();
        reader.spawn(incoming::read_openings(
            connection.clone(),
            peer.version,
            Arc::clone(&limits),
            Arc::clone(&meters),
            ready,
        ));
        let inner = Inner {
            connection,
            peer,
            limits,
            meters,
            incoming: Mutex::new(incoming),
            _reader: reader,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// What the peer said of itself when the connection came up.
    pub fn peer(&self) -> &PeerHello {
        &self.inner.peer
    }

    /// Where the peer is now.
    pub fn remote_address(&self) -> SocketAddr {
        self.inner.connection.remote_address()
    }

    /// Tells this connection from others of the same endpoint, also to the same peer.
    pub fn number(&self) -> usize {
        self.inner.connection.stable_id()
    }

    /// How long a packet takes there and back, as QUIC guesses.
    pub fn round_trip_time(&self) -> Duration {
        self.inner.connection.rtt()
    }

    /// Opens a stream; the opening goes out with it.
    ///
    /// # Errors
    /// When the connection is over, or the peer has as many streams open as it may.
    pub async fn open<S: Message, R: Message>(
        &self,
        opening: &Opening,
    ) -> Result<(Sender<S>, Receiver<R>), Error> {
        let (send, receive) = timeout(self.inner.limits.opening, self.inner.connection.open_bi())
            .await
            .map_err(|_elapsed| Error::TooManyStreams)??;
        let version = self.inner.peer.version;
        let mut sender: Sender<Opening> = self.sender(send, version);
        sender.send(opening).await?;
        Ok((sender.retype(), self.receiver(receive)))
    }

    /// The next stream that the peer opened; an error once the connection is over. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Why the connection is over.
    pub async fn accept(&self) -> Result<(Opening, IncomingStream), Error> {
        let next = self.inner.incoming.lock().await.recv().await;
        match next {
            Some(stream) => Ok(stream),
            None => Err(self.closed().await),
        }
    }

    /// Asks the peer, which should be the master, and waits for the answer: bounded only by the connection's life, since
    /// the answer comes once it is durable.
    ///
    /// # Errors
    /// When the answer cannot come any more. What was asked may still happen.
    pub async fn ask(&self, key: Option<String>, what: AskedMessage) -> Result<AskAnswer, Error> {
        let opening = Opening::Ask {
            key,
            what: Box::new(what),
        };
        self.request(&opening).await
    }

    /// How long the peer takes to answer now; its node must answer [`Opening::Ping`].
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn ping(&self) -> Result<Duration, Error> {
        let started = Instant::now();
        self.request::<Pong>(&Opening::Ping).await?;
        Ok(started.elapsed())
    }

    /// Waits until the connection is over, and tells why.
    pub async fn closed(&self) -> Error {
        self.inner.connection.closed().await.into()
    }

    /// Why the connection is over; `None` while it is up.
    pub fn close_reason(&self) -> Option<String> {
        self.inner.connection.close_reason().as_ref().map(reason_of)
    }

    /// Closes the connection at once; what was sent and has not arrived is lost. The peer is told the reason.
    pub fn close(&self, reason: &str) {
        close(&self.inner.connection, reason);
    }

    /// The bare connection, for tests that break rules.
    #[cfg(test)]
    pub(crate) fn quic(&self) -> &quinn::Connection {
        &self.inner.connection
    }

    async fn request<A: Message>(&self, opening: &Opening) -> Result<A, Error> {
        let (mut sender, mut receiver) = self.open::<Opening, A>(opening).await?;
        sender.finish().await?;
        receiver.expect().await
    }

    fn sender<S: Message>(&self, stream: SendStream, version: Version) -> Sender<S> {
        let meters = Arc::clone(&self.inner.meters);
        Sender::new(stream, version, self.inner.limits.stall, meters)
    }

    fn receiver<R: Message>(&self, stream: RecvStream) -> Receiver<R> {
        let versions = Version::OLDEST..=Version::NEWEST;
        Receiver::new(stream, versions, Arc::clone(&self.inner.meters))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.inner.peer.node)
            .field("address", &self.remote_address())
            .finish_non_exhaustive()
    }
}

/// Closes with a reason, cut where it would not fit.
pub(crate) fn close(connection: &quinn::Connection, reason: &str) {
    let end = reason.floor_char_boundary(REASON_BYTES);
    connection.close(CLOSED, &reason.as_bytes()[..end]);
}
