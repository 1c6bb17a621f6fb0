//! Texts that are never shown.

use std::fmt;

use sha2::{Digest, Sha256};

use super::ConfigError;
use super::layers::Layers;

/// A text that `Debug` and `--print-config` do not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A secret must not be guessed: 32 random bytes in hexadecimal are far longer.
const LEAST_BYTES: usize = 16;

/// The content of the file that `key` names, without the line end.
pub(super) fn read_file(layers: &Layers, key: &'static str) -> Result<Option<Secret>, ConfigError> {
    let Some(path) = layers.optional_path(key) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&path)
        .map_err(|error| layers.wrong(key, format!("cannot read {}: {error}", path.display())))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if key == "cluster.secret_file" && text.len() < LEAST_BYTES {
        return Err(layers.wrong(
            key,
            format!(
                "{} holds less than {LEAST_BYTES} bytes; put a long random text there",
                path.display()
            ),
        ));
    }
    Ok(Some(Secret(text.to_owned())))
}

/// The bearer token that follows from the cluster's secret. Knowing it does not give the secret.
pub(super) fn token_of(secret: &Secret) -> Secret {
    let mut hash = Sha256::new();
    hash.update(b"peerflow http token 1\0");
    hash.update(secret.0.as_bytes());
    Secret(format!("{:x}", hash.finalize()))
}
