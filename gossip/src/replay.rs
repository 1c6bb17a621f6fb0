//! Which datagrams are new: sealed within the window, and not seen before.

use std::collections::BTreeSet;

use crate::seal::Nonce;

/// How far the sender's time may be from ours, to either side, in milliseconds.
pub(crate) const WINDOW_MS: i64 = 30_000;
/// Nonces remembered at most: five times what a cluster of 200 nodes sends to one of them within the window.
const REMEMBERED: usize = 1 << 16;

/// Remembers what has arrived for as long as it could arrive again and be taken.
#[derive(Debug)]
pub(crate) struct ReplayWindow {
    /// The time a datagram was sealed at, and its nonce: the oldest first.
    seen: BTreeSet<(i64, Nonce)>,
    /// Nothing sealed up to this time is taken any more, because memory for it was not enough.
    floor_ms: i64,
    limit: usize,
}

/// What is to be done with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    New,
    OutsideWindow,
    Replayed,
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self::with_limit(REMEMBERED)
    }
}

impl ReplayWindow {
    fn with_limit(limit: usize) -> Self {
        Self {
            seen: BTreeSet::new(),
            floor_ms: i64::MIN,
            limit,
        }
    }

    /// Judges a datagram whose seal was valid, and remembers it if it is new.
    pub(crate) fn judge(&mut self, now_ms: i64, sealed_at_ms: i64, nonce: Nonce) -> Verdict {
        let oldest = now_ms.saturating_sub(WINDOW_MS);
        self.forget_before(oldest);
        let newest = now_ms.saturating_add(WINDOW_MS);
        if !(oldest..=newest).contains(&sealed_at_ms) || sealed_at_ms <= self.floor_ms {
            return Verdict::OutsideWindow;
        }
        if !self.seen.insert((sealed_at_ms, nonce)) {
            return Verdict::Replayed;
        }
        // A datagram that is forgotten early must not be taken again: the window shrinks instead.
        if self.seen.len() > self.limit
            && let Some((forgotten_ms, _nonce)) = self.seen.pop_first()
        {
            self.floor_ms = forgotten_ms;
        }
        Verdict::New
    }

    fn forget_before(&mut self, oldest_ms: i64) {
        while self
            .seen
            .first()
            .is_some_and(|(at, _nonce)| *at < oldest_ms)
        {
            self.seen.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(number: u8) -> Nonce {
        [number; 24]
    }

    #[test]
    fn takes_a_datagram_once_while_its_time_is_within_the_window() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.judge(100_000, 99_000, nonce(1)), Verdict::New);
        assert_eq!(window.judge(129_000, 99_000, nonce(1)), Verdict::Replayed);
        assert_eq!(
            window.judge(129_001, 99_000, nonce(1)),
            Verdict::OutsideWindow
        );
    }

    #[test]
    fn refuses_what_is_too_old_and_what_is_too_far_ahead() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.judge(100_000, 70_000, nonce(1)), Verdict::New);
        assert_eq!(window.judge(100_000, 130_000, nonce(2)), Verdict::New);
        assert_eq!(
            window.judge(100_000, 69_999, nonce(3)),
            Verdict::OutsideWindow
        );
        assert_eq!(
            window.judge(100_000, 130_001, nonce(4)),
            Verdict::OutsideWindow
        );
        assert_eq!(window.judge(0, i64::MIN, nonce(5)), Verdict::OutsideWindow);
        assert_eq!(window.judge(0, i64::MAX, nonce(6)), Verdict::OutsideWindow);
    }

    #[test]
    fn remembers_a_datagram_of_a_clock_ahead_until_it_is_too_old() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.judge(100_000, 130_000, nonce(1)), Verdict::New);
        assert_eq!(window.judge(160_000, 130_000, nonce(1)), Verdict::Replayed);
    }

    #[test]
    fn never_takes_a_datagram_twice_however_full_its_memory_is() {
        let mut window = ReplayWindow::with_limit(2);
        for number in 1..=3 {
            let sealed_at = 100_000 + i64::from(number);
            assert_eq!(
                window.judge(100_000, sealed_at, nonce(number)),
                Verdict::New
            );
        }
        assert_eq!(window.seen.len(), 2);
        assert_eq!(
            window.judge(100_000, 100_001, nonce(1)),
            Verdict::OutsideWindow
        );
        assert_eq!(window.judge(100_000, 100_002, nonce(2)), Verdict::Replayed);
        assert_eq!(window.judge(100_000, 100_004, nonce(4)), Verdict::New);
    }

    #[test]
    fn forgets_what_could_not_be_taken_again_anyway() {
        let mut window = ReplayWindow::default();
        for number in 0..100 {
            window.judge(
                i64::from(number) * 10_000,
                i64::from(number) * 10_000,
                nonce(number),
            );
        }
        assert!(window.seen.len() <= 4, "{}", window.seen.len());
    }
}
