//! What one task does, and the draws that decide it.

use std::time::Duration;

/// What a task's process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Play {
    /// How long it works, in true time; of one that hangs, how long it prints.
    pub takes: Duration,
    /// What comes of it.
    pub result: PlayResult,
    /// Lines it writes, evenly over its time.
    pub lines: u32,
    /// It goes on after TERM, until the kill grace is over.
    pub ignores_term: bool,
}

/// How a process ends when nobody stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayResult {
    Success,
    /// With this exit code.
    Failure(i32),
    /// It never ends by itself.
    Hang,
}

/// All that a play is drawn from: the same draw gives the same play, whatever else happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw<'w> {
    pub seed: u64,
    pub workflow: &'w str,
    pub step: &'w str,
    /// Counted from 1.
    pub visit: u32,
    /// Counted from 1 in each visit.
    pub attempt: u32,
    /// How many plays were drawn before for the same visit and try of this step, over all instances.
    pub drawn_before: u64,
}

/// What a number is drawn for, so that the numbers of one draw have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Takes = 1,
    Fails = 2,
    Hangs = 3,
    Observed = 4,
    Value = 5,
}

impl Draw<'_> {
    /// A number that looks random.
    pub(super) fn number(&self, purpose: Purpose) -> u64 {
        let mut hash = Hash::default();
        hash.number(self.seed);
        hash.text(self.workflow);
        hash.text(self.step);
        hash.number(u64::from(self.visit));
        hash.number(u64::from(self.attempt));
        hash.number(self.drawn_before);
        hash.number(purpose as u64);
        hash.finish()
    }

    /// From 0 to 1, which it never is.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are what the type holds"
    )]
    pub(super) fn share(&self, purpose: Purpose) -> f64 {
        (self.number(purpose) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An index into a list that is not empty.
    pub(super) fn index(&self, purpose: Purpose, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number(purpose) % length).unwrap_or(0)
    }

    /// Evenly between two durations, in whole milliseconds.
    pub(super) fn evenly(&self, from: Duration, to: Duration) -> Duration {
        let (from, to) = (whole(from), whole(to));
        let width = to.saturating_sub(from).saturating_add(1);
        Duration::from_millis(from.saturating_add(self.number(Purpose::Takes) % width))
    }

    /// Between two durations so that each doubling is as likely as the next, in whole milliseconds.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "durations of tasks are far below 2^53 ms, and bounds are kept"
    )]
    pub(super) fn doubling(&self, from: Duration, to: Duration) -> Duration {
        let (from, to) = (whole(from).max(1), whole(to).max(1));
        let (low, high) = ((from as f64).ln(), (to as f64).ln());
        let drawn = (high - low).mul_add(self.share(Purpose::Takes), low).exp() as u64;
        Duration::from_millis(drawn.clamp(from, to.max(from)))
    }
}

fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// FNV-1a with a last mix, kept here because a run must be the same with every release of every library.
#[derive(Clone, Copy, Debug)]
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// With its length, so that `ab` and `c` differ from `a` and `bc`.
    fn text(&mut self, text: &str) {
        self.number(u64::try_from(text.len()).unwrap_or(u64::MAX));
        self.bytes(text.as_bytes());
    }

    /// The finalizer of splitmix64: FNV's last bytes hardly reach the upper bits.
    fn finish(self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(drawn_before: u64) -> Draw<'static> {
        Draw {
            seed: 7,
            workflow: "w",
            step: "s",
            visit: 1,
            attempt: 1,
            drawn_before,
        }
    }

    /// A change of the hash makes every seed that was ever written down another run.
    #[test]
    fn the_hash_is_the_one_that_seeds_were_found_with() {
        let numbers = [draw(0), draw(1)].map(|draw| draw.number(Purpose::Takes));
        assert_eq!(numbers, [0x4fd5_c8ce_470d_d289, 0xb17a_d504_4979_75ef]);
    }

    #[test]
    fn each_part_of_a_draw_matters() {
        let first = draw(0);
        let others = [
            Draw { seed: 8, ..first },
            Draw {
                workflow: "ws",
                step: "",
                ..first
            },
            Draw { visit: 2, ..first },
            Draw {
                attempt: 2,
                ..first
            },
            draw(1),
        ];
        for other in others {
            assert_ne!(other.number(Purpose::Takes), first.number(Purpose::Takes));
        }
        assert_ne!(first.number(Purpose::Fails), first.number(Purpose::Takes));
    }

    #[test]
    fn drawn_durations_fill_their_bounds_and_keep_them() {
        let (from, to) = (Duration::from_secs(1), Duration::from_secs(30));
        let evenly: Vec<_> = (0..2_000).map(|n| draw(n).evenly(from, to)).collect();
        let doubling: Vec<_> = (0..2_000).map(|n| draw(n).doubling(from, to)).collect();
        let below = |list: &[Duration], bound| list.iter().filter(|it| **it < bound).count();
        for list in [&evenly, &doubling] {
            assert!(list.iter().all(|it| (from..=to).contains(it)));
            assert!(below(list, Duration::from_secs(2)) > 0);
            assert!(below(list, Duration::from_secs(28)) < list.len());
        }
        // Half of the doublings lie below the geometric mean of the bounds, which is 5.5 s.
        let mean = Duration::from_millis(5_477);
        assert!((900..1_100).contains(&below(&doubling, mean)));
        assert!(below(&evenly, mean) < 400);
    }
}
