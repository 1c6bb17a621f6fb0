//! Reads what a process writes to its two outputs, into its attempt's log.

use std::io;
use std::time::Duration;

use peerflow_model::LogLevel;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{LineSplitter, TaskLog};

/// Bytes read at once: what a pipe holds.
const CHUNK: usize = 64 * 1024;

/// Once a tree is gone its pipes end. A descriptor that something else got hold of must not hang the task.
const SILENCE: Duration = Duration::from_secs(1);

/// What is kept of the outputs beside the log.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    /// The beginning of standard output, as much as was asked for.
    pub(crate) stdout: Vec<u8>,
    /// The last line of standard error that is not blank.
    pub(crate) last_error: Option<String>,
}

#[derive(Debug)]
struct Stream {
    pipe: Option<Receiver>,
    level: LogLevel,
    splitter: LineSplitter,
}

/// Reads both outputs until they end. `gone` becomes true when the process tree is gone; from then on a second of
/// silence ends the reading too. `keep` bytes of standard output are handed back.
pub(crate) async fn capture(
    log: &mut TaskLog,
    pipes: [Receiver; 2],
    mut gone: watch::Receiver<bool>,
    keep: usize,
) -> Captured {
    let [stdout, stderr] = pipes;
    let stream = |pipe, level| Stream {
        pipe: Some(pipe),
        level,
        splitter: LineSplitter::default(),
    };
    let mut streams = [
        stream(stdout, LogLevel::Info),
        stream(stderr, LogLevel::Error),
    ];
    let mut captured = Captured::default();
    let mut chunks = [Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK)];
    let mut is_gone = false;
    while streams.iter().any(|stream| stream.pipe.is_some()) {
        let silence = is_gone.then(|| now() + SILENCE);
        let woken = {
            let [first, second] = &streams;
            tokio::select! {
                biased;
                () = readable(first) => Woken::Readable,
                () = readable(second) => Woken::Readable,
                () = at(log.due()) => Woken::FlushDue,
                _ = gone.wait_for(|gone| *gone), if !is_gone => Woken::Gone,
                () = at(silence) => Woken::Silence,
            }
        };
        match woken {
            Woken::Readable => {
                // Standard error is read first and logged last: what a process printed before it complained stands
                // before the complaint.
                for (stream, chunk) in streams.iter_mut().zip(&mut chunks).rev() {
                    chunk.clear();
                    stream.read(chunk);
                }
                let room = keep.saturating_sub(captured.stdout.len());
                captured
                    .stdout
                    .extend_from_slice(&chunks[0][..chunks[0].len().min(room)]);
                for (stream, chunk) in streams.iter_mut().zip(&chunks) {
                    take(log, stream, chunk, &mut captured).await;
                }
            }
            Woken::FlushDue => log.flush().await,
            Woken::Gone => is_gone = true,
            Woken::Silence => {
                let text = "an output of the task is still held open by a process that is not the task's; \
                            what comes from it now is not read";
                log.say(LogLevel::Warn, text).await;
                break;
            }
        }
    }
    for stream in &mut streams {
        finish(log, stream, &mut captured).await;
    }
    if let Some(error) = log.tail().and_then(|tail| tail.last_error()) {
        captured.last_error = Some(error);
    }
    captured
}

enum Woken {
    Readable,
    FlushDue,
    Gone,
    Silence,
}

fn now() -> Instant {
    Instant::now()
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn readable(stream: &Stream) {
    match &stream.pipe {
        // An error shows at the read that follows.
        Some(pipe) => pipe.readable().await.unwrap_or(()),
        None => std::future::pending().await,
    }
}

impl Stream {
    /// Reads what is there; forgets the pipe at its end.
    fn read(&mut self, chunk: &mut Vec<u8>) {
        let Some(pipe) = &self.pipe else { return };
        match pipe.try_read_buf(chunk) {
            Ok(length) if length > 0 => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => self.pipe = None,
        }
    }
}

async fn take(log: &mut TaskLog, stream: &mut Stream, mut bytes: &[u8], captured: &mut Captured) {
    while !bytes.is_empty() {
        if log.tail().is_some() {
            return keep_tail(log, stream, bytes);
        }
        let Some(text) = stream.splitter.next(&mut bytes) else {
            return;
        };
        take_line(log, stream.level, text, captured).await;
    }
}

async fn take_line(log: &mut TaskLog, level: LogLevel, text: String, captured: &mut Captured) {
    if level == LogLevel::Error && !text.trim().is_empty() {
        captured.last_error = Some(text.clone());
    }
    if let Err(text) = log.line(level, text) {
        let at = log.clock().now();
        if let Some(tail) = log.tail() {
            tail.push(level, at, format!("{text}\n").as_bytes());
        }
    }
    log.flush_if_full().await;
}

/// Past the limit bytes are only kept, not looked at: a task that prints as fast as it can costs a copy.
fn keep_tail(log: &mut TaskLog, stream: &mut Stream, bytes: &[u8]) {
    let at = log.clock().now();
    let partial = stream.splitter.take_partial();
    if let Some(tail) = log.tail() {
        tail.push(stream.level, at, &partial);
        tail.push(stream.level, at, bytes);
    }
}

async fn finish(log: &mut TaskLog, stream: &mut Stream, captured: &mut Captured) {
    if log.tail().is_some() {
        keep_tail(log, stream, b"");
    } else if let Some(text) = stream.splitter.finish() {
        take_line(log, stream.level, text, captured).await;
    }
}
