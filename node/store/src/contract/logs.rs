//! Checks of logs.

use std::collections::BTreeSet;

use futures::future::join_all;
use peerflow_model::AttemptId;
use tokio::time::timeout;

use super::samples::{attempt_id, chunk, line, run_id, visit_id};
use super::{PATIENCE, Place};
use crate::{LogChunk, LogCursor, LogSelection, Store};

fn all(instance: &str) -> LogSelection {
    LogSelection {
        instance: instance.into(),
        run: None,
        step: None,
        attempt: None,
    }
}

async fn read(store: &dyn Store, selection: &LogSelection) -> Vec<LogChunk> {
    let mut chunks = Vec::new();
    let mut from = LogCursor::default();
    loop {
        let page = store.logs(selection, from, 100).await.unwrap();
        chunks.extend(page.chunks);
        from = page.next;
        if !page.more {
            return chunks;
        }
    }
}

pub async fn logs_come_in_order_of_arrival(place: &dyn Place) {
    let store = place.open().await;
    let (a, b) = (attempt_id("i", "a", 1), attempt_id("i", "b", 1));
    let mut rerun = attempt_id("i", "a", 1);
    rerun.visit.run.run = 2;
    let chunks = [
        chunk(&b, 0, &["first", "每日😀\0"]),
        chunk(&a, 0, &["second"]),
        chunk(&attempt_id("j", "a", 1), 0, &["another instance"]),
        chunk(&b, 1, &["third"]),
        chunk(&attempt_id("i", "a", 2), 0, &["fourth"]),
    ];
    store.append_logs(&chunks[..2]).await.unwrap();
    store.append_logs(&chunks[2..]).await.unwrap();
    store.append_logs(&[]).await.unwrap();
    let of_i = [
        chunks[0].clone(),
        chunks[1].clone(),
        chunks[3].clone(),
        chunks[4].clone(),
    ];
    assert_eq!(read(&*store, &all("i")).await, of_i);
    let step = LogSelection {
        step: Some("b".into()),
        ..all("i")
    };
    assert_eq!(
        read(&*store, &step).await,
        [of_i[0].clone(), of_i[2].clone()]
    );
    let attempt = LogSelection {
        step: Some("a".into()),
        attempt: Some((1, 2)),
        ..all("i")
    };
    assert_eq!(read(&*store, &attempt).await, [of_i[3].clone()]);
    assert_eq!(read(&*store, &all("x")).await, []);

    let page = store
        .logs(&all("i"), LogCursor::default(), 1 << 20)
        .await
        .unwrap();
    assert!(!page.more);
    let later = [chunk(&a, 1, &["later"])];
    store.append_logs(&later).await.unwrap();
    let next = store.logs(&all("i"), page.next, 1 << 20).await.unwrap();
    assert_eq!(next.chunks, later);
    let end = store.logs(&all("i"), next.next, 1 << 20).await.unwrap();
    assert_eq!((end.chunks, end.next), (Vec::new(), next.next));

    store
        .append_logs(&[chunk(&rerun, 0, &["run two"])])
        .await
        .unwrap();
    assert_eq!(
        read(&*store, &all("i")).await,
        [chunk(&rerun, 0, &["run two"])],
        "the latest run that has any"
    );
    assert_eq!(
        read(&*store, &step).await.len(),
        2,
        "the latest run that has any of the step"
    );
    let first = LogSelection {
        run: Some(1),
        ..all("i")
    };
    assert_eq!(read(&*store, &first).await.len(), 5);
}

pub async fn a_chunk_counts_once(place: &dyn Place) {
    let store = place.open().await;
    let a = attempt_id("i", "a", 1);
    store
        .append_logs(&[chunk(&a, 0, &["kept"]), chunk(&a, 1, &["one"])])
        .await
        .unwrap();
    store
        .append_logs(&[chunk(&a, 0, &["sent again"]), chunk(&a, 2, &["two"])])
        .await
        .unwrap();
    let expected = [
        chunk(&a, 0, &["kept"]),
        chunk(&a, 1, &["one"]),
        chunk(&a, 2, &["two"]),
    ];
    assert_eq!(read(&*store, &all("i")).await, expected);
}

