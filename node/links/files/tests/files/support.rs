//! What tests of all kinds of file systems share.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use peerflow_files::{Entry, Error, FileSystem};

/// All of a file.
pub(crate) async fn read_all(files: &dyn FileSystem, path: &str) -> Result<Vec<u8>, Error> {
    let mut file = files.read(path).await?;
    let mut all = Vec::new();
    loop {
        let piece = file.next().await?;
        if piece.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(&piece);
    }
}

/// Writes a file in pieces of `piece` bytes.
pub(crate) async fn write_all(
    files: &dyn FileSystem,
    path: &str,
    content: &[u8],
    piece: usize,
) -> Result<(), Error> {
    let mut file = files.replace(path).await?;
    for part in content.chunks(piece) {
        file.write(Bytes::copy_from_slice(part)).await?;
    }
    file.finish().await
}

/// Bytes in which every place tells where it is.
pub(crate) fn numbered(length: usize) -> Vec<u8> {
    (0_u64..)
        .flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
        .take(length)
        .collect()
}

/// Names with their sizes.
pub(crate) fn names(entries: &[Entry]) -> Vec<(&str, u64)> {
    let pairs = entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.size));
    pairs.collect()
}

/// The names in a directory, hidden ones included.
pub(crate) fn all_names(directory: &Path) -> Vec<String> {
    let found = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = found
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Makes a pipe into which nobody writes.
pub(crate) fn make_pipe(path: &str) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}
