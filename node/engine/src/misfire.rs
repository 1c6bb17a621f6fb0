//! Times that passed while no master acted.

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{Change, CoordinatorKey, Fate, LedgerGap};
use peerflow_workflow::{Misfire, WorkflowName};

use crate::coordinators::Entry;
use crate::engine::Engine;
use crate::event::Now;

/// How many missed times are counted at most.
const MAX_COUNTED: u64 = 100_000;
/// How many missed times `misfire="all"` fires at most: the latest ones.
const MAX_FIRED: usize = 1_000;
/// How many times that a store which went back makes missed have a row of their own: the latest ones of a coordinator.
const MAX_ROWS: usize = 100;

/// The times of a coordinator that were missed.
#[derive(Debug, PartialEq, Eq)]
struct Missed {
    first: Timestamp,
    /// Counted up to [`MAX_COUNTED`].
    count: u64,
    /// The latest of them, in order; as many as were asked for.
    latest: Vec<Timestamp>,
    /// The time before `latest`.
    before: Option<Timestamp>,
}

impl Engine {
    /// Decides on the times of a coordinator that passed while no master acted, by its misfire policy, and puts it
    /// into the queue again.
    pub(crate) fn catch_up(&mut self, now: Now, key: &CoordinatorKey) {
        let Some(entry) = self.coordinators.entry_mut(key) else {
            return;
        };
        if entry.schedule.is_some() && entry.enabled() {
            let policy = entry.coordinator.misfire;
            let wanted = match policy {
                Misfire::Skip => 0,
                Misfire::Once => 1,
                Misfire::All => MAX_FIRED,
            };
            let missed = missed(entry, now.wall, wanted);
            let news = entry.state.considered_until.is_none() || missed.is_some();
            entry.consider_until(now.wall.max(missed.as_ref().map_or(now.wall, Missed::last)));
            if let Some(missed) = missed {
                self.decide_missed(now, key, policy, missed);
            }
            if news {
                self.put_state(key);
            }
        } else {
            self.fire_if_ready(now, key);
        }
        self.coordinators.requeue(key, now.wall);
    }

    fn decide_missed(&mut self, now: Now, key: &CoordinatorKey, policy: Misfire, missed: Missed) {
        let fate = match policy {
            Misfire::Skip => "missed: no master was up, and misfire is skip",
            Misfire::Once => "missed: no master was up; the latest time fires",
            Misfire::All => "missed: no master was up; the latest 1000 times fire",
        };
        self.put_gap(now, key, &missed, fate);
        for time in missed.latest {
            self.fire_or_hold(now, key, time);
        }
    }
}

impl Engine {
    /// The store went back: times that passed since, and a time that is held, may have fired in what it has lost, so
    /// none of them fires. Answers how many those are.
    pub(crate) fn miss_all(&mut self, now: Now, key: &CoordinatorKey) -> u64 {
        let Some(entry) = self.coordinators.entry_mut(key) else {
            return 0;
        };
        let held = entry.drop_held();
        let mut count = u64::from(held.is_some());
        let mut rows: Vec<(Timestamp, Vec<WorkflowName>)> = held.into_iter().collect();
        let mut news = !rows.is_empty();
        if entry.schedule.is_some() && entry.enabled() {
            let missed = missed(entry, now.wall, MAX_ROWS);
            news |= entry.state.considered_until.is_none() || missed.is_some();
            entry.consider_until(now.wall.max(missed.as_ref().map_or(now.wall, Missed::last)));
            let workflows = entry.coordinator.triggers.clone();
            if let Some(missed) = missed {
                count += missed.count;
                self.put_gap(now, key, &missed, "missed (store restored)");
                rows.extend(
                    missed
                        .latest
                        .into_iter()
                        .map(|time| (time, workflows.clone())),
                );
            }
        }
        for (instant, workflows) in rows {
            for workflow in workflows {
                let reason = "store restored".to_owned();
                self.put_row(now, key, workflow, instant, Fate::Missed { reason });
            }
        }
        if news {
            self.put_state(key);
        }
        self.coordinators.requeue(key, now.wall);
        count
    }

    /// Writes one row for the missed times that have none of their own.
    fn put_gap(&mut self, now: Now, key: &CoordinatorKey, missed: &Missed, fate: &str) {
        let listed = u64::try_from(missed.latest.len()).unwrap_or(missed.count);
        let count = missed.count.saturating_sub(listed);
        if count > 0 {
            self.out.put(Change::PutLedgerGap(LedgerGap {
                coordinator: key.clone(),
                from: missed.first,
                to: missed.before.unwrap_or(missed.first),
                count,
                fate: fate.to_owned(),
                decided_at: now.wall,
            }));
        }
    }
}

impl Missed {
    fn last(&self) -> Timestamp {
        self.latest
            .last()
            .copied()
            .or(self.before)
            .unwrap_or(self.first)
    }
}

/// The times of `entry` after what it has considered, up to `until`; the latest `wanted` of them in a list.
fn missed(entry: &Entry, until: Timestamp, wanted: usize) -> Option<Missed> {
    let considered = entry.state.considered_until?;
    let first = entry.next_after(considered).filter(|time| *time <= until)?;
    let mut count = 0;
    let mut at = Some(first);
    while let Some(time) = at.filter(|time| *time <= until) {
        count += 1;
        if count == MAX_COUNTED {
            break;
        }
        at = entry.next_after(time);
    }
    let mut latest = latest_times(entry, considered, until, wanted + 1);
    let before = if latest.len() > wanted {
        let surplus = latest.len() - wanted;
        latest.drain(..surplus).next_back()
    } else {
        None
    };
    Some(Missed {
        first,
        count,
        latest,
        before,
    })
}

/// At least the `wanted` latest times after `after` up to `until`, all of them if there are fewer.
fn latest_times(
    entry: &Entry,
    after: Timestamp,
    until: Timestamp,
    wanted: usize,
) -> Vec<Timestamp> {
    let mut window = SignedDuration::from_secs(1);
    loop {
        let from = until
            .checked_sub(window)
            .ok()
            .filter(|from| *from > after)
            .unwrap_or(after);
        let mut times = Vec::new();
        let mut at = entry.next_after(from);
        while let Some(time) = at.filter(|time| *time <= until) {
            times.push(time);
            at = entry.next_after(time);
        }
        if times.len() >= wanted || from == after {
            return times;
        }
        window = window.saturating_mul(2);
    }
}
