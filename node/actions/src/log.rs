//! The log of one attempt: lines in batches to the sink, its beginning and its end kept when it is too long.

mod capture;
mod lines;
mod tail;

use std::sync::Arc;
use std::time::Duration;

use peerflow_model::{LogLevel, LogLine, Progress};
use tokio::time::Instant;

use crate::clock::WallClock;
use crate::task::{LogSink, TaskLimits};
use tail::Tail;

pub(crate) use capture::{Captured, capture};
pub(crate) use lines::LineSplitter;

/// Bytes of text in one batch.
const BATCH_BYTES: usize = 256 * 1024;

/// A line waits at most so long for others to go with it, so that whoever follows the log sees it soon.
const BATCH_AGE: Duration = Duration::from_millis(50);

/// What a line costs beside its text, so that empty lines count too.
const LINE_BYTES: usize = 1;

/// The log of one attempt.
#[derive(Debug)]
pub(crate) struct TaskLog {
    sink: Arc<dyn LogSink>,
    clock: WallClock,
    batch: Vec<LogLine>,
    batch_bytes: usize,
    /// When the batch must go out; `None` while it is empty.
    due: Option<Instant>,
    limit: u64,
    /// Bytes of the limit that are left.
    left: u64,
    /// Set once the limit is used up: from then on only the end is kept.
    tail: Option<Tail>,
    tail_bytes: usize,
}

impl TaskLog {
    pub(crate) fn new(sink: Arc<dyn LogSink>, clock: WallClock, limits: &TaskLimits) -> Self {
        Self {
            sink,
            clock,
            batch: Vec::new(),
            batch_bytes: 0,
            due: None,
            limit: limits.log_limit,
            left: limits.log_limit,
            tail: None,
            tail_bytes: usize::try_from(limits.log_tail).unwrap_or(usize::MAX),
        }
    }

    pub(crate) fn clock(&self) -> &WallClock {
        &self.clock
    }

    /// Takes a line that peerflow says about the task, whatever the limit: they are few.
    pub(crate) async fn say(&mut self, level: LogLevel, text: impl Into<String>) {
        let text = text.into();
        for part in text.split('\n') {
            self.push(level, part.to_owned());
        }
        self.flush_if_full().await;
    }

    /// Takes what an action says about its work where that may be any number of lines: under the limit.
    pub(crate) async fn tell(&mut self, level: LogLevel, text: &str) {
        for part in text.split('\n') {
            let beyond = match self.tail {
                Some(_) => Err(part.to_owned()),
                None => self.line(level, part.to_owned()),
            };
            let at = self.clock.now();
            if let (Err(part), Some(tail)) = (beyond, &mut self.tail) {
                tail.push(level, at, part.as_bytes());
                tail.push(level, at, b"\n");
            }
        }
        self.flush_if_full().await;
    }

    /// Whether the limit is used up, so that bytes need not be split into lines any more.
    pub(crate) fn tail(&mut self) -> Option<&mut Tail> {
        self.tail.as_mut()
    }

    /// Takes a line of the task. Gives it back when it does not fit under the limit: from then on only the tail is kept,
    /// and the line is the caller's to put there.
    pub(crate) fn line(&mut self, level: LogLevel, text: String) -> Result<(), String> {
        let bytes = (text.len() + LINE_BYTES) as u64;
        if bytes > self.left {
            self.left = 0;
            self.tail = Some(Tail::new(self.tail_bytes));
            let limit = Bytes(self.limit);
            let kept = Bytes(self.tail_bytes as u64);
            self.push(
                LogLevel::Warn,
                format!("the log limit of {limit} is reached; of what follows only the last {kept} will be kept"),
            );
            return Err(text);
        }
        self.left -= bytes;
        self.push(level, text);
        Ok(())
    }

    fn push(&mut self, level: LogLevel, text: String) {
        if self.due.is_none() {
            let now = Instant::now();
            self.due = Some(now + BATCH_AGE);
        }
        self.batch_bytes += text.len() + LINE_BYTES;
        self.batch.push(LogLine {
            at: self.clock.now(),
            level,
            text,
        });
    }

    /// Shows how far the task has come to whoever looks at it now.
    pub(crate) fn show(&self, progress: Progress) {
        self.sink.progress(progress);
    }

    /// When [`Self::flush`] is due for age.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(crate) fn is_full(&self) -> bool {
        self.batch_bytes >= BATCH_BYTES
    }

    pub(crate) async fn flush_if_full(&mut self) {
        if self.is_full() {
            self.flush().await;
        }
    }

    /// Gives the batch to the sink, waiting as long as the sink needs.
    pub(crate) async fn flush(&mut self) {
        self.due = None;
        self.batch_bytes = 0;
        if !self.batch.is_empty() {
            self.sink.write(std::mem::take(&mut self.batch)).await;
        }
    }

    /// Writes the kept end, after a line that says how much was cut before it, and all that still waits.
    pub(crate) async fn finish(&mut self) {
        if let Some(tail) = self.tail.take() {
            let kept = tail.into_lines();
            if kept.cut_bytes > 0 {
                let (bytes, lines) = (Bytes(kept.cut_bytes), kept.cut_lines);
                let text =
                    format!("{bytes} ({lines} lines) were cut here; the end of the log follows");
                self.push(LogLevel::Warn, text);
            }
            for line in kept.lines {
                self.batch_bytes += line.text.len() + LINE_BYTES;
                self.batch.push(line);
                self.flush_if_full().await;
            }
        }
        self.flush().await;
    }
}

/// A number of bytes for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes(pub(crate) u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let (mut value, mut unit) = (self.0 as f64 / 1024.0, 0);
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let digits = usize::from(value.fract() != 0.0);
        write!(f, "{value:.digits$} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_well() {
        let shown: Vec<String> = [0, 1023, 1024, 1536, 64 << 20, u64::MAX]
            .map(|it| Bytes(it).to_string())
            .into();
        assert_eq!(
            shown,
            ["0 B", "1023 B", "1 KiB", "1.5 KiB", "64 MiB", "16384 PiB"]
        );
    }
}
