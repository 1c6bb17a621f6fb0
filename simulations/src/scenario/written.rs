//! Incidents as files write them: one that repeats stands for many.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::fault::{Fault, Incident, duration, optional_duration};

/// Repetitions of one incident at most.
const MOST: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(with = "duration")]
    at: Duration,
    #[serde(default, with = "optional_duration")]
    lasts: Option<Duration>,
    /// From one beginning to the next.
    #[serde(default, with = "optional_duration")]
    every: Option<Duration>,
    /// How often in all.
    times: Option<u32>,
    fault: Fault,
}

/// Reads incidents; one that repeats becomes as many as it stands for.
pub(super) fn incidents<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Incident>, D::Error> {
    let mut all = Vec::new();
    for written in Vec::<Written>::deserialize(from)? {
        let (every, times) = match (written.every, written.times) {
            (None, None) => (Duration::ZERO, 1),
            (Some(every), Some(times)) if (1..=MOST).contains(&times) => (every, times),
            (Some(_), Some(times)) => {
                let problem = format!("times = {times}; write 1 to {MOST}");
                return Err(D::Error::custom(problem));
            }
            (Some(_), None) | (None, Some(_)) => {
                let problem = "an incident that repeats needs both `every` and `times`";
                return Err(D::Error::custom(problem));
            }
        };
        all.extend((0..times).map(|count| Incident {
            at: written.at + every * count,
            lasts: written.lasts,
            fault: written.fault.clone(),
        }));
    }
    Ok(all)
}
