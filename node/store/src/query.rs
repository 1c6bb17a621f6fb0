//! What readers ask of the store, a page at a time.

use jiff::Timestamp;
use jiff::civil::Date;
use peerflow_model::{ContentHash, CoordinatorKey, Instance, InstanceStatus};
use peerflow_workflow::WorkflowName;

/// Where a page goes on: opaque to callers, stable while rows come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Absent on the last page.
    pub next: Option<Cursor>,
}

/// Which instances; newest first. Of each the latest run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceFilter {
    /// Created at or after.
    pub from: Option<Timestamp>,
    /// Created before.
    pub to: Option<Timestamp>,
    /// Owner of the workflow as registered now.
    pub creator: Option<String>,
    /// Any of these; empty: all.
    pub status: Vec<InstanceStatus>,
    /// Exact workflow.
    pub workflow: Option<WorkflowName>,
    /// Part of the workflow's name or the beginning of the instance's id.
    pub key: Option<String>,
    pub cursor: Option<Cursor>,
    /// At most 1,000.
    pub limit: u32,
}

/// A page of instances.
pub type InstancePage = Page<Instance>;

/// Counts for the front page.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontCounts {
    /// For each day of the asked-for range, in the asked-for zone, how many runs ended how.
    pub days: Vec<(Date, u64, u64, u64)>,
    pub waiting: u64,
    pub running: u64,
    /// The 20 last ended, newest first.
    pub last_ended: Vec<Instance>,
    /// Those waiting or running, oldest first, at most 100.
    pub active: Vec<Instance>,
}

/// Which ledger rows; newest instant first.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerFilter {
    pub coordinator: Option<CoordinatorKey>,
    pub workflow: Option<WorkflowName>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub cursor: Option<Cursor>,
    /// At most 1,000.
    pub limit: u32,
}

/// Which data monitor readings; newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadingFilter {
    pub workflow: Option<WorkflowName>,
    pub step: Option<String>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub cursor: Option<Cursor>,
    /// At most 1,000.
    pub limit: u32,
}

/// A folder of the workflow tree that people made or documents named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    pub path: String,
    /// Workflows and coordinators directly in it.
    pub entries: u64,
}

/// The recorded answer to a request with an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Hash of the request it answered: another request with the same key is refused.
    pub request: ContentHash,
    pub answer: String,
}

/// A folder and those above it: `/a/b` gives `/a/b` and `/a`.
pub(crate) fn folders(dir: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(dir), |path| {
        path.rsplit_once('/').map(|(above, _)| above)
    })
    .filter(|path| !path.is_empty())
}

/// Cuts a range of days out of counts: (moment, outcomes by succeeded, failed, killed).
pub(crate) fn days(
    since: Timestamp,
    now: Timestamp,
    zone: &jiff::tz::TimeZone,
    counts: impl Iterator<Item = (Timestamp, [u64; 3])>,
) -> Vec<(Date, u64, u64, u64)> {
    let day = |at: Timestamp| zone.to_datetime(at).date();
    let last = day(now.max(since));
    let mut days: std::collections::BTreeMap<Date, [u64; 3]> = day(since)
        .series(jiff::Span::new().days(1))
        .take_while(|date| *date <= last)
        .map(|date| (date, [0; 3]))
        .collect();
    for (at, ended) in counts {
        let sums = days.entry(day(at)).or_default();
        for (sum, count) in sums.iter_mut().zip(ended) {
            *sum += count;
        }
    }
    days.into_iter()
        .map(|(date, [succeeded, failed, killed])| (date, succeeded, failed, killed))
        .collect()
}
