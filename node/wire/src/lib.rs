//! What peers say to each other, and how: frames, TLS from the cluster secret, QUIC connections.

#[expect(dead_code, reason = "the streams that call it follow")]
mod codec;
mod message;
mod messages;
mod secret;

pub use codec::{Body, FrameError};
pub use message::{Message, Version};
pub use messages::*;
pub use secret::{ClusterSecret, SecretError};
