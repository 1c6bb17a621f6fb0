//! Grants: until when this node may run its attempts.
//!
//! A master whose lease is valid answers a request with a grant, which holds for `worker.lease` counted from the
//! *sending of the request* by this node's own clock. So a master that waits that long after its last answer knows that
//! what it cannot reach has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_actions::BootTime;
use tokio::time::Instant;

/// Requests whose answer is still waited for, at most; older ones are given up.
const ASKED: usize = 16;
/// How often grants are asked for before the first one told how long they hold.
const FIRST_PACE: Duration = Duration::from_secs(1);

/// The grants of one life of a node.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// Grows through all of a life, whoever is master.
    last: u64,
    asked: BTreeMap<u64, Asked>,
    /// Grants that hold, with their end.
    held: BTreeMap<u64, GrantEnd>,
    ask_at: Option<Instant>,
    lease: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    at: Instant,
    boot: BootTime,
}

/// The end of the latest grant, by the two clocks that enforce it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GrantEnd {
    pub(super) at: Instant,
    /// For the spawner, which goes on while this process or the machine sleeps.
    pub(super) boot: BootTime,
}

impl Grants {
    /// A master that has not been asked yet: the first request is due at once, and answers to earlier ones, which went
    /// to another, will not come.
    pub(super) fn begin(&mut self, now: Instant) {
        self.asked.clear();
        self.ask_at = Some(now);
    }

    /// Nobody is there to ask.
    pub(super) fn pause(&mut self) {
        self.ask_at = None;
    }

    /// When the next request is due.
    pub(super) fn ask_at(&self) -> Option<Instant> {
        self.ask_at
    }

    /// The number of a request that is sent now.
    pub(super) fn ask(&mut self, now: Instant, boot: BootTime) -> u64 {
        self.last += 1;
        self.asked.insert(self.last, Asked { at: now, boot });
        while self.asked.len() > ASKED {
            self.asked.pop_first();
        }
        let pace = self.lease.map_or(FIRST_PACE, |lease| lease / 4);
        self.ask_at = Some(now + pace);
        self.last
    }

    /// A grant arrived: the new end of all that is granted, unless nobody asked for it.
    pub(super) fn granted(
        &mut self,
        number: u64,
        lease: Duration,
        now: Instant,
    ) -> Option<GrantEnd> {
        let asked = self.asked.remove(&number)?;
        self.lease = Some(lease);
        self.ask_at = self.ask_at.map(|at| at.min(asked.at + lease / 4));
        self.forget_ended(now);
        let end = GrantEnd {
            at: asked.at + lease,
            boot: asked.boot.after(lease),
        };
        self.held.insert(number, end);
        Some(end)
    }

    /// Whether grant `number` still holds, by both clocks.
    pub(super) fn holds(&self, number: u64, now: Instant, boot: BootTime) -> bool {
        let end = self.held.get(&number);
        end.is_some_and(|end| end.at > now && end.boot > boot)
    }

    /// Drops grants that are over: each is acted on once.
    pub(super) fn forget_ended(&mut self, now: Instant) {
        self.held.retain(|_, end| end.at > now);
    }

    /// When the last grant is over.
    pub(super) fn end(&self) -> Option<Instant> {
        self.held.values().map(|end| end.at).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(60);

    #[test]
    fn a_grant_counts_from_the_request_and_is_over_after_its_lease() {
        let mut grants = Grants::default();
        let start = Instant::now();
        grants.begin(start);
        assert_eq!(grants.ask_at(), Some(start));
        let number = grants.ask(start, BootTime::now());
        let answered = start + Duration::from_secs(5);
        let end = grants.granted(number, LEASE, answered).unwrap();
        assert_eq!(end.at, start + LEASE);
        assert!(grants.holds(number, answered, BootTime::now()));
        assert!(!grants.holds(number, start + LEASE, BootTime::now()));
        assert_eq!(grants.end(), Some(start + LEASE));
        assert!(grants.ask_at().unwrap() <= start + LEASE / 4);
    }

    #[test]
    fn an_answer_that_nobody_asked_for_grants_nothing() {
        let mut grants = Grants::default();
        let start = Instant::now();
        grants.begin(start);
        let first = grants.ask(start, BootTime::now());
        // Another master: the answer of the one before does not count any more.
        grants.begin(start);
        assert_eq!(grants.granted(first, LEASE, start), None);
        assert_eq!(grants.granted(99, LEASE, start), None);
        assert!(!grants.holds(first, start, BootTime::now()));
        let second = grants.ask(start, BootTime::now());
        assert!(second > first);
    }
}
