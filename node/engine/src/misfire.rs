//! Times that passed while no master acted.

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{Change, CoordinatorKey, LedgerGap};
use peerflow_workflow::Misfire;

use crate::coordinators::Entry;
use crate::engine::Engine;
use crate::event::Now;

/// How many missed times are counted at most.
const MAX_COUNTED: u64 = 100_000;
/// How many missed times `misfire="all"` fires at most: the latest ones.
const MAX_FIRED: usize = 1_000;

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
            let missed = missed(entry, now.wall, policy);
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
        let skipped = missed.count - u64::try_from(missed.latest.len()).unwrap_or(missed.count);
        if skipped > 0 {
            let fate = match policy {
                Misfire::Skip => "missed: no master was up, and misfire is skip",
                Misfire::Once => "missed: no master was up; the latest time fires",
                Misfire::All => "missed: no master was up; the latest 1000 times fire",
            };
            self.out.put(Change::PutLedgerGap(LedgerGap {
                coordinator: key.clone(),
                from: missed.first,
                to: missed.before.unwrap_or(missed.first),
                count: skipped,
                fate: fate.to_owned(),
                decided_at: now.wall,
            }));
        }
        for time in missed.latest {
            self.fire_or_hold(now, key, time);
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

/// The times of `entry` after what it has considered, up to `until`; of them as many in a list as `policy` fires.
fn missed(entry: &Entry, until: Timestamp, policy: Misfire) -> Option<Missed> {
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
    let wanted = match policy {
        Misfire::Skip => 0,
        Misfire::Once => 1,
        Misfire::All => MAX_FIRED,
    };
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
