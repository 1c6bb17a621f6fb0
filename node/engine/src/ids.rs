//! Ids of instances: they sort by age and are never given twice.

use jiff::Timestamp;
use peerflow_model::InstanceId;
use rand::Rng;
use rand::rngs::SmallRng;

/// Crockford's base 32, in lower case.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_BITS: u32 = 35;

/// Makes instance ids.
#[derive(Debug, Default)]
pub(crate) struct InstanceIds {
    /// Milliseconds and randomness of the latest id. A later one is greater, also within one millisecond and after
    /// the clock was set back.
    last: (u64, u64),
}

impl InstanceIds {
    /// The next id.
    pub(crate) fn next(&mut self, wall: Timestamp, rng: &mut SmallRng) -> InstanceId {
        let now_ms = u64::try_from(wall.as_millisecond()).unwrap_or(0);
        let limit = 1u64 << RANDOM_BITS;
        self.last = match self.last {
            (ms, random) if now_ms <= ms && random + 1 < limit => (ms, random + 1),
            // The upper half is left free, so that ids of one millisecond have room to grow.
            (ms, _) => (now_ms.max(ms + 1), rng.random_range(0..limit / 2)),
        };
        let mut text = String::with_capacity(16);
        push_digits(&mut text, self.last.0, 9);
        push_digits(&mut text, self.last.1, 7);
        InstanceId::from(text)
    }
}

fn push_digits(text: &mut String, value: u64, count: u32) {
    for at in (0..count).rev() {
        let digit = (value >> (5 * at)) & 31;
        text.push(char::from(DIGITS[digit as usize]));
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn ids_grow_within_a_millisecond_and_when_the_clock_goes_back() {
        let mut ids = InstanceIds::default();
        let mut rng = SmallRng::seed_from_u64(1);
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let made: Vec<_> = [5_000, 5_000, 4_000, 5_001, 9_000]
            .map(|ms| ids.next(at(ms), &mut rng))
            .to_vec();
        assert!(made.is_sorted());
        assert!(made.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(made.iter().all(|id| id.as_str().len() == 16));
    }

    #[test]
    fn the_time_stands_in_the_first_nine_digits() {
        let mut ids = InstanceIds::default();
        let mut rng = SmallRng::seed_from_u64(1);
        let id = ids.next(Timestamp::from_millisecond(33).unwrap(), &mut rng);
        assert_eq!(&id.as_str()[..9], "000000011");
    }
}