pub async fn the_tail_of_a_log_is_its_last_lines(place: &dyn Place) {
    let store = place.open().await;
    let (a, b) = (attempt_id("i", "a", 1), attempt_id("i", "b", 1));
    for number in 0..40 {
        store
            .append_logs(&[
                chunk(&a, number, &["x", "y", "z"]),
                chunk(&b, number, &["other"]),
            ])
            .await
            .unwrap();
    }
    let tail = store.log_tail(&all("i"), 5).await.unwrap();
    let expected: Vec<(AttemptId, _)> = [
        (&b, 38, "other"),
        (&a, 39, "x"),
        (&a, 39, "y"),
        (&a, 39, "z"),
        (&b, 39, "other"),
    ]
    .map(|(attempt, time, text)| (attempt.clone(), line(time, text)))
    .into();
    assert_eq!(tail, expected);
    let step = LogSelection {
        step: Some("b".into()),
        ..all("i")
    };
    assert_eq!(store.log_tail(&step, 1000).await.unwrap().len(), 40);
    assert_eq!(store.log_tail(&step, 0).await.unwrap(), []);
    assert_eq!(store.log_tail(&all("x"), 5).await.unwrap(), []);
}

pub async fn large_logs_are_read_in_parts(place: &dyn Place) {
    let store = place.open().await;
    let a = attempt_id("i", "a", 1);
    let text = "z".repeat(900_000);
    for sequence in 0..8 {
        store
            .append_logs(&[chunk(&a, sequence, &[&text])])
            .await
            .unwrap();
    }
    let page = store
        .logs(&all("i"), LogCursor::default(), 10)
        .await
        .unwrap();
    assert_eq!((page.chunks.len(), page.more), (1, true), "one at least");
    let page = store.logs(&all("i"), page.next, 2_000_000).await.unwrap();
    assert_eq!((page.chunks.len(), page.more), (2, true));
    let rest = store.logs(&all("i"), page.next, usize::MAX).await.unwrap();
    assert_eq!((rest.chunks.len(), rest.more), (5, false));
    assert_eq!(rest.chunks[4].lines[0].text.len(), 900_000);
}

/// Several nodes append to one run while a reader follows it: it sees each chunk once, and those of each in order.
pub async fn writers_of_one_log_hide_nothing_from_a_reader(place: &dyn Place) {
    const WRITERS: u32 = 4;
    const CHUNKS: u32 = 40;
    let stores = join_all((0..WRITERS).map(|_| place.open())).await;
    let writers = stores.iter().zip(1..).map(|(store, visit)| async move {
        let attempt = AttemptId {
            visit: visit_id(&run_id("i", 1), "s", visit),
            attempt: 1,
        };
        for sequence in 0..CHUNKS {
            store
                .append_logs(&[chunk(&attempt, sequence, &["x"])])
                .await
                .unwrap();
        }
    });
    let reader = async {
        let mut seen: Vec<(u32, u32)> = Vec::new();
        let mut from = LogCursor::default();
        while seen.len() < (WRITERS * CHUNKS) as usize {
            let page = stores[0].logs(&all("i"), from, 1 << 20).await.unwrap();
            from = page.next;
            seen.extend(
                page.chunks
                    .iter()
                    .map(|chunk| (chunk.attempt.visit.visit, chunk.sequence)),
            );
            tokio::task::yield_now().await;
        }
        seen
    };
    let (_, seen) = timeout(PATIENCE * 2, async {
        tokio::join!(join_all(writers), reader)
    })
    .await
    .expect("all are seen");
    assert_eq!(
        seen.iter().collect::<BTreeSet<_>>().len(),
        seen.len(),
        "none twice"
    );
    for writer in 1..=WRITERS {
        let own: Vec<u32> = seen
            .iter()
            .filter(|(visit, _)| *visit == writer)
            .map(|(_, sequence)| *sequence)
            .collect();
        assert_eq!(own, (0..CHUNKS).collect::<Vec<_>>());
    }
}
