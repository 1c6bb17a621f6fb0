//! One cron expression as bit sets: small enough for a hundred thousand of them, and the search for the next time
//! is ours, because what happens when the clock is put forward or back is ours to decide.

use croner::errors::CronError;
use croner::parser::CronParser;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use crate::schedule::{HELP, ScheduleError};

/// Days between two times at most: a fifth Monday of a February comes every 28 years, and 40 apart around 2100.
const MOST_YEARS: i16 = 60;

// The bits with which croner marks each value of a field. It does not export them; a test compares with its matches.
const ALL: u8 = 1;
const NTH: [u8; 5] = [1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5];
const LAST: u8 = 1 << 6;
const NEAREST: u8 = 1 << 7;

/// One cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    seconds: u64,
    minutes: u64,
    hours: u32,
    /// Days of the month; bit 1 is the first.
    days: u32,
    /// `15W`: the weekday nearest to the 15th.
    nearest: u32,
    /// Bit 1 is January.
    months: u16,
    /// For each weekday from Sunday on: whether every one, the first to fifth, or the last of the month.
    weekdays: [u8; 7],
    last_day: bool,
    /// `LW`: the last weekday of the month.
    last_weekday: bool,
    any_day: bool,
    any_weekday: bool,
    /// Day and weekday must both fit; otherwise one of them, as in every crontab.
    both_days: bool,
    /// Minute or hour begins with `*`: it follows the clock rather than naming times of a day.
    interval: bool,
}

/// Quartz's `0/10` is what older files have.
pub(super) fn parser() -> CronParser {
    CronParser::builder().sloppy_ranges(true).build()
}

impl Pattern {
    /// Reads `expression`; errors speak of `text`, what the user wrote.
    pub(super) fn parse(expression: &str, text: &str) -> Result<Self, ScheduleError> {
        let refused = |message: String| ScheduleError {
            message,
            help: HELP.to_owned(),
        };
        let fields: Vec<&str> = expression.split_whitespace().collect();
        if !expression.starts_with('@') && !matches!(fields.len(), 5 | 6) {
            return Err(refused(format!("{text} has {} fields", fields.len())));
        }
        let empty_entry =
            |field: &&&str| field.starts_with('/') || field.split(',').any(str::is_empty);
        if let Some(field) = fields.iter().find(empty_entry) {
            return Err(refused(format!(
                "{text}: nothing stands before or after a sign in {field}"
            )));
        }
        let cron = parser()
            .parse(expression)
            .map_err(|error| refused(format!("{text}: {}", words(&error))))?;
        let pattern = &cron.pattern;
        let normal: Vec<&str> = pattern.as_str().split_whitespace().collect();
        let clock = &normal[normal.len().saturating_sub(5)..];
        let starred = |field: Option<&&str>| field.is_some_and(|field| field.starts_with('*'));
        let last = pattern.days.is_feature_enabled(LAST);
        let last_weekday = last && pattern.days.is_feature_enabled(NEAREST);
        let mut weekdays = [0; 7];
        for (weekday, rules) in (0..).zip(&mut weekdays) {
            for bit in NTH.into_iter().chain([ALL, LAST]) {
                if pattern
                    .days_of_week
                    .is_bit_set(weekday, bit)
                    .unwrap_or(false)
                {
                    *rules |= bit;
                }
            }
        }
        Ok(Self {
            seconds: bits(59, |value| pattern.seconds.is_bit_set(value, ALL)),
            minutes: bits(59, |value| pattern.minutes.is_bit_set(value, ALL)),
            hours: narrow(bits(23, |value| pattern.hours.is_bit_set(value, ALL))),
            days: narrow(bits(31, |value| pattern.days.is_bit_set(value, ALL))),
            nearest: narrow(bits(31, |value| pattern.days.is_bit_set(value, NEAREST))),
            months: u16::try_from(bits(12, |value| pattern.months.is_bit_set(value, ALL)))
                .unwrap_or(u16::MAX),
            weekdays,
            last_day: last && !last_weekday,
            last_weekday,
            any_day: pattern.is_dom_wildcard(),
            any_weekday: pattern.is_dow_wildcard(),
            both_days: pattern.matches_dom_and_dow(),
            interval: starred(clock.first())
                || starred(clock.get(1))
                || (normal.len() == 6 && starred(normal.first())),
        })
    }

    /// Whether any day of the calendar fits.
    pub(super) fn ever_matches(&self) -> bool {
        self.next_day(date(2000, 1, 1)).is_some()
    }

