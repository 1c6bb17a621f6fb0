//! Sockets: one for the gossip's trait and for that of QUIC.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bytes::Bytes;
use peerflow_gossip::DatagramSocket;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use super::links::Kind;
use super::{OVERHEAD, SimNet};

/// What an inbox keeps, in bytes.
const INBOX: usize = 4 * 1024 * 1024;

/// What has come into a socket and was not read yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    arrived: VecDeque<(SocketAddr, Bytes)>,
    taken: usize,
    /// Whoever waits for the next one; the last to ask.
    waker: Option<Waker>,
}

impl Inbox {
    /// Keeps a datagram; tells whether there was room for it.
    pub(super) fn put(&mut self, from: SocketAddr, content: Bytes) -> bool {
        let with_it = self.taken + content.len() + OVERHEAD;
        if with_it > INBOX {
            return false;
        }
        self.taken = with_it;
        self.arrived.push_back((from, content));
        true
    }

    pub(super) fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    fn read(&mut self) -> Option<(SocketAddr, Bytes)> {
        let (from, content) = self.arrived.pop_front()?;
        self.taken = self.taken.saturating_sub(content.len() + OVERHEAD);
        Some((from, content))
    }
}

/// A socket; its address is free again when it is dropped.
pub(super) struct SimSocket {
    net: SimNet,
    address: SocketAddr,
    kind: Kind,
}

impl SimSocket {
    pub(super) fn new(net: SimNet, address: SocketAddr, kind: Kind) -> Self {
        Self { net, address, kind }
    }

    fn send(&self, to: SocketAddr, content: &[u8]) -> io::Result<()> {
        let now = self.net.clock.now();
        self.net
            .state()
            .send(now, (self.address, self.kind), to, content)
    }

    /// The next datagrams, up to so many but at least one.
    fn poll(&self, cx: &Context<'_>, most: usize) -> Poll<io::Result<Vec<(SocketAddr, Bytes)>>> {
        let mut state = self.net.state();
        let Some(inbox) = state.inbox(self.address) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let read: Vec<_> = std::iter::from_fn(|| inbox.read()).take(most).collect();
        if !read.is_empty() || most == 0 {
            return Poll::Ready(Ok(read));
        }
        let last = inbox.waker.replace(cx.waker().clone());
        // Dropping a waker can drop its task, and sockets with it.
        drop(state);
        drop(last);
        Poll::Pending
    }
}

impl fmt::Debug for SimSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimSocket")
            .field("address", &self.address)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        let inbox = self.net.state().unbind(self.address);
        drop(inbox);
    }
}

#[async_trait]
impl DatagramSocket for SimSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        self.send(to, datagram)
    }

    /// What does not fit into the buffer is cut off, as UDP does.
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            let read = std::future::poll_fn(|cx| self.poll(cx, 1)).await?;
            if let Some((from, content)) = read.first() {
                return Ok((copy(content, buffer), *from));
            }
        }
    }
}

impl AsyncUdpSocket for SimSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    /// What the network refuses is lost without a word, as from quinn's own sockets: an error would end the connection.
    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let whole = transmit.contents.len().max(1);
        let segment = transmit.segment_size.filter(|size| *size > 0);
        for datagram in transmit.contents.chunks(segment.unwrap_or(whole)) {
            if let Err(error) = self.send(transmit.destination, datagram) {
                tracing::debug!(%error, to = %transmit.destination, "a datagram cannot be sent");
            }
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let most = bufs.len().min(meta.len());
        let Poll::Ready(read) = self.poll(cx, most)? else {
            return Poll::Pending;
        };
        for (((from, content), buffer), meta) in read.iter().zip(bufs).zip(meta) {
            let length = copy(content, buffer);
            *meta = RecvMeta {
                addr: *from,
                len: length,
                stride: length,
                ecn: None,
                dst_ip: Some(self.address.ip()),
            };
        }
        Poll::Ready(Ok(read.len()))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    fn may_fragment(&self) -> bool {
        false
    }
}

/// Copies as much as there is room for; tells how much that is.
fn copy(content: &[u8], buffer: &mut [u8]) -> usize {
    let length = content.len().min(buffer.len());
    if let (Some(room), Some(content)) = (buffer.get_mut(..length), content.get(..length)) {
        room.copy_from_slice(content);
    }
    length
}

/// A socket that always takes what is sent.
#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
