//! Log chunks that wait in a file while the store is away.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use peerflow_model::{AttemptId, LogLine};
use peerflow_store::LogChunk;
use serde::{Deserialize, Serialize};

/// Bytes the file may have; past it tasks wait on their pipes.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// A queue of chunks in a file, one JSON text a line. Survives the end of the process, not a power cut.
#[derive(Debug)]
pub(super) struct Spill {
    file: File,
    /// Where the next chunk is read.
    read: u64,
    /// Where the next chunk is written.
    written: u64,
}

#[derive(Serialize, Deserialize)]
struct Record<L> {
    attempt: AttemptId,
    sequence: u32,
    lines: L,
}

impl Spill {
    /// Opens the file; what an earlier life left in it is still there.
    pub(super) fn open(data_dir: &Path) -> std::io::Result<Self> {
        let path = data_dir.join("logs.waiting");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        let mut written = file.metadata()?.len();
        if written > 0 {
            // The end of a life may have cut the last line short; the next one must not be lost with it.
            let mut last = [0];
            file.seek(SeekFrom::Start(written - 1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                written += 1;
            }
        }
        Ok(Self {
            file,
            read: 0,
            written,
        })
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> u64 {
        self.written - self.read
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.written >= LIMIT
    }

    /// Puts chunks at the end.
    pub(super) fn push(&mut self, chunks: &[LogChunk]) -> std::io::Result<()> {
        let mut text = Vec::new();
        for chunk in chunks {
            let record = Record {
                attempt: chunk.attempt.clone(),
                sequence: chunk.sequence,
                lines: &chunk.lines,
            };
            serde_json::to_writer(&mut text, &record)?;
            text.push(b'\n');
        }
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(&text)?;
        self.written += text.len() as u64;
        Ok(())
    }

    /// The first chunks, about `bytes` of them, and where they end; they stay until [`Self::advance`].
    pub(super) fn front(&mut self, bytes: u64) -> std::io::Result<(Vec<LogChunk>, u64)> {
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut reader = BufReader::new((&self.file).take(self.waiting()));
        let (mut chunks, mut at) = (Vec::new(), self.read);
        let mut line = Vec::new();
        while at - self.read < bytes && reader.read_until(b'\n', &mut line)? > 0 {
            match serde_json::from_slice::<Record<Vec<LogLine>>>(&line) {
                Ok(record) => chunks.push(LogChunk {
                    attempt: record.attempt,
                    sequence: record.sequence,
                    lines: record.lines,
                }),
                // The end of a life cut it short: its task is gone as well.
                Err(error) => tracing::warn!(%error, "dropped a damaged piece of a task's log"),
            }
            at += line.len() as u64;
            line.clear();
        }
        Ok((chunks, at))
    }

    /// Forgets what lies before `to`; an empty file takes no room.
    pub(super) fn advance(&mut self, to: u64) -> std::io::Result<()> {
        self.read = to;
        if self.is_empty() {
            self.file.set_len(0)?;
            (self.read, self.written) = (0, 0);
        }
        Ok(())
    }
}
