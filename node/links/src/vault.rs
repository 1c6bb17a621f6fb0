//! Seals the secrets of links, so that who reads the database does not read passwords.
//! [`form`] says how they lie there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use peerflow_model::LinkKind;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::link_words;
use crate::secrets::Secrets;
use form::{NONCE_BYTES, NotSealed, Sealed};

mod error;
mod form;
mod key_file;

pub use error::{Lost, VaultError};
pub use key_file::KEY_FILE;

const MARK_BYTES: usize = 8;
/// Keeps the keys made here apart from any other use of the key they come from.
const LABEL: &[u8] = b"peerflow link secrets";
/// Sealed secrets are as long as a multiple of this, so that their length does not tell that of a password.
const BLOCK: usize = 128;
/// What the secrets of one link may have together, in bytes: certificates and keys fit.
const MAX_SECRETS: usize = 16 * 1024;

/// Seals and opens the secrets of links.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    /// For [`Self::fingerprint`].
    telling: Zeroizing<[u8; 32]>,
    mark: [u8; MARK_BYTES],
    origin: Origin,
}

/// Where a vault's key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Cluster,
    File,
}

impl Vault {
    /// Seals with the key that follows from the cluster's secret (`ClusterSecret::links_key`).
    pub fn of_cluster(key: &[u8; 32]) -> Self {
        Self::new(key, Origin::Cluster)
    }

    /// Seals with the key of the file [`KEY_FILE`] in the data directory, for a single node without a secret. Makes the
    /// file, readable by its owner only, when there is none. Blocks for a moment; call it at the start.
    ///
    /// # Errors
    /// When the file cannot be read or made, or is no key.
    pub fn of_data_directory(directory: &Path) -> Result<Self, VaultError> {
        let key = key_file::read_or_make(directory)?;
        Ok(Self::new(&key, Origin::File))
    }

    fn new(key: &[u8; 32], origin: Origin) -> Self {
        let mut sealing = Zeroizing::new([0; 32]);
        let mut telling = Zeroizing::new([0; 32]);
        let mut mark = [0; MARK_BYTES];
        let derivation = Hkdf::<Sha256>::new(Some(LABEL), key);
        let short = "each is one block of SHA-256, far from the limit of 255 blocks";
        derivation.expand(b"seal", sealing.as_mut()).expect(short);
        derivation.expand(b"tell", telling.as_mut()).expect(short);
        derivation.expand(b"mark", &mut mark).expect(short);
        Self {
            cipher: XChaCha20Poly1305::new((&*sealing).into()),
            telling,
            mark,
            origin,
        }
    }

    /// Tells one content with secrets in it from another, to whoever has the key: others cannot guess the secrets by it,
    /// as they could by a plain hash. HMAC-SHA-256.
    pub fn fingerprint(&self, content: &[u8]) -> [u8; 32] {
        Hkdf::<Sha256>::extract(Some(self.telling.as_ref()), content)
            .0
            .into()
    }

    /// The sealed form of `secrets`, which only [`Self::open`] with the same kind and name opens. Empty when there are none.
    ///
    /// # Errors
    /// When the operating system gives no random numbers, or there is too much.
    pub fn seal(
        &self,
        kind: LinkKind,
        name: &str,
        secrets: &Secrets,
    ) -> Result<Vec<u8>, VaultError> {
        if secrets.is_empty() {
            return Ok(Vec::new());
        }
        let too_large = || VaultError::TooLarge {
            link: link_words(kind, name),
        };
        let named: BTreeMap<&str, &str> = secrets.iter().collect();
        let held: usize = named
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if held > MAX_SECRETS {
            return Err(too_large());
        }
        // Reserved at once: a vector that grows leaves copies of what it held.
        let mut plain = Zeroizing::new(Vec::with_capacity(held * 6 + named.len() * 8 + BLOCK * 2));
        serde_json::to_writer(&mut *plain, &named).map_err(|_never| too_large())?;
        let padded = plain.len().next_multiple_of(BLOCK);
        plain.resize(padded, b' ');
        let mut nonce = [0; NONCE_BYTES];
        OsRng
            .try_fill_bytes(&mut nonce)
            .map_err(|source| VaultError::NoRandomness {
                link: link_words(kind, name),
                source,
            })?;
        let names: Vec<&str> = named.keys().copied().collect();
        let (mut sealed, associated) =
            form::front(self.mark, nonce, &names, (kind, name)).ok_or_else(too_large)?;
        let payload = Payload {
            msg: &plain,
            aad: &associated,
        };
        let body = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_error| too_large())?;
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// The secrets of a link. None when nothing is sealed.
    ///
    /// # Errors
    /// When another key sealed them, or they were changed: with what they are called, where that can be read.
    pub fn open(&self, kind: LinkKind, name: &str, sealed: &[u8]) -> Result<Secrets, VaultError> {
        if sealed.is_empty() {
            return Ok(Secrets::new());
        }
        let damaged = |names| VaultError::Damaged {
            lost: Lost::new(kind, name, names),
        };
        let sealed = match Sealed::read(sealed) {
            Ok(sealed) => sealed,
            Err(NotSealed::Damaged) => return Err(damaged(None)),
            Err(NotSealed::Newer) => {
                return Err(VaultError::Newer {
                    link: link_words(kind, name),
                });
            }
        };
        if sealed.mark() != self.mark {
            return Err(VaultError::AnotherKey {
                lost: Lost::new(kind, name, sealed.names()),
                why: self.origin.why_another(),
            });
        }
        let associated = sealed.associated(kind, name);
        let payload = Payload {
            msg: sealed.body,
            aad: &associated,
        };
        let plain = self
            .cipher
            .decrypt(&XNonce::from(sealed.nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_error| damaged(sealed.names()))?;
        let named: BTreeMap<String, String> =
            serde_json::from_slice(&plain).map_err(|_error| damaged(sealed.names()))?;
        let mut secrets = Secrets::new();
        for (name, secret) in named {
            secrets.set(name, secret);
        }
        Ok(secrets)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Origin {
    fn why_another(self) -> &'static str {
        match self {
            Self::Cluster => {
                "the cluster's secret or name changed, or the node had no secret at that time"
            }
            Self::File => {
                "the key file of links is a new one, or the node had a secret at that time"
            }
        }
    }
}

#[cfg(test)]
mod tests;
