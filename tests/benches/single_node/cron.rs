//! CRON: many workflows due in the same second, and what the loop costs when none is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_node::{Clock, SystemClock};
use peerflow_store::LedgerFilter;

use crate::documents::{action, scheduled};
use crate::idle_tasks::{IdleNode, Place};
use crate::measure::{RUNS, Series, Stopwatch, process_seconds, row};

const REGISTERED: usize = 100_000;
const DUE: usize = 10_000;
/// The rest of them are due once a year, on another day.
const RARELY: &str = "0 3 1 1 *";
/// Those that are measured: away from midnight, when the cluster's own chores are due.
const OFTEN: &str = "*/10 12-20 * * *";
/// The first time that is measured, and the distance to the next.
const FIRST: &str = "2026-03-02T12:10:00Z";
const STEP: SignedDuration = SignedDuration::from_mins(10);
/// How long before a due time the clock is put.
const AHEAD: SignedDuration = SignedDuration::from_secs(3);
/// How long an idle node is watched.
const WATCHED: Duration = Duration::from_secs(4);
/// Rows that a due workflow makes in the store: an instance and a line of the ledger.
const ROWS_EACH: f64 = 2.0;

/// A clock that goes as the system's, and can be put forward.
#[derive(Debug, Default)]
struct Dial {
    offset_us: AtomicI64,
}

impl Dial {
    fn put_to(&self, at: Timestamp) {
        let offset = at.as_microsecond() - SystemClock.now().as_microsecond();
        self.offset_us.store(offset, Ordering::SeqCst);
    }
}

impl Clock for Dial {
    fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_micros(self.offset_us.load(Ordering::SeqCst));
        SystemClock.now() + offset
    }
}

/// From the due time until instance and ledger row of each are durable; and processor time of an idle node.
pub(crate) fn cron() {
    Place::each(|place| {
        let clock = Arc::new(Dial::default());
        let first: Timestamp = FIRST.parse().expect("a time");
        clock.put_to(first - STEP);
        let node = place.node(1000, Arc::clone(&clock) as _);
        node.put((0..100).map(|at| scheduled(&format!("early {at}"), RARELY, &action("s", "end"))));
        let few = Series::of(|| idle_cost(&node));
        node.put((0..DUE).map(|at| scheduled(&format!("due {at}"), OFTEN, &action("s", "end"))));
        node.put(
            (DUE + 100..REGISTERED)
                .map(|at| scheduled(&format!("rare {at}"), RARELY, &action("s", "end"))),
        );
        let many = Series::of(|| idle_cost(&node));
        row(
            &format!("CRON {}, nothing due", place.store),
            &many,
            "ms processor/s",
            Some(("the same with 100 registered", &few)),
            "1.0: independent of how many",
        );
        let mut floor = node.runtime.block_on(place.raw_rows());
        let mut at = first;
        let mut figures = Vec::new();
        let mut floors = Vec::new();
        for _ in 0..RUNS {
            figures.push(come_due(&node, &clock, at));
            at += STEP;
            #[expect(clippy::cast_precision_loss, reason = "a small count")]
            let rows = DUE as f64 * ROWS_EACH;
            floors.push(rows / node.runtime.block_on(floor.rate()));
        }
        row(
            &format!("CRON {}, 10000 due", place.store),
            &Series::from_values(figures),
            "s",
            Some(("20000 raw rows", &Series::from_values(floors))),
            "at most 1 s",
        );
        node.stop();
    });
}

/// Milliseconds of processor time that the whole process takes in a second in which nothing is due.
fn idle_cost(node: &IdleNode) -> f64 {
    let before = process_seconds();
    node.runtime
        .block_on(async { tokio::time::sleep(WATCHED).await });
    (process_seconds() - before) * 1e3 / WATCHED.as_secs_f64()
}

/// Seconds from `due` until all is durable.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn come_due(node: &IdleNode, clock: &Dial, due: Timestamp) -> f64 {
    let all = node.made() + DUE as f64;
    clock.put_to(due - AHEAD);
    node.runtime.block_on(async {
        while clock.now() < due {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let watch = Stopwatch::start();
    node.until("the instances are made", all, IdleNode::made);
    let took = watch.seconds();
    assert_eq!(ledger_rows(node, due), DUE);
    node.until("the instances end", all, IdleNode::ended);
    took
}

/// How many rows the ledger has for this time.
fn ledger_rows(node: &IdleNode, at: Timestamp) -> usize {
    let mut filter = LedgerFilter {
        coordinator: None,
        workflow: None,
        from: Some(at),
        to: Some(at + SignedDuration::from_secs(1)),
        cursor: None,
        limit: 1000,
    };
    let store = node.node.store();
    node.runtime.block_on(async {
        let mut count = 0;
        loop {
            let page = store.ledger(&filter).await.expect("the ledger is read");
            count += page.items.len();
            if page.next.is_none() {
                return count;
            }
            filter.cursor = page.next;
        }
    })
}
