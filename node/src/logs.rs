//! Logs of tasks on their way to the store, and to whoever follows them.
//!
//! A task writes lines into its sink; one writer task appends what came together to the store in one go. While the
//! store is away the lines go into a file in the data directory, so that a task does not stand still for it; only
//! when that file is full do the tasks wait on their pipes. Memory holds at most [`IN_MEMORY`] bytes.

mod spill;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use peerflow_actions::LogSink;
use peerflow_model::{AttemptId, LogLine, Progress, RunId};
use peerflow_store::{LogChunk, Store};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};

use crate::metrics::Metrics;

pub(crate) use writer::LogWriter;

/// Bytes of lines that wait in memory for the writer, over all attempts.
const IN_MEMORY: usize = 8 * 1024 * 1024;
/// Chunks that wait in memory for the writer.
const CHUNKS_IN_MEMORY: usize = 4096;
/// Bytes of one chunk; more lines at once are cut into several.
const CHUNK_BYTES: usize = 256 * 1024;
/// What a line costs besides its text.
const LINE_COST: usize = 32;
/// How many chunks a follower may fall behind before it must read them from the store.
const FOLLOWER_CAPACITY: usize = 1024;

/// Takes log lines of this node's tasks and tells followers. Cheap to clone.
#[derive(Clone)]
pub struct LogHub {
    shared: Arc<Shared>,
}

struct Shared {
    entries: mpsc::Sender<Entry>,
    /// One permit for each byte in memory.
    memory: Arc<Semaphore>,
    followers: Mutex<HashMap<RunId, broadcast::Sender<Arc<LogChunk>>>>,
    /// How many runs are followed: looked at first, without the lock.
    followed: AtomicUsize,
    /// Who follows runs here, to be told of lines that tasks on other nodes stored.
    elsewhere: Mutex<HashMap<RunId, broadcast::Sender<()>>>,
    /// How far the tasks have come that tell it, while they run here.
    progress: Mutex<BTreeMap<AttemptId, Progress>>,
    metrics: Metrics,
}

/// What the writer is given.
enum Entry {
    /// A chunk, and how many permits its memory took.
    Chunk { chunk: LogChunk, cost: u32 },
    /// Tell when all before it is stored, or safe in the spill file.
    Flush(oneshot::Sender<()>),
}

impl LogHub {
    /// A hub, and the writer that its owner must run. Lines that an earlier life left in `data_dir` go first.
    ///
    /// # Errors
    /// When the spill file cannot be opened.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        data_dir: &Path,
        metrics: Metrics,
    ) -> std::io::Result<(Self, LogWriter)> {
        let (entries, receiver) = mpsc::channel(CHUNKS_IN_MEMORY);
        let shared = Arc::new(Shared {
            entries,
            memory: Arc::new(Semaphore::new(IN_MEMORY)),
            followers: Mutex::default(),
            followed: AtomicUsize::new(0),
            elsewhere: Mutex::default(),
            progress: Mutex::default(),
            metrics,
        });
        let writer = LogWriter::new(store, receiver, Arc::downgrade(&shared), data_dir)?;
        Ok((Self { shared }, writer))
    }

    /// Chunks of a run from now on, each once it is stored: who subscribes first and then reads the store to its end
    /// misses none, and knows those seen twice by (attempt, sequence). A follower that lags is told so by the channel
    /// and goes on from the store.
    pub fn follow(&self, run: &RunId) -> broadcast::Receiver<Arc<LogChunk>> {
        let mut followers = self.shared.lock_followers();
        followers.retain(|_, sender| sender.receiver_count() > 0);
        let receiver = match followers.get(run) {
            Some(sender) => sender.subscribe(),
            None => {
                let (sender, receiver) = broadcast::channel(FOLLOWER_CAPACITY);
                followers.insert(run.clone(), sender);
                receiver
            }
        };
        self.shared
            .followed
            .store(followers.len(), Ordering::Release);
        receiver
    }

    /// Told when tasks of the run stored lines from other nodes: a hint to look into the store.
    pub fn follow_elsewhere(&self, run: &RunId) -> broadcast::Receiver<()> {
        let mut elsewhere = self.shared.lock_elsewhere();
        elsewhere.retain(|_, readers| readers.receiver_count() > 0);
        elsewhere
            .entry(run.clone())
            .or_insert_with(|| broadcast::channel(1).0)
            .subscribe()
    }

    /// The runs that are followed here.
    pub(crate) fn followed(&self) -> BTreeSet<RunId> {
        let mut elsewhere = self.shared.lock_elsewhere();
        elsewhere.retain(|_, readers| readers.receiver_count() > 0);
        elsewhere.keys().cloned().collect()
    }

    /// A task of the run stored lines from another node.
    pub(crate) fn stored_elsewhere(&self, run: &RunId) {
        if let Some(readers) = self.shared.lock_elsewhere().get(run) {
            // Without readers there is nobody to tell.
            drop(readers.send(()));
        }
    }

    /// Waits, at most `limit`, until what tasks wrote up to now is stored. Readers of a log that has just ended call
    /// it first. While the store is away it returns once the lines are safe in the data directory.
    pub async fn flush(&self, limit: Duration) {
        let (done, wait) = oneshot::channel();
        let flushed = async {
            if self.shared.entries.send(Entry::Flush(done)).await.is_ok() {
                // Dropped only when the node stops, which flushes too.
                drop(wait.await);
            }
        };
        // A flush that takes too long goes on without the caller.
        drop(tokio::time::timeout(limit, flushed).await);
    }

    /// How far the tasks of a run have come that run here and tell it.
    pub(crate) fn progress(&self, run: &RunId) -> Vec<(AttemptId, Progress)> {
        let all = self.shared.lock_progress();
        all.iter()
            .filter(|(attempt, _)| attempt.visit.run == *run)
            .map(|(attempt, progress)| (attempt.clone(), *progress))
            .collect()
    }

    /// Where an attempt's lines go.
    pub(crate) fn sink(&self, attempt: AttemptId) -> Arc<dyn LogSink> {
        Arc::new(AttemptSink {
            attempt,
            sequence: AtomicU32::new(0),
            shared: Arc::clone(&self.shared),
        })
    }
}

