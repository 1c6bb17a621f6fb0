//! Texts that are never shown.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use peerflow_wire::ClusterSecret;

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

/// The most that a file with a password or a secret may hold.
const MOST_BYTES: u64 = 64 * 1024;

/// The password in the file that `key` names, without the line end.
pub(super) fn read_password(
    layers: &Layers,
    key: &'static str,
) -> Result<Option<Secret>, ConfigError> {
    let Some(path) = layers.optional_path(key) else {
        return Ok(None);
    };
    let text = read(layers, key, &path)?;
    Ok(Some(Secret(text.trim_end_matches(['\r', '\n']).to_owned())))
}

/// The cluster's secret in the file that `key` names.
pub(super) fn read_cluster_secret(
    layers: &Layers,
    key: &'static str,
) -> Result<Option<ClusterSecret>, ConfigError> {
    let Some(path) = layers.optional_path(key) else {
        return Ok(None);
    };
    let secret = read(layers, key, &path)?
        .parse()
        .map_err(|error| layers.wrong(key, format!("{}: {error}", path.display())))?;
    Ok(Some(secret))
}

/// What is worth a warning about the file's permissions: whoever can read it is a peer.
pub(super) fn warn_of_readers(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o066 != 0).then(|| {
        format!(
            "the secret file {} can be read or changed by other users of this machine (mode {:03o}); \
             run `chmod 600` on it",
            path.display(),
            mode & 0o777
        )
    })
}

fn read(layers: &Layers, key: &str, path: &Path) -> Result<String, ConfigError> {
    let wrong = |why: &dyn fmt::Display| {
        layers.wrong(key, format!("cannot read {}: {why}", path.display()))
    };
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let mut text = String::new();
    let length = file
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| wrong(&error))?;
    if length as u64 > MOST_BYTES {
        return Err(wrong(&"it is larger than 64KiB, which no secret is"));
    }
    Ok(text)
}
