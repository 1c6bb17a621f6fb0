//! The end of a log that is too long: raw bytes in a ring, split into lines only at the end.

use std::collections::VecDeque;

use jiff::Timestamp;
use memchr::memchr_iter;
use peerflow_model::{LogLevel, LogLine};

use super::lines::LineSplitter;

/// Small pieces are joined up to this size, so that the ring's own weight stays small beside its bytes.
const PIECE_BYTES: usize = 16 * 1024;

/// The last bytes of a log.
#[derive(Debug)]
pub(crate) struct Tail {
    limit: usize,
    pieces: VecDeque<Piece>,
    bytes: usize,
    cut_bytes: u64,
    cut_lines: u64,
    /// Whether what was cut of standard output and of standard error ended within a line.
    torn: [bool; 2],
}

#[derive(Debug)]
struct Piece {
    level: LogLevel,
    at: Timestamp,
    bytes: Vec<u8>,
}

/// What a tail kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) lines: Vec<LogLine>,
    pub(crate) cut_bytes: u64,
    pub(crate) cut_lines: u64,
}

impl Tail {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            pieces: VecDeque::new(),
            bytes: 0,
            cut_bytes: 0,
            cut_lines: 0,
            torn: [false; 2],
        }
    }

    /// Takes what a stream wrote.
    pub(crate) fn push(&mut self, level: LogLevel, at: Timestamp, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len();
        match self.pieces.back_mut() {
            Some(last) if last.level == level && last.bytes.len() + bytes.len() <= PIECE_BYTES => {
                last.bytes.extend_from_slice(bytes);
            }
            Some(_) | None => {
                self.pieces.push_back(Piece {
                    level,
                    at,
                    bytes: bytes.to_vec(),
                });
            }
        }
        while let Some(first) = self.pieces.front() {
            if self.bytes - first.bytes.len() < self.limit {
                break;
            }
            self.bytes -= first.bytes.len();
            if let Some(first) = self.pieces.pop_front() {
                self.cut(stream_of(first.level), &first.bytes);
            }
        }
    }

    fn cut(&mut self, stream: usize, bytes: &[u8]) {
        self.cut_bytes += bytes.len() as u64;
        self.cut_lines += count_lines(bytes) as u64;
        if let Some(last) = bytes.last() {
            self.torn[stream] = *last != b'\n';
        }
    }

    /// The lines it kept. A line whose beginning was cut is cut whole.
    pub(crate) fn into_lines(mut self) -> Kept {
        let excess = self.bytes.saturating_sub(self.limit);
        if excess > 0
            && let Some(mut first) = self.pieces.pop_front()
        {
            let rest = first.bytes.split_off(excess.min(first.bytes.len()));
            self.cut(stream_of(first.level), &first.bytes);
            self.pieces.push_front(Piece {
                bytes: rest,
                ..first
            });
        }
        let mut lines = Vec::new();
        let levels = [LogLevel::Info, LogLevel::Error];
        let mut splitters = [LineSplitter::default(), LineSplitter::default()];
        let pieces = std::mem::take(&mut self.pieces);
        let mut last_at = None;
        for piece in pieces {
            let stream = stream_of(piece.level);
            let mut bytes = &piece.bytes[..];
            if self.torn[stream] {
                let rest = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
                self.cut(stream, &bytes[..rest]);
                bytes = &bytes[rest..];
            }
            while let Some(text) = splitters[stream].next(&mut bytes) {
                lines.push(LogLine {
                    at: piece.at,
                    level: piece.level,
                    text,
                });
            }
            last_at = Some(piece.at);
        }
        if let Some(at) = last_at {
            for (splitter, level) in splitters.iter_mut().zip(levels) {
                lines.extend(splitter.finish().map(|text| LogLine { at, level, text }));
            }
        }
        Kept {
            lines,
            cut_bytes: self.cut_bytes,
            cut_lines: self.cut_lines,
        }
    }

    /// The last line of standard error it holds now, for a message.
    pub(crate) fn last_error(&self) -> Option<String> {
        let last = self
            .pieces
            .iter()
            .rev()
            .find(|piece| piece.level == LogLevel::Error)?;
        let text = String::from_utf8_lossy(&last.bytes);
        text.lines()
            .rfind(|line| !line.trim().is_empty())
            .map(ToOwned::to_owned)
    }
}

fn stream_of(level: LogLevel) -> usize {
    usize::from(level == LogLevel::Error)
}

fn count_lines(bytes: &[u8]) -> usize {
    memchr_iter(b'\n', bytes).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(kept: &Kept) -> Vec<&str> {
        kept.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn what_fits_is_kept_whole_and_nothing_is_said_to_be_cut() {
        let mut tail = Tail::new(100);
        tail.push(LogLevel::Info, Timestamp::UNIX_EPOCH, b"one\ntw");
        tail.push(LogLevel::Error, Timestamp::UNIX_EPOCH, b"bad\n");
        tail.push(LogLevel::Info, Timestamp::UNIX_EPOCH, b"o\nthree");
        assert_eq!(tail.last_error().as_deref(), Some("bad"));
        let kept = tail.into_lines();
        assert_eq!(texts(&kept), ["one", "bad", "two", "three"]);
        assert_eq!((kept.cut_bytes, kept.cut_lines), (0, 0));
    }

    #[test]
    fn the_end_is_kept_and_bytes_and_lines_add_up() {
        let mut tail = Tail::new(1_000);
        let mut written = 0;
        for number in 0..100_000_u32 {
            let line = format!("line {number}\n");
            written += line.len() as u64;
            tail.push(LogLevel::Info, Timestamp::UNIX_EPOCH, line.as_bytes());
        }
        let kept = tail.into_lines();
        assert_eq!(texts(&kept).last(), Some(&"line 99999"));
        let kept_bytes: usize = kept.lines.iter().map(|line| line.text.len() + 1).sum();
        assert!(kept_bytes <= 1_000 && kept_bytes > 900, "{kept_bytes}");
        assert_eq!(kept.cut_bytes + kept_bytes as u64, written);
        assert_eq!(kept.cut_lines + kept.lines.len() as u64, 100_000);
        let first = texts(&kept)[0];
        assert_eq!(first, format!("line {}", kept.cut_lines));
    }

    #[test]
    fn a_stream_of_which_nothing_was_cut_loses_no_line() {
        let mut tail = Tail::new(20);
        tail.push(
            LogLevel::Info,
            Timestamp::UNIX_EPOCH,
            &b"0123456789\n".repeat(1_000),
        );
        tail.push(LogLevel::Error, Timestamp::UNIX_EPOCH, b"why\n");
        let kept = tail.into_lines();
        assert_eq!(texts(&kept), ["0123456789", "why"]);
    }
}