impl fmt::Debug for LogHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogHub").finish_non_exhaustive()
    }
}

impl Shared {
    fn lock_followers(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<RunId, broadcast::Sender<Arc<LogChunk>>>> {
        self.followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_elsewhere(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, broadcast::Sender<()>>> {
        self.elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_progress(&self) -> std::sync::MutexGuard<'_, BTreeMap<AttemptId, Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells followers of stored chunks.
    fn publish(&self, chunks: &[LogChunk]) {
        if self.followed.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut followers = self.lock_followers();
        for chunk in chunks {
            if let Some(sender) = followers.get(&chunk.attempt.visit.run)
                && sender.send(Arc::new(chunk.clone())).is_err()
            {
                followers.remove(&chunk.attempt.visit.run);
            }
        }
        self.followed.store(followers.len(), Ordering::Release);
    }
}

/// Numbers an attempt's chunks.
struct AttemptSink {
    attempt: AttemptId,
    sequence: AtomicU32,
    shared: Arc<Shared>,
}

#[async_trait]
impl LogSink for AttemptSink {
    async fn write(&self, lines: Vec<LogLine>) {
        for lines in cut(lines) {
            let bytes = cost(&lines);
            self.shared.metrics.logged(bytes);
            let cost = u32::try_from(bytes.min(IN_MEMORY)).unwrap_or(u32::MAX);
            let Ok(permits) = self.shared.memory.acquire_many(cost).await else {
                return;
            };
            permits.forget();
            let chunk = LogChunk {
                attempt: self.attempt.clone(),
                sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
                lines,
            };
            if self
                .shared
                .entries
                .send(Entry::Chunk { chunk, cost })
                .await
                .is_err()
            {
                tracing::warn!(attempt = %self.attempt, "log lines came after the log was closed");
                return;
            }
        }
    }

    fn progress(&self, progress: Progress) {
        let mut all = self.shared.lock_progress();
        all.insert(self.attempt.clone(), progress);
    }
}

impl Drop for AttemptSink {
    fn drop(&mut self) {
        self.shared.lock_progress().remove(&self.attempt);
    }
}

impl fmt::Debug for AttemptSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AttemptSink").field(&self.attempt).finish()
    }
}

/// Bytes that lines take in memory, about.
fn cost(lines: &[LogLine]) -> usize {
    lines.iter().map(|line| line.text.len() + LINE_COST).sum()
}

/// Cuts lines into chunks of about [`CHUNK_BYTES`]; most often there is one.
fn cut(lines: Vec<LogLine>) -> Vec<Vec<LogLine>> {
    if cost(&lines) <= CHUNK_BYTES {
        return if lines.is_empty() {
            Vec::new()
        } else {
            vec![lines]
        };
    }
    let mut chunks = Vec::new();
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    for line in lines {
        let more = line.text.len() + LINE_COST;
        if bytes > 0 && bytes + more > CHUNK_BYTES {
            chunks.push(std::mem::take(&mut chunk));
            bytes = 0;
        }
        bytes += more;
        chunk.push(line);
    }
    chunks.push(chunk);
    chunks
}

#[cfg(test)]
mod tests;
