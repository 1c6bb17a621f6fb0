//! What is done with files wherever they lie.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::Error;

/// How much of a file is read at once.
pub const PIECE_BYTES: usize = 256 * 1024;

/// A place with files. Paths are absolute, with `/`, or relative to where its user begins.
#[async_trait]
pub trait FileSystem: Send + Sync + Debug {
    /// The files, not directories, that lie in `directory` itself, in the order of their names. Those that vanish meanwhile
    /// are left out.
    ///
    /// # Errors
    /// When it is no directory, or cannot be read.
    async fn list(&self, directory: &str) -> Result<Vec<Entry>, Error>;

    /// One file; `None` when there is none of that name.
    ///
    /// # Errors
    /// When that cannot be told.
    async fn entry(&self, path: &str) -> Result<Option<Entry>, Error>;

    /// Opens a file for reading from its beginning.
    ///
    /// # Errors
    /// When there is none, or it may not be read.
    async fn read(&self, path: &str) -> Result<Box<dyn ReadFile>, Error>;

    /// Begins a file that takes the place of `path` at once, when it is whole; until then what lies there stays. Missing
    /// directories are not made.
    ///
    /// # Errors
    /// When nothing may be written there.
    async fn replace(&self, path: &str) -> Result<Box<dyn WriteFile>, Error>;

    /// Removes a file; well also when there is none.
    ///
    /// # Errors
    /// When it may not be removed.
    async fn remove(&self, path: &str) -> Result<(), Error>;
}

/// A file on a file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Without its directory.
    pub name: String,
    /// In bytes.
    pub size: u64,
}

/// A file that is being read.
#[async_trait]
pub trait ReadFile: Send + Debug {
    /// The next piece, of [`PIECE_BYTES`] or so; empty at the end.
    ///
    /// # Errors
    /// When reading breaks off.
    async fn next(&mut self) -> Result<Bytes, Error>;
}

/// A file that is being written, under another name. Dropping it removes what was written, as far as that can be done
/// without waiting; [`Self::discard`] makes sure of it.
#[async_trait]
pub trait WriteFile: Send + Debug {
    /// Appends a piece.
    ///
    /// # Errors
    /// When it cannot be written: the disk is full, the connection ended.
    async fn write(&mut self, piece: Bytes) -> Result<(), Error>;

    /// Makes it durable, and puts it in its place.
    ///
    /// # Errors
    /// When it is not in its place; then nothing of it is left.
    async fn finish(self: Box<Self>) -> Result<(), Error>;

    /// Removes what was written.
    ///
    /// # Errors
    /// When something may be left; the message names it.
    async fn discard(self: Box<Self>) -> Result<(), Error>;
}
