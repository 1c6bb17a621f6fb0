//! The key file of a single node without a cluster secret.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::VaultError;

/// Its name in the data directory.
pub const KEY_FILE: &str = "links.key";

type Key = Zeroizing<[u8; 32]>;

/// The key of `directory`; a new one where there is none yet.
pub(super) fn read_or_make(directory: &Path) -> Result<Key, VaultError> {
    let path = directory.join(KEY_FILE);
    let failed = |doing| {
        let path = path.display().to_string();
        move |source| VaultError::KeyFile {
            doing,
            path,
            source,
        }
    };
    match File::open(&path) {
        Ok(file) => return read(&path, file, failed("read")),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("read")(error)),
    }
    match make(directory, &path) {
        Ok(key) => Ok(key),
        // Another process of this directory was faster, and its key is the one that counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let file = File::open(&path).map_err(failed("read"))?;
            read(&path, file, failed("read"))
        }
        Err(error) => Err(failed("make")(error)),
    }
}

fn read(
    path: &Path,
    file: File,
    failed: impl FnOnce(io::Error) -> VaultError,
) -> Result<Key, VaultError> {
    // One byte more than a key has shows that a file is too long, whatever its length.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    if let Err(error) = file.take(33).read_to_end(&mut bytes) {
        return Err(failed(error));
    }
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_length| VaultError::NoKey {
        path: path.display().to_string(),
        length: std::fs::metadata(path).map_or(bytes.len(), |data| {
            usize::try_from(data.len()).unwrap_or(usize::MAX)
        }),
    })?;
    Ok(Zeroizing::new(key))
}

/// Written whole under another name first, which only its owner may read: nobody ever sees half a key.
fn make(directory: &Path, path: &Path) -> io::Result<Key> {
    let mut key = Zeroizing::new([0; 32]);
    OsRng
        .try_fill_bytes(key.as_mut())
        .map_err(io::Error::other)?;
    // Temporary files have mode 0600.
    let mut file = tempfile::Builder::new()
        .prefix(".links.key.")
        .tempfile_in(directory)?;
    file.write_all(key.as_ref())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    // The name must outlive a power cut too, or the passwords sealed meanwhile are lost.
    File::open(directory)?.sync_all()?;
    Ok(key)
}
