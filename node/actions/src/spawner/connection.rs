//! The spawner's end of the socket: requests with their descriptors in, reports out, never blocking.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixAddr, recvmsg};

use super::codec::next_body;
use super::message::{Report, Request};

/// Bytes taken from the socket at once.
const CHUNK: usize = 64 * 1024;

#[cfg(target_os = "linux")]
const RECEIVE: MsgFlags = MsgFlags::MSG_CMSG_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const RECEIVE: MsgFlags = MsgFlags::empty();

/// The socket, what was received of the next request, and reports that did not fit yet.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: UnixStream,
    received: Vec<u8>,
    /// In the order of the requests they belong to: the kernel keeps a message's descriptors with its first byte.
    descriptors: VecDeque<OwnedFd>,
    outgoing: Vec<u8>,
    chunk: Vec<u8>,
}

impl Connection {
    /// Takes the socket, which becomes non-blocking.
    pub(crate) fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            received: Vec::new(),
            descriptors: VecDeque::new(),
            outgoing: Vec::new(),
            chunk: vec![0; CHUNK],
        })
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether reports wait for room in the socket.
    pub(crate) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Receives what is there. False when the node has closed its end.
    pub(crate) fn receive(&mut self) -> io::Result<bool> {
        let mut space = nix::cmsg_space!([std::os::fd::RawFd; 8]);
        let mut slices = [IoSliceMut::new(&mut self.chunk)];
        let socket = self.socket.as_raw_fd();
        let message = match recvmsg::<UnixAddr>(socket, &mut slices, Some(&mut space), RECEIVE) {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(true),
            Err(errno) => return Err(errno.into()),
        };
        let mut arrived = Vec::new();
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(raw) = control {
                arrived.extend(raw);
            }
        }
        let length = message.bytes;
        for raw in arrived {
            #[expect(
                unsafe_code,
                reason = "the safe wrapper gives received descriptors as numbers"
            )]
            // SAFETY: the kernel has just made this descriptor for us and nobody else knows its number.
            let descriptor = unsafe { OwnedFd::from_raw_fd(raw) };
            if RECEIVE.is_empty() {
                fcntl(&descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
            }
            self.descriptors.push_back(descriptor);
        }
        self.received.extend_from_slice(&self.chunk[..length]);
        Ok(length > 0)
    }

    /// The next whole request. An error means that the other end is not our node.
    pub(crate) fn next_request(&mut self) -> io::Result<Option<Request>> {
        let body = next_body(&mut self.received).map_err(io::Error::other)?;
        body.map(|body| Request::decode(&body).map_err(io::Error::other))
            .transpose()
    }

    /// The next descriptor that came with a request.
    pub(crate) fn next_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptors.pop_front()
    }

    /// Queues a report; [`Self::flush`] sends it.
    pub(crate) fn report(&mut self, report: &Report) {
        self.outgoing.extend_from_slice(&report.encode());
    }

    /// Sends as much as the socket takes now.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.outgoing.is_empty() {
            match self.socket.write(&self.outgoing) {
                Ok(sent) => drop(self.outgoing.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
