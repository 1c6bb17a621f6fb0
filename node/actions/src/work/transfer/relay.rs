//! Hands the batches of one source to the writers, each to whoever has room.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::future::select_all;
use peerflow_rows::{BatchReceiver, BatchSender, RowBatch};

/// What went through so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) rows: AtomicU64,
    pub(super) bytes: AtomicU64,
}

/// Which rows each writer was given.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// For each writer, and each batch of it: rows that the writer had before, and rows that all had.
    given: Vec<Vec<(u64, u64)>>,
    /// Rows that each writer had in all.
    had: Vec<u64>,
}

impl Shares {
    pub(super) fn new(writers: usize) -> Self {
        Self {
            given: vec![Vec::new(); writers],
            had: vec![0; writers],
        }
    }

    fn add(&mut self, writer: usize, before: u64, rows: u64) {
        self.given[writer].push((self.had[writer], before));
        self.had[writer] += rows;
    }

    /// The number that a writer's row has among all, from 1.
    pub(super) fn row(&self, writer: usize, row: u64) -> Option<u64> {
        let before = row.checked_sub(1)?;
        let batches = self.given.get(writer)?;
        let next = batches.partition_point(|&(had, _)| had <= before);
        let (had, all) = batches[next.checked_sub(1)?];
        Some(all + (before - had) + 1)
    }
}

/// Hands on until the source is done, or a writer takes no more.
pub(super) async fn relay(
    mut from: BatchReceiver,
    to: Vec<BatchSender>,
    progress: &Progress,
    shares: &Mutex<Shares>,
) {
    let mut turn = 0;
    while let Some(batch) = from.recv().await {
        let (rows, bytes) = (batch.rows() as u64, batch.size() as u64);
        let Some(writer) = hand_on(&to, turn, batch).await else {
            break;
        };
        turn = writer + 1;
        progress.bytes.fetch_add(bytes, Ordering::Relaxed);
        let before = progress.rows.fetch_add(rows, Ordering::Relaxed);
        let mut shares = shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.add(writer, before, rows);
    }
}

/// Gives a batch to the first writer that has room, beginning with the one whose turn it is; `None` when one takes no more.
async fn hand_on(to: &[BatchSender], turn: usize, batch: RowBatch) -> Option<usize> {
    let order = (0..to.len()).map(|offset| (turn + offset) % to.len());
    let rooms = order.map(|writer| Box::pin(async move { (writer, to[writer].reserve().await) }));
    let ((writer, room), ..) = select_all(rooms).await;
    room.ok()?.send(batch);
    Some(writer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use peerflow_rows::{BatchBuilder, batches};
    use tokio::sync::mpsc;

    fn batch(rows: usize) -> RowBatch {
        let mut builder = BatchBuilder::new(1);
        for _ in 0..rows {
            builder.push(Some(b"x")).unwrap();
        }
        builder.take()
    }

    #[test]
    fn a_writers_row_is_found_among_all() {
        let mut shares = Shares::new(2);
        shares.add(0, 0, 10);
        shares.add(1, 10, 5);
        shares.add(0, 15, 3);
        assert_eq!(shares.row(0, 1), Some(1));
        assert_eq!(shares.row(0, 10), Some(10));
        assert_eq!(shares.row(0, 11), Some(16));
        assert_eq!(shares.row(1, 5), Some(15));
        assert_eq!(shares.row(1, 0), None);
        assert_eq!(shares.row(2, 1), None);
    }

    #[tokio::test]
    async fn a_writer_without_room_holds_up_nobody() {
        let (source, from) = batches();
        let (slow, mut slow_end) = mpsc::channel(1);
        let (quick, mut quick_end) = mpsc::channel(1);
        let (progress, shares) = (Progress::default(), Mutex::new(Shares::new(2)));
        let work = relay(from, vec![slow, quick], &progress, &shares);
        let feeding = async move {
            for rows in 1..=6 {
                source.send(batch(rows)).await.unwrap();
            }
        };
        let taking = async {
            let mut taken = Vec::new();
            while let Some(batch) = quick_end.recv().await {
                taken.push(batch.rows());
            }
            taken
        };
        let ((), (), taken) = tokio::join!(work, feeding, taking);
        assert_eq!(slow_end.recv().await.map(|batch| batch.rows()), Some(1));
        assert_eq!(taken, [2, 3, 4, 5, 6]);
        assert_eq!(shares.lock().unwrap().row(1, 3), Some(4));
        assert_eq!(progress.rows.load(Ordering::Relaxed), 21);
    }

    #[tokio::test]
    async fn it_ends_when_a_writer_takes_no_more() {
        let (source, from) = batches();
        let (writer, end) = mpsc::channel(1);
        drop(end);
        source.send(batch(1)).await.unwrap();
        let shares = Mutex::new(Shares::new(1));
        relay(from, vec![writer], &Progress::default(), &shares).await;
        assert_eq!(shares.lock().unwrap().row(0, 1), None);
        assert!(source.is_closed());
    }
}
