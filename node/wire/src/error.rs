//! What can go wrong between peers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use peerflow_model::NodeId;
use quinn::{ConnectionError, ReadError, VarInt, WriteError};

use crate::codec::FrameError;

/// Why two peers did not understand each other.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen for peers on {address}; choose another rpc.listen")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("cannot make this node's certificate")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot set up TLS")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a node id has 1 to {limit} bytes and {node:?} has {}; shorten node.id", node.len())]
    NodeIdLength { node: String, limit: usize },
    #[error("cannot reach {peer} at {address}: {reason}")]
    Unreachable {
        peer: NodeId,
        address: SocketAddr,
        reason: String,
    },
    #[error(
        "{address} is no peer of this cluster: the secret or the cluster's name differs ({detail}); give both nodes the \
         same cluster.name and cluster.secret_file"
    )]
    Stranger { address: SocketAddr, detail: String },
    #[error(
        "{address} is node {found} and not {expected}; check the addresses that the nodes advertise"
    )]
    OtherNode {
        address: SocketAddr,
        expected: NodeId,
        found: NodeId,
    },
    #[error("{peer} at {address} refused the connection: {reason}")]
    Refused {
        peer: NodeId,
        address: SocketAddr,
        reason: String,
    },
    #[error("{peer} at {address} was refused: {reason}")]
    Unfit {
        peer: NodeId,
        address: SocketAddr,
        reason: String,
    },
    #[error("the connection is lost: {reason}")]
    Lost { reason: String },
    #[error("the peer has as many streams open as it may; try again when some of them ended")]
    TooManyStreams,
    #[error("the peer took nothing for {} s", after.as_secs_f32())]
    Stalled { after: Duration },
    #[error("the peer ended the stream: {reason}")]
    Ended { reason: String },
    #[error("the peer ended the stream without an answer")]
    NoAnswer,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("this node no longer talks to peers; it is stopping")]
    Closed,
}

/// Why a stream was ended before its time, as the other side is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StreamEnd {
    /// A message broke off within a frame.
    BrokenOff = 1,
    /// What came was not understood.
    NotUnderstood = 2,
    /// Nothing came for too long.
    TooSlow = 3,
}

impl StreamEnd {
    pub(crate) fn code(self) -> VarInt {
        VarInt::from_u32(self as u32)
    }

    fn text(code: VarInt) -> String {
        match code.into_inner() {
            // What QUIC says of a stream that was let go of.
            0 => "it no longer reads or writes it".to_owned(),
            1 => "it broke off within a message".to_owned(),
            2 => "it did not understand what came; the two nodes' releases may be too far apart"
                .to_owned(),
            3 => "it waited too long for the first message".to_owned(),
            other => format!("code {other}, which this release does not know"),
        }
    }
}

impl From<ConnectionError> for Error {
    fn from(error: ConnectionError) -> Self {
        Self::Lost {
            reason: reason_of(&error),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Reset(code) => Self::Ended {
                reason: StreamEnd::text(code),
            },
            ReadError::ConnectionLost(error) => error.into(),
            ReadError::ClosedStream
            | ReadError::IllegalOrderedRead
            | ReadError::ZeroRttRejected => Self::Ended {
                reason: "it was ended here".to_owned(),
            },
        }
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Stopped(code) => Self::Ended {
                reason: StreamEnd::text(code),
            },
            WriteError::ConnectionLost(error) => error.into(),
            WriteError::ClosedStream | WriteError::ZeroRttRejected => Self::Ended {
                reason: "it was finished here".to_owned(),
            },
        }
    }
}

/// Why a connection ended, in words.
pub(crate) fn reason_of(error: &ConnectionError) -> String {
    match error {
        ConnectionError::TimedOut => "the peer no longer answers".to_owned(),
        ConnectionError::ApplicationClosed(close) if !close.reason.is_empty() => {
            format!(
                "the peer closed it: {}",
                String::from_utf8_lossy(&close.reason)
            )
        }
        ConnectionError::ApplicationClosed(_) => "the peer closed it".to_owned(),
        ConnectionError::LocallyClosed => "this node closed it".to_owned(),
        ConnectionError::Reset => "the peer was started anew".to_owned(),
        ConnectionError::VersionMismatch
        | ConnectionError::TransportError(_)
        | ConnectionError::ConnectionClosed(_)
        | ConnectionError::CidsExhausted => error.to_string(),
    }
}

/// The TLS alert that ended the handshake, whichever side raised it.
pub(crate) fn tls_failure(error: &ConnectionError) -> Option<String> {
    /// QUIC says a TLS alert as this code plus the alert's number.
    const ALERTS: std::ops::Range<u64> = 0x100..0x200;
    let (code, text) = match error {
        ConnectionError::TransportError(error) => (error.code, error.to_string()),
        ConnectionError::ConnectionClosed(close) => (close.error_code, close.to_string()),
        _ => return None,
    };
    ALERTS.contains(&u64::from(code)).then_some(text)
}
