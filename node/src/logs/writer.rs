//! The one task that appends log chunks to the store.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use peerflow_store::{LogChunk, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::spill::Spill;
use super::{Entry, Shared};

/// How long chunks are collected before they are appended: readers do not notice, and hundreds of small tasks share
/// one transaction.
const COLLECT: Duration = Duration::from_millis(10);
/// Bytes after which they are appended at once.
const BATCH_BYTES: u32 = 1024 * 1024;
/// Chunks after which they are appended at once.
const BATCH_CHUNKS: usize = 512;
/// After which time the store counts as away.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a store that is away is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Bytes of the spill file that are read at once.
const SPILL_PIECE: u64 = 1024 * 1024;

/// Appends chunks to the store, or to the spill file while the store is away. Run by its owner.
#[derive(Debug)]
pub(crate) struct LogWriter {
    store: Arc<dyn Store>,
    entries: mpsc::Receiver<Entry>,
    hub: Weak<Shared>,
    spill: Spill,
    /// When the store is tried again; `None` while it answers.
    retry_at: Option<Instant>,
}

/// What was collected for one append.
#[derive(Default)]
struct Batch {
    chunks: Vec<LogChunk>,
    cost: u32,
    flushes: Vec<oneshot::Sender<()>>,
}

impl LogWriter {
    pub(super) fn new(
        store: Arc<dyn Store>,
        entries: mpsc::Receiver<Entry>,
        hub: Weak<Shared>,
        data_dir: &Path,
    ) -> std::io::Result<Self> {
        Ok(Self {
            store,
            entries,
            hub,
            spill: Spill::open(data_dir)?,
            retry_at: None,
        })
    }

    /// Runs until `stop`, then writes what is left.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            self.drain_spill().await;
            let retry_at = self.retry_at.filter(|_| !self.spill.is_empty());
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep_until(retry_at.unwrap_or_else(Instant::now)), if retry_at.is_some() => self.retry_at = None,
                entry = self.entries.recv(), if !self.spill.is_full() => match entry {
                    Some(entry) => self.take(entry).await,
                    None => break,
                },
            }
        }
        self.finish().await;
    }

    /// Collects what comes within a moment after `first`, and writes it.
    async fn take(&mut self, first: Entry) {
        let mut batch = Batch::default();
        let until = Instant::now() + COLLECT;
        batch.add(first);
        while !batch.is_full() {
            tokio::select! {
                biased;
                entry = self.entries.recv() => match entry {
                    Some(entry) => batch.add(entry),
                    None => break,
                },
                () = sleep_until(until) => break,
            }
        }
        self.write(batch).await;
    }

    async fn write(&mut self, batch: Batch) {
        if !batch.chunks.is_empty() {
            let in_order = self.spill.is_empty() && self.retry_at.is_none();
            let stored = in_order && self.append(&batch.chunks).await;
            if !stored && let Err(error) = self.spill.push(&batch.chunks) {
                tracing::error!(%error, lines = batch.lines(), "lost log lines: neither the store nor the data directory takes them");
            }
        }
        self.told(&batch);
        for done in batch.flushes {
            // Otherwise nobody waits any more.
            done.send(()).ok();
        }
    }

    /// Whether the store took them.
    async fn append(&mut self, chunks: &[LogChunk]) -> bool {
        let problem = match timeout(PATIENCE, self.store.append_logs(chunks)).await {
            Ok(Ok(())) => {
                self.retry_at = None;
                if let Some(hub) = self.hub.upgrade() {
                    hub.publish(chunks);
                }
                return true;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "the store does not answer in time".to_owned(),
        };
        tracing::warn!(
            problem,
            "task logs wait in the data directory until the store takes them"
        );
        self.retry_at = Some(Instant::now() + RETRY);
        false
    }

    /// Brings what waits in the file to the store, a piece at a time, while the store answers.
    async fn drain_spill(&mut self) {
        while self.retry_at.is_none() && !self.spill.is_empty() {
            let (chunks, to) = match self.spill.front(SPILL_PIECE) {
                Ok(front) => front,
                Err(error) => {
                    tracing::error!(%error, "cannot read the task logs that wait in the data directory");
                    self.retry_at = Some(Instant::now() + RETRY);
                    break;
                }
            };
            if !chunks.is_empty() && !self.append(&chunks).await {
                break;
            }
            if let Err(error) = self.spill.advance(to) {
                tracing::warn!(%error, "cannot shorten the file of waiting task logs");
            }
        }
        if let Some(hub) = self.hub.upgrade() {
            hub.metrics.log_spill(self.spill.waiting());
        }
    }

    /// Writes what is left. What the store does not take now is left in the file for the next life.
    async fn finish(mut self) {
        self.entries.close();
        let mut batch = Batch::default();
        while let Some(entry) = self.entries.recv().await {
            batch.add(entry);
            if batch.is_full() {
                self.write(std::mem::take(&mut batch)).await;
            }
        }
        self.write(batch).await;
        self.retry_at = None;
        self.drain_spill().await;
    }

    /// Gives the batch's memory back.
    fn told(&self, batch: &Batch) {
        if let Some(hub) = self.hub.upgrade() {
            hub.memory.add_permits(batch.cost as usize);
        }
    }
}

impl Batch {
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Chunk { chunk, cost } => {
                self.chunks.push(chunk);
                self.cost = self.cost.saturating_add(cost);
            }
            Entry::Flush(done) => self.flushes.push(done),
        }
    }

    /// Whether it is to be written at once: large, or somebody waits for it.
    fn is_full(&self) -> bool {
        self.cost >= BATCH_BYTES || self.chunks.len() >= BATCH_CHUNKS || !self.flushes.is_empty()
    }

    fn lines(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.lines.len()).sum()
    }
}
