//! The form of a datagram: sealed, so that only who has the cluster's key can read or make one.
//!
//! ```text
//! 1 byte    version, 1
//! 8 bytes   the sender's wall-clock time, milliseconds since 1970, big endian
//! 24 bytes  nonce, random
//! rest      XChaCha20-Poly1305 of (length of the sender's id, its id, the message), and its tag of 16 bytes
//! ```
//!
//! Associated data: a label of this protocol, the cluster's name, and the nine bytes before the nonce.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use jiff::Timestamp;
use peerflow_model::NodeId;
use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::key::GossipKey;
use crate::value::node_id;

/// First byte of a datagram of this form.
pub(crate) const VERSION: u8 = 1;
/// Longest datagram that UDP over IPv4 can carry, in bytes.
pub(crate) const LONGEST: usize = 65_507;
const LABEL: &[u8] = b"peerflow gossip datagram";
const TIME_AT: usize = 1;
const NONCE_AT: usize = TIME_AT + 8;
const SEALED_AT: usize = NONCE_AT + 24;
const TAG: usize = 16;

/// What makes each datagram of a key unique.
pub(crate) type Nonce = [u8; 24];

/// Seals and opens datagrams of one cluster.
pub(crate) struct Seal {
    cipher: XChaCha20Poly1305,
    /// Label and cluster, the part of the associated data that never changes.
    context: Vec<u8>,
}

/// A datagram that was opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Who sealed it, as it says itself.
    pub(crate) sender: NodeId,
    /// When it was sealed, by the sender's clock, in milliseconds since 1970.
    pub(crate) sealed_at_ms: i64,
    pub(crate) nonce: Nonce,
    pub(crate) message: Vec<u8>,
}

/// Why a datagram could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has not the form of one.
    Malformed,
    /// Another key, another cluster, or changed on its way.
    WrongKey,
}

/// No datagram could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsealed {
    /// It would be too long for UDP.
    TooLarge,
    /// The system gave no random bytes.
    NoRandomness,
}

impl Seal {
    pub(crate) fn new(key: &GossipKey, cluster: &str) -> Self {
        let mut context = Vec::with_capacity(LABEL.len() + cluster.len() + 8);
        context.extend_from_slice(LABEL);
        context.extend_from_slice(&(cluster.len() as u64).to_be_bytes());
        context.extend_from_slice(cluster.as_bytes());
        Self {
            cipher: XChaCha20Poly1305::new(key.bytes().into()),
            context,
        }
    }

    /// The datagram that carries `message` from `sender` at this time.
    pub(crate) fn seal(
        &self,
        sender: &NodeId,
        now: Timestamp,
        message: &[u8],
    ) -> Result<Vec<u8>, Unsealed> {
        let mut nonce = Nonce::default();
        OsRng
            .try_fill_bytes(&mut nonce)
            .map_err(|_error| Unsealed::NoRandomness)?;
        self.seal_with(nonce, sender, now, message)
    }

    /// Sealing with a nonce, which must never be used twice with one key.
    fn seal_with(
        &self,
        nonce: Nonce,
        sender: &NodeId,
        now: Timestamp,
        message: &[u8],
    ) -> Result<Vec<u8>, Unsealed> {
        let id = sender.as_str().as_bytes();
        let id_length = u8::try_from(id.len()).map_err(|_error| Unsealed::TooLarge)?;
        if SEALED_AT + 1 + id.len() + message.len() + TAG > LONGEST {
            return Err(Unsealed::TooLarge);
        }
        let mut plain = Vec::with_capacity(1 + id.len() + message.len());
        plain.push(id_length);
        plain.extend_from_slice(id);
        plain.extend_from_slice(message);
        let mut datagram = Vec::with_capacity(SEALED_AT + plain.len() + TAG);
        datagram.push(VERSION);
        datagram.extend_from_slice(&now.as_millisecond().to_be_bytes());
        let associated = self.associated(&datagram);
        datagram.extend_from_slice(&nonce);
        let payload = Payload {
            msg: &plain,
            aad: &associated,
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_error| Unsealed::TooLarge)?;
        datagram.extend_from_slice(&sealed);
        Ok(datagram)
    }

    /// Opens what arrived. Its time and whether it came before are not judged here.
    pub(crate) fn open(&self, datagram: &[u8]) -> Result<Opened, Refusal> {
        let (head, sealed) = datagram
            .split_at_checked(SEALED_AT)
            .filter(|(head, sealed)| head[0] == VERSION && sealed.len() > TAG)
            .ok_or(Refusal::Malformed)?;
        let time = head[TIME_AT..NONCE_AT]
            .try_into()
            .map_err(|_error| Refusal::Malformed)?;
        let nonce: Nonce = head[NONCE_AT..]
            .try_into()
            .map_err(|_error| Refusal::Malformed)?;
        let payload = Payload {
            msg: sealed,
            aad: &self.associated(&head[..NONCE_AT]),
        };
        let plain = self
            .cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_error| Refusal::WrongKey)?;
        let (sender, message) = split_sender(&plain).ok_or(Refusal::Malformed)?;
        Ok(Opened {
            sender,
            sealed_at_ms: i64::from_be_bytes(time),
            nonce,
            message: message.to_vec(),
        })
    }

    fn associated(&self, head: &[u8]) -> Vec<u8> {
        let mut associated = Vec::with_capacity(self.context.len() + head.len());
        associated.extend_from_slice(&self.context);
        associated.extend_from_slice(head);
        associated
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(hidden)")
    }
}

/// The sender's id and the message behind it.
fn split_sender(plain: &[u8]) -> Option<(NodeId, &[u8])> {
    let (length, rest) = plain.split_first()?;
    let (id, message) = rest.split_at_checked(usize::from(*length))?;
    Some((node_id(std::str::from_utf8(id).ok()?)?, message))
}

#[cfg(test)]
mod tests;
