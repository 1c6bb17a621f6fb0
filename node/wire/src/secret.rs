//! The cluster's secret and what follows from it. Knowing what follows does not give the secret.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;

/// Characters that a secret must have at least: 32 hexadecimal digits are 128 bits.
const LEAST_CHARACTERS: usize = 32;
/// Random bytes of a generated secret.
const GENERATED_BYTES: usize = 32;
/// Binds what is derived to this program and to this way of deriving.
const SALT: &[u8] = b"peerflow cluster secret 1";

/// The one text that all nodes of a cluster share. Who knows it is a peer.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterSecret(String);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "the cluster secret has {characters} characters and must have at least {LEAST_CHARACTERS}; \
         `peerflow cluster secret` prints a good one"
    )]
    TooShort { characters: usize },
    #[error("cannot make a secret: the operating system gives no random numbers")]
    NoRandomness(#[source] <OsRng as TryRngCore>::Error),
}

impl ClusterSecret {
    /// A new secret from the operating system's random numbers: 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn generate() -> Result<Self, SecretError> {
        let mut bytes = [0; GENERATED_BYTES];
        OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(SecretError::NoRandomness)?;
        Ok(Self(hexadecimal(&bytes)))
    }

    /// The text itself, to be printed once or written to a file.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Seals the gossip of the cluster of that name.
    pub fn gossip_key(&self, cluster: &str) -> [u8; 32] {
        self.derive("gossip", cluster)
    }

    /// Opens the HTTP API of every peer of the cluster of that name: 64 hexadecimal digits.
    pub fn http_token(&self, cluster: &str) -> String {
        hexadecimal(&self.derive("http token", cluster))
    }

    /// Seals the passwords of links that the cluster of that name keeps.
    pub fn links_key(&self, cluster: &str) -> [u8; 32] {
        self.derive("links", cluster)
    }

    /// Seed of the key that signs every node's certificate.
    pub(crate) fn authority_seed(&self, cluster: &str) -> [u8; 32] {
        self.derive("certificate authority", cluster)
    }

    fn derive(&self, label: &str, cluster: &str) -> [u8; 32] {
        let mut key = [0; 32];
        // No label holds the NUL, so no label and name together read like another pair.
        Hkdf::<Sha256>::new(Some(SALT), self.0.as_bytes())
            .expand_multi_info(&[label.as_bytes(), b"\0", cluster.as_bytes()], &mut key)
            .expect("32 bytes are one block of SHA-256, far from the limit of 255 blocks");
        key
    }
}

impl FromStr for ClusterSecret {
    type Err = SecretError;

    /// Blanks and line ends around the text do not count.
    fn from_str(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let characters = text.chars().count();
        if characters < LEAST_CHARACTERS {
            return Err(SecretError::TooShort { characters });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterSecret(***)")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn secret() -> ClusterSecret {
        "correct horse battery staple etc. pp.".parse().unwrap()
    }

    #[test]
    fn line_ends_around_a_secret_do_not_count_and_a_short_one_is_refused() {
        let padded: ClusterSecret = "\n correct horse battery staple etc. pp.\r\n"
            .parse()
            .unwrap();
        assert_eq!(padded, secret());
        let short = "   0123456789012345678901234567890   ".parse::<ClusterSecret>();
        let text = short.unwrap_err().to_string();
        assert!(text.contains("31 characters"), "{text}");
        assert!(text.contains("peerflow cluster secret"), "{text}");
    }

    #[test]
    fn each_use_and_each_cluster_has_a_key_of_its_own() {
        let other: ClusterSecret = "correct horse battery staple etc. pp!".parse().unwrap();
        let mut keys = BTreeSet::new();
        for secret in [secret(), other] {
            for cluster in ["a", "b", ""] {
                keys.insert(hexadecimal(&secret.gossip_key(cluster)));
                keys.insert(secret.http_token(cluster));
                keys.insert(hexadecimal(&secret.authority_seed(cluster)));
                keys.insert(hexadecimal(&secret.links_key(cluster)));
            }
        }
        assert_eq!(keys.len(), 24);
    }

    /// Nodes of two versions must derive the same, or a rolling upgrade splits the cluster.
    #[test]
    fn what_is_derived_never_changes() {
        assert_eq!(
            secret().http_token("prod"),
            "826e6abeed4531b6dee2f47ea46fcdf4a86e073c9dcaa3d775dfec583ef11032"
        );
    }

    #[test]
    fn debug_hides_the_secret() {
        assert_eq!(format!("{:?}", secret()), "ClusterSecret(***)");
    }

    #[test]
    fn a_generated_secret_is_a_good_one_and_each_is_new() {
        let made = ClusterSecret::generate().unwrap();
        assert_eq!(made.reveal().parse::<ClusterSecret>().unwrap(), made);
        assert_ne!(made, ClusterSecret::generate().unwrap());
        assert_eq!(made.reveal().len(), 64);
    }
}
