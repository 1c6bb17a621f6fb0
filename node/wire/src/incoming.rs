//! Streams that a peer opens.

use std::fmt;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use quinn::SendStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::{Error, StreamEnd};
use crate::limits::Limits;
use crate::message::{Message, Version};
use crate::messages::Opening;
use crate::meters::Meters;
use crate::streams::{Receiver, Sender};

/// Opened streams that may wait to be accepted.
pub(crate) const WAITING: usize = 64;

/// A stream that a peer opened, before its messages have types.
pub struct IncomingStream {
    send: SendStream,
    receiver: Receiver<Opening>,
    version: Version,
    limits: Arc<Limits>,
    meters: Arc<Meters>,
}

impl IncomingStream {
    /// Gives its messages their types, as the opening says: what goes there, what comes from there.
    pub fn typed<S: Message, R: Message>(self) -> (Sender<S>, Receiver<R>) {
        let sender = Sender::new(self.send, self.version, self.limits.stall, self.meters);
        (sender, self.receiver.retype())
    }

    /// Sends the only answer that the opening asked for, and ends the stream.
    ///
    /// # Errors
    /// When the stream is over.
    pub async fn answer<S: Message>(self, answer: &S) -> Result<(), Error> {
        let (mut sender, _receiver) = self.typed::<S, Opening>();
        sender.send(answer).await?;
        sender.finish().await
    }
}

impl fmt::Debug for IncomingStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingStream")
            .field("stream", &self.send.id())
            .finish_non_exhaustive()
    }
}

/// Reads the openings of all streams that the peer opens, side by side so that a slow one holds up no other, until the
/// connection is over.
pub(crate) async fn read_openings(
    connection: quinn::Connection,
    version: Version,
    limits: Arc<Limits>,
    meters: Arc<Meters>,
    ready: mpsc::Sender<(Opening, IncomingStream)>,
) {
    let _counted = Counted::new(&meters);
    // No more at once than the peer may have streams open.
    let mut openings = FuturesUnordered::new();
    loop {
        let opened = tokio::select! {
            biased;
            Some(opened) = openings.next(), if !openings.is_empty() => opened,
            accepted = connection.accept_bi() => {
                let Ok((send, receive)) = accepted else { return };
                let stream = IncomingStream {
                    send,
                    receiver: Receiver::new(
                        receive,
                        Version::OLDEST..=Version::NEWEST,
                        Arc::clone(&meters),
                    ),
                    version,
                    limits: Arc::clone(&limits),
                    meters: Arc::clone(&meters),
                };
                openings.push(read_opening(stream));
                continue;
            }
        };
        if let Some(stream) = opened
            && ready.send(stream).await.is_err()
        {
            return;
        }
    }
}

/// The stream with its opening; `None` when none came, which ends the stream.
async fn read_opening(mut stream: IncomingStream) -> Option<(Opening, IncomingStream)> {
    let received = timeout(stream.limits.opening, stream.receiver.expect()).await;
    let end = match received {
        Ok(Ok(opening)) => return Some((opening, stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a peer opened a stream and did not say what for");
            StreamEnd::NotUnderstood
        }
        Err(_elapsed) => {
            tracing::debug!("a peer opened a stream and said nothing");
            StreamEnd::TooSlow
        }
    };
    // A stream that is over already need not be told.
    drop(stream.send.reset(end.code()));
    None
}

/// Counts a connection as long as it is up.
struct Counted(Arc<Meters>);

impl Counted {
    fn new(meters: &Arc<Meters>) -> Self {
        meters.connections.add(1);
        Self(Arc::clone(meters))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.subtract_one();
    }
}
