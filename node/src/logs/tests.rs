use jiff::Timestamp;
use peerflow_model::{LogLevel, VisitId};
use peerflow_store::{LogCursor, LogPage, LogSelection, Store, StoreUrl, open};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::spill::Spill;
use super::*;

const BOUND: Duration = Duration::from_secs(30);

fn attempt(number: u32) -> AttemptId {
    let run = RunId {
        instance: "i".into(),
        run: 1,
    };
    let visit = VisitId {
        run,
        step: "s".into(),
        visit: 1,
    };
    AttemptId {
        visit,
        attempt: number,
    }
}

fn lines(texts: &[&str]) -> Vec<LogLine> {
    let line = |text: &&str| LogLine {
        at: Timestamp::UNIX_EPOCH,
        level: LogLevel::Info,
        text: (*text).to_owned(),
    };
    texts.iter().map(line).collect()
}

async fn stored(store: &dyn Store) -> LogPage {
    let selection = LogSelection {
        instance: "i".into(),
        run: Some(1),
        step: None,
        attempt: None,
    };
    store
        .logs(&selection, LogCursor::default(), usize::MAX / 2)
        .await
        .unwrap()
}

struct Fixture {
    dir: tempfile::TempDir,
    store: Arc<dyn Store>,
    hub: LogHub,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Fixture {
    async fn new(prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let store = open(&StoreUrl::sqlite(dir.path().join("logs.db")))
            .await
            .unwrap();
        let (hub, writer) = LogHub::new(Arc::clone(&store), dir.path(), Metrics::new()).unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(writer.run(stop.clone()));
        Self {
            dir,
            store,
            hub,
            stop,
            tasks,
        }
    }

    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(BOUND, self.tasks.wait())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn what_is_flushed_is_stored_and_followers_see_it_after_that() {
    let fixture = Fixture::new(|_| {}).await;
    let run = attempt(1).visit.run;
    let mut follower = fixture.hub.follow(&run);
    let sink = fixture.hub.sink(attempt(1));
    sink.write(lines(&["one", "two"])).await;
    sink.write(lines(&["three"])).await;
    fixture.hub.flush(BOUND).await;
    let page = stored(&*fixture.store).await;
    let texts: Vec<_> = page
        .chunks
        .iter()
        .flat_map(|chunk| &chunk.lines)
        .map(|line| line.text.as_str())
        .collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let first = tokio::time::timeout(BOUND, follower.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((first.sequence, first.lines.len()), (0, 2));
    fixture.end().await;
}

#[tokio::test]
async fn a_stop_writes_what_is_left() {
    let fixture = Fixture::new(|_| {}).await;
    let sink = fixture.hub.sink(attempt(1));
    for _ in 0..100 {
        sink.write(lines(&["line"])).await;
    }
    fixture.end().await;
    assert_eq!(stored(&*fixture.store).await.chunks.len(), 100);
}

#[tokio::test]
async fn lines_that_waited_for_the_store_arrive_in_the_next_life() {
    let chunk = |sequence, text| LogChunk {
        attempt: attempt(1),
        sequence,
        lines: lines(&[text]),
    };
    let fixture = Fixture::new(|dir| {
        let mut spill = Spill::open(dir).unwrap();
        spill.push(&[chunk(0, "水"), chunk(1, "b")]).unwrap();
        spill.push(&[chunk(2, "c")]).unwrap();
    })
    .await;
    // A flush ends only after what came before it.
    fixture.hub.sink(attempt(2)).write(lines(&["new"])).await;
    fixture.hub.flush(BOUND).await;
    fixture.end().await;
    let page = stored(&*fixture.store).await;
    let texts: Vec<_> = page
        .chunks
        .iter()
        .map(|chunk| chunk.lines[0].text.as_str())
        .collect();
    assert_eq!(texts, ["水", "b", "c", "new"]);
    assert!(Spill::open(fixture.dir.path()).unwrap().is_empty());
}

#[test]
fn a_large_write_is_cut_into_chunks_without_losing_lines() {
    let long = "x".repeat(CHUNK_BYTES / 3);
    let chunks = cut(lines(&[&long, &long, &long, &long, "end"]));
    assert!(chunks.len() > 1);
    assert_eq!(chunks.iter().map(Vec::len).sum::<usize>(), 5);
    let huge = "x".repeat(CHUNK_BYTES * 2);
    assert_eq!(cut(lines(&[&huge])).len(), 1);
    assert!(cut(Vec::new()).is_empty());
}
