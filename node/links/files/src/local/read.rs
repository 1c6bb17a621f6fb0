//! A local file that is being read.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::failed;
use crate::{Error, PIECE_BYTES, ReadFile, Trouble};

/// Reads one piece ahead.
#[derive(Debug)]
pub(super) struct LocalRead {
    path: PathBuf,
    /// Nothing once the end was seen, or reading broke off.
    file: Option<File>,
    /// The next piece, on its way.
    ahead: Option<JoinHandle<(File, io::Result<Bytes>)>>,
}

impl LocalRead {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = open_at_once(path).map_err(|error| match fs::metadata(path) {
            // What cannot be opened at all, such as a socket, says it less clearly.
            Ok(facts) if !facts.is_file() => no_file(path, facts.file_type()),
            Ok(_) | Err(_) => failed("read the file", path, error),
        })?;
        let facts = file
            .metadata()
            .map_err(|error| failed("look at", path, error))?;
        if !facts.is_file() {
            return Err(no_file(path, facts.file_type()));
        }
        Ok(Self {
            path: path.to_owned(),
            file: Some(file),
            ahead: None,
        })
    }

    fn start(file: File) -> JoinHandle<(File, io::Result<Bytes>)> {
        spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let read = (&file).take(PIECE_BYTES as u64).read_to_end(&mut piece);
            (file, read.map(|_| piece.into()))
        })
    }
}

#[async_trait]
impl ReadFile for LocalRead {
    async fn next(&mut self) -> Result<Bytes, Error> {
        if self.ahead.is_none() {
            self.ahead = self.file.take().map(Self::start);
        }
        let Some(ahead) = &mut self.ahead else {
            return Ok(Bytes::new());
        };
        let read = ahead.await;
        self.ahead = None;
        let (file, read) = blocking_ended(read)?;
        let piece = read.map_err(|error| failed("read on in the file", &self.path, error))?;
        if !piece.is_empty() {
            self.ahead = Some(Self::start(file));
        }
        Ok(piece)
    }
}

/// Opens what lies there without waiting for anybody: a pipe would wait for who writes into it, for ever.
pub(super) fn open_at_once(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

fn no_file(path: &Path, kind: FileType) -> Error {
    let path = path.display();
    let (what, advice) = if kind.is_dir() {
        ("a directory", "name a file in it")
    } else if kind.is_fifo() {
        (
            "a pipe",
            "name a file, and have what comes through the pipe written into it",
        )
    } else if kind.is_socket() {
        ("a socket", "name a file")
    } else {
        ("a device", "name a file")
    };
    let message = format!("cannot read {path} on this node: it is {what}; {advice}");
    Error::advising(Trouble::Settings, message)
}

/// What a blocking piece of work gave, unless the runtime went down under it.
pub(super) fn blocking_ended<T>(ended: Result<T, tokio::task::JoinError>) -> Result<T, Error> {
    ended.map_err(|error| {
        let message = format!("work on this node's files broke off: {error}");
        Error::new(Trouble::Other, message)
    })
}
