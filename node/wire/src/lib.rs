//! What peers say to each other, and how: frames, TLS from the cluster secret, QUIC connections.
//!
//! A node has one [`Endpoint`]. A [`Connection`] from it is to a peer that has proved who it is; each stream on it begins
//! with an [`Opening`] that says what it is for, and then carries messages of one type each way.

mod caller;
mod codec;
mod connection;
mod door;
mod endpoint;
mod error;
mod hello;
mod incoming;
mod limits;
mod message;
mod messages;
mod meters;
mod network;
mod secret;
mod streams;
#[cfg(test)]
mod tests;
mod tls;

pub use codec::{Body, FrameError};
pub use connection::Connection;
pub use endpoint::{Endpoint, EndpointConfig};
pub use error::Error;
pub use hello::{EpochSource, PeerHello};
pub use incoming::IncomingStream;
pub use limits::Limits;
pub use message::{Message, Version};
pub use messages::*;
pub use meters::MeterReadings;
pub use network::Network;
pub use secret::{ClusterSecret, SecretError};
pub use streams::{Receiver, Sender};
pub use tls::ClusterTls;