    /// The first time strictly after `after`.
    pub(super) fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.interval {
            self.next_by_clock(after, zone)
        } else {
            self.next_of_day(after, zone)
        }
    }

    /// Every moment at which the clock shows a fitting time, both times round where it is put back.
    fn next_by_clock(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut from = whole_second_after(after)?;
        // A period without a fitting time is passed over whole; there are a few in a year at most.
        for _ in 0..usize::from(MOST_YEARS.unsigned_abs()) * 12 {
            let offset = zone.to_offset(from);
            let candidate = offset
                .to_timestamp(self.next_civil(offset.to_datetime(from))?)
                .ok()?;
            let Some(change) = zone
                .following(from)
                .next()
                .map(|transition| transition.timestamp())
            else {
                return Some(candidate);
            };
            if candidate < change {
                return Some(candidate);
            }
            from = change;
        }
        None
    }

    /// Every fitting time of a day once: over a gap of the clock at the gap's end, where it is put back the first
    /// time. The order of times on the clock is then the order of moments, so a search over the clock finds the next.
    fn next_of_day(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let civil = zone.to_datetime(after);
        let mut from = civil
            .with()
            .subsec_nanosecond(0)
            .build()
            .ok()?
            .checked_add(1.second())
            .ok()?;
        loop {
            let civil = self.next_civil(from)?;
            let found = match zone.to_ambiguous_timestamp(civil).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok()?,
                AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok()?,
                AmbiguousOffset::Gap { before, .. } => {
                    let behind = before
                        .to_timestamp(civil)
                        .ok()?
                        .checked_add(1.second())
                        .ok()?;
                    zone.preceding(behind).next()?.timestamp()
                }
            };
            if found > after {
                return Some(found);
            }
            from = civil.checked_add(1.second()).ok()?;
        }
    }

    /// The first fitting time on the clock at or after `from`.
    fn next_civil(&self, from: DateTime) -> Option<DateTime> {
        let day = self.next_day(from.date())?;
        if day == from.date()
            && let Some((hour, minute, second)) =
                self.next_time(from.hour(), from.minute(), from.second())
        {
            return Some(day.at(hour, minute, second, 0));
        }
        let day = if day == from.date() {
            self.next_day(day.tomorrow().ok()?)?
        } else {
            day
        };
        let (hour, minute, second) = self.next_time(0, 0, 0)?;
        Some(day.at(hour, minute, second, 0))
    }

    /// The first fitting time of a day at or after this one.
    fn next_time(&self, hour: i8, minute: i8, second: i8) -> Option<(i8, i8, i8)> {
        let hours = u64::from(self.hours);
        let (first_minute, first_second) = (next_bit(self.minutes, 0)?, next_bit(self.seconds, 0)?);
        if hours & (1 << hour) != 0 {
            if self.minutes & (1 << minute) != 0
                && let Some(second) = next_bit(self.seconds, second)
            {
                return Some((hour, minute, second));
            }
            if let Some(minute) = next_bit(self.minutes, minute + 1) {
                return Some((hour, minute, first_second));
            }
        }
        next_bit(hours, hour + 1).map(|hour| (hour, first_minute, first_second))
    }

    /// The first fitting day at or after `from`.
    fn next_day(&self, from: Date) -> Option<Date> {
        let mut day = from;
        let last = from.year().saturating_add(MOST_YEARS);
        while day.year() <= last {
            if self.months & (1 << day.month()) == 0 {
                day = day.last_of_month().tomorrow().ok()?;
                continue;
            }
            let length = day.days_in_month();
            let mut weekday = day.weekday().to_sunday_zero_offset();
            for number in day.day()..=length {
                if self.day_fits(number, length, weekday) {
                    return day.with().day(number).build().ok();
                }
                weekday = (weekday + 1) % 7;
            }
            day = day.last_of_month().tomorrow().ok()?;
        }
        None
    }

    fn day_fits(&self, day: i8, length: i8, weekday: i8) -> bool {
        if self.any_day && self.any_weekday {
            return true;
        }
        let of_month = || {
            self.days & (1 << day) != 0
                || (self.last_day && day == length)
                || (self.last_weekday && day == last_working_day(day, length, weekday))
                || (self.nearest != 0 && self.is_nearest(day, length, weekday))
        };
        let of_week = || {
            let rules = self.weekdays[usize::from(weekday.unsigned_abs() % 7)];
            let nth = NTH[usize::from(((day - 1) / 7).unsigned_abs() % 5)];
            rules & (ALL | nth) != 0 || (rules & LAST != 0 && day + 7 > length)
        };
        match (self.any_day, self.any_weekday) {
            (_, true) => of_month(),
            (true, false) => of_week(),
            (false, false) if self.both_days => of_month() && of_week(),
            (false, false) => of_month() || of_week(),
        }
    }

    /// Whether `day` is the working day nearest to a `W` day of the same month.
    fn is_nearest(&self, day: i8, length: i8, weekday: i8) -> bool {
        ((day - 2).max(1)..=(day + 2).min(length))
            .filter(|wanted| self.nearest & (1 << wanted) != 0)
            .any(|wanted| {
                let target = match (weekday + (wanted - day)).rem_euclid(7) {
                    6 if wanted > 1 => wanted - 1,
                    6 => wanted + 2,
                    0 if wanted < length => wanted + 1,
                    0 => wanted - 2,
                    _ => wanted,
                };
                target == day
            })
    }
}

fn last_working_day(day: i8, length: i8, weekday: i8) -> i8 {
    match (weekday + (length - day)).rem_euclid(7) {
        6 => length - 1,
        0 => length - 2,
        _ => length,
    }
}

fn whole_second_after(after: Timestamp) -> Option<Timestamp> {
    // Seconds of a moment before 1970 are rounded towards it, so the floor is taken from the nanoseconds.
    let second = after.as_nanosecond().div_euclid(1_000_000_000) + 1;
    Timestamp::from_second(i64::try_from(second).ok()?).ok()
}

/// The lowest bit of `set` at `from` or above.
fn next_bit(set: u64, from: i8) -> Option<i8> {
    let above = set.checked_shr(u32::from(from.unsigned_abs()))?;
    if above == 0 {
        return None;
    }
    i8::try_from(above.trailing_zeros())
        .ok()
        .map(|further| from + further)
}

/// The values up to `most` that croner has set; outside of a field's range it answers with an error.
fn bits(most: u16, is_set: impl Fn(u16) -> Result<bool, CronError>) -> u64 {
    (0..=most)
        .filter(|&value| is_set(value).unwrap_or(false))
        .fold(0, |set, value| set | 1 << value)
}

fn narrow(set: u64) -> u32 {
    u32::try_from(set).unwrap_or(u32::MAX)
}

/// croner's own words, in the style of ours.
fn words(error: &CronError) -> String {
    let text = error.to_string();
    let text = text.trim_end_matches('.');
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}
