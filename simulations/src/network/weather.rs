//! How well links carry datagrams.

use std::time::Duration;

use rand::Rng as _;
use rand::rngs::SmallRng;

use super::LEAST_LATENCY;

/// The longest extra delay of a datagram that is overtaken, in latencies.
const OVERTAKEN: u32 = 4;

/// How well a link carries datagrams. The probabilities are from 0 to 1; what is below counts as 0, what is above as 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weather {
    /// The least time that a datagram takes; never below [`LEAST_LATENCY`].
    pub latency: Duration,
    /// Up to so much more, uniformly. Datagrams overtake each other where it is longer than the time between them.
    pub jitter: Duration,
    /// How probably a datagram is lost.
    pub loss: f64,
    /// How probably it arrives twice.
    pub duplication: f64,
    /// How probably it takes one to four latencies more, so that later ones overtake it.
    pub reordering: f64,
}

impl Default for Weather {
    /// The least latency and no trouble.
    fn default() -> Self {
        Self {
            latency: LEAST_LATENCY,
            jitter: Duration::ZERO,
            loss: 0.0,
            duplication: 0.0,
            reordering: 0.0,
        }
    }
}

impl Weather {
    /// How long each copy of a datagram takes: none when it is lost, two when it is duplicated.
    pub(super) fn delays(&self, rng: &mut SmallRng) -> Vec<Duration> {
        if happens(self.loss, rng) {
            return Vec::new();
        }
        let copies = if happens(self.duplication, rng) { 2 } else { 1 };
        (0..copies).map(|_copy| self.delay(rng)).collect()
    }

    fn delay(&self, rng: &mut SmallRng) -> Duration {
        let latency = self.latency.max(LEAST_LATENCY);
        let mut delay = latency;
        if !self.jitter.is_zero() {
            delay = delay.saturating_add(rng.random_range(Duration::ZERO..=self.jitter));
        }
        if happens(self.reordering, rng) {
            let longest = latency.saturating_mul(OVERTAKEN);
            delay = delay.saturating_add(rng.random_range(latency..=longest));
        }
        delay
    }
}

/// Draws only where there is something to draw, so that a probability of nothing changes nothing else.
fn happens(probability: f64, rng: &mut SmallRng) -> bool {
    // Not a number is no probability.
    probability > 0.0 && (probability >= 1.0 || rng.random_bool(probability))
}
