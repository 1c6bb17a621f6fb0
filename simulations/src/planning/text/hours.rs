//! The hours of the clock in which slots ran out.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::planning::numbers::{between, rounded};
use crate::planning::plan::FullSpan;

/// An hour in which slots ran out.
#[derive(Debug)]
pub(super) struct ShortHour {
    pub(super) from: Timestamp,
    taken: Duration,
    most_waiting: usize,
}

/// The hours by the clock of `zone` that `spans` touch.
pub(super) fn hours<'p>(
    spans: impl Iterator<Item = &'p FullSpan>,
    zone: &TimeZone,
) -> Vec<ShortHour> {
    let mut hours: Vec<ShortHour> = Vec::new();
    for span in spans {
        let mut at = span.from;
        while at < span.to {
            let from = hour_of(at, zone);
            let next = from
                .checked_add(SignedDuration::from_hours(1))
                .unwrap_or(span.to);
            let until = next.min(span.to);
            let taken = between(at, until);
            match hours.last_mut() {
                Some(last) if last.from == from => {
                    last.taken += taken;
                    last.most_waiting = last.most_waiting.max(span.most_waiting);
                }
                _ => hours.push(ShortHour {
                    from,
                    taken,
                    most_waiting: span.most_waiting,
                }),
            }
            at = until;
        }
    }
    hours
}

/// The beginning of the hour that `at` lies in.
fn hour_of(at: Timestamp, zone: &TimeZone) -> Timestamp {
    let local = at.to_zoned(zone.clone());
    let nanoseconds = (i64::from(local.minute()) * 60 + i64::from(local.second())) * 1_000_000_000
        + i64::from(local.subsec_nanosecond());
    let into = SignedDuration::from_nanos(nanoseconds);
    at.checked_sub(into).unwrap_or(at)
}

impl ShortHour {
    /// It in words.
    pub(super) fn line(&self, zone: &TimeZone, slots: u32) -> String {
        let from = self.from.to_zoned(zone.clone());
        let steps = match self.most_waiting {
            1 => "1 step".to_owned(),
            many => format!("{many} steps"),
        };
        format!(
            "  slots run out after {}: all {slots} taken for {}, up to {steps} waiting",
            from.strftime("%H:%M"),
            rounded(self.taken)
        )
    }
}
