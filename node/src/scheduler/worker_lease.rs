//! For how long workers are given grants, and how long one may hold that was given before `worker.lease` was lowered.
//!
//! The longest lease that may still be in force stands beside the setting in the store, from the same batch on that lowers
//! it. Nobody can tell there how much of it is left, for each node has its own clock. So every master counts it down from
//! the beginning of its own term, by when all masters before it had stopped giving grants, and once it is over takes it
//! back. A term too short for that leaves it to the next.

use std::time::Duration;

use peerflow_model::{Change, Settings, format_duration, parse_duration};
use tokio::time::Instant;

/// What workers are granted in one term.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkerLease {
    /// By the setting in force.
    present: Duration,
    /// The longest that a worker may still hold.
    longest: Duration,
    /// By then the last one longer than `present` was given.
    lowered_at: Instant,
}

impl WorkerLease {
    /// As a term begins with `present`, the store's settings being `stored`. And what the store must be told before any
    /// grant is given.
    pub(super) fn begin(
        present: Duration,
        stored: &[(String, String)],
        now: Instant,
    ) -> (Self, Option<Change>) {
        let read = |key: &str| {
            let (_, value) = stored.iter().find(|(name, _)| name == key)?;
            parse_duration(value).ok()
        };
        let told = read(Settings::LONGEST_LEASE).unwrap_or_default();
        // A configuration may lower the setting too.
        let before = read(Settings::WORKER_LEASE).unwrap_or_default();
        let lease = Self {
            present,
            longest: present.max(before).max(told),
            lowered_at: now,
        };
        let is_news = lease.longest > lease.present && lease.longest != told;
        (lease, is_news.then(|| lease.record()))
    }

    /// What a worker is granted.
    pub(super) fn present(&self) -> Duration {
        self.present
    }

    /// The longest that a worker may still hold: how long a master waits for what it cannot reach.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// What must become durable with changes that lower the lease.
    pub(super) fn beside(&self, changes: &[Change]) -> Option<Change> {
        let lowers = |change: &Change| lease_of(change).is_some_and(|lease| lease < self.longest);
        changes.iter().any(lowers).then(|| self.record())
    }

    /// A change has become durable.
    pub(super) fn note(&mut self, change: &Change, now: Instant) {
        let Some(lease) = lease_of(change) else {
            return;
        };
        if lease < self.present {
            self.lowered_at = now;
        }
        self.present = lease;
        self.longest = self.longest.max(lease);
    }

    /// Takes back what the store was told, once no longer grant can hold.
    pub(super) fn count_down(&mut self, now: Instant) -> Option<Change> {
        if self.longest <= self.present
            || now.saturating_duration_since(self.lowered_at) < surely_over(self.longest)
        {
            return None;
        }
        self.longest = self.present;
        Some(self.record())
    }

    fn record(&self) -> Change {
        Change::PutSetting {
            key: Settings::LONGEST_LEASE.to_owned(),
            value: format_duration(self.longest),
        }
    }
}

/// The lease that a change brings.
fn lease_of(change: &Change) -> Option<Duration> {
    match change {
        Change::PutSetting { key, value } if key == Settings::WORKER_LEASE => {
            parse_duration(value).ok()
        }
        _ => None,
    }
}

/// How long after a grant for `lease` was given it is surely over: two clocks may drift apart, and a kill takes a moment.
pub(super) fn surely_over(lease: Duration) -> Duration {
    lease + lease / 20 + Duration::from_secs(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn put(key: &str, lease: u64) -> Change {
        Change::PutSetting {
            key: key.to_owned(),
            value: format_duration(secs(lease)),
        }
    }

    fn set(lease: u64) -> Change {
        put("worker.lease", lease)
    }

    fn told(lease: u64) -> Change {
        put("worker.lease.longest", lease)
    }

    /// A store that keeps what it is told.
    #[derive(Default)]
    struct Store(Vec<(String, String)>);

    impl Store {
        fn keep(&mut self, changes: impl IntoIterator<Item = Change>) {
            for change in changes {
                let Change::PutSetting { key, value } = change else {
                    panic!("{change:?}");
                };
                self.0.retain(|(other, _)| *other != key);
                self.0.push((key, value));
            }
        }
    }

    /// Makes a change durable with what must go beside it.
    fn commit(lease: &mut WorkerLease, store: &mut Store, change: Change, now: Instant) {
        store.keep(lease.beside(std::slice::from_ref(&change)));
        lease.note(&change, now);
        store.keep([change]);
    }

    #[test]
    fn a_master_knows_of_longer_grants_than_those_of_the_setting_it_finds() {
        let start = Instant::now();
        let mut store = Store::default();
        let (mut first, nothing) = WorkerLease::begin(secs(60), &store.0, start);
        assert_eq!((nothing, first.longest()), (None, secs(60)));
        store.keep([set(60)]);
        commit(&mut first, &mut store, set(5), start);
        assert_eq!((first.present(), first.longest()), (secs(5), secs(60)));

        let later = start + secs(10);
        let (mut next, nothing) = WorkerLease::begin(secs(5), &store.0, later);
        assert_eq!(nothing, None, "the store knows already");
        assert_eq!((next.present(), next.longest()), (secs(5), secs(60)));
        // Counted from the beginning of its own term, and with the margin.
        assert_eq!(next.count_down(later + secs(63)), None);
        assert_eq!(next.longest(), secs(60));
        let taken_back = next.count_down(later + secs(64));
        assert_eq!((&taken_back, next.longest()), (&Some(told(5)), secs(5)));
        store.keep(taken_back);
        let (last, nothing) = WorkerLease::begin(secs(5), &store.0, later);
        assert_eq!((nothing, last.longest()), (None, secs(5)));
    }

    #[test]
    fn the_longest_of_several_leases_counts_from_the_last_time_that_one_was_lowered() {
        let start = Instant::now();
        let mut store = Store::default();
        let (mut lease, _) = WorkerLease::begin(secs(60), &store.0, start);
        for (change, at) in [(20, 0), (40, 30), (5, 50)] {
            commit(&mut lease, &mut store, set(change), start + secs(at));
        }
        assert_eq!((lease.present(), lease.longest()), (secs(5), secs(60)));
        assert_eq!(lease.count_down(start + secs(50 + 63)), None);
        assert_eq!(lease.count_down(start + secs(50 + 64)), Some(told(5)));
        assert_eq!(lease.count_down(start + secs(500)), None, "once");
        // A raised one is known by the setting itself.
        assert_eq!(lease.beside(&[set(90)]), None);
        commit(&mut lease, &mut store, set(90), start + secs(501));
        let (next, nothing) = WorkerLease::begin(secs(90), &store.0, start + secs(502));
        assert_eq!((nothing, next.longest()), (None, secs(90)));
    }

    #[test]
    fn a_configuration_that_lowers_the_lease_leaves_the_longer_one_on_record() {
        let mut store = Store::default();
        store.keep([set(60)]);
        let (lease, record) = WorkerLease::begin(secs(5), &store.0, Instant::now());
        assert_eq!((record, lease.longest()), (Some(told(60)), secs(60)));
    }
}
