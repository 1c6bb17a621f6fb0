//! English schedules: a closed grammar. What it does not know is refused, never guessed.
//!
//! A schedule is a row of clauses in any order, each kind at most once: how often (`every 10 minutes`, `hourly`),
//! which days (`every monday`, `on weekdays`, `on the last day of the month`), which months (`in january`) and at
//! what times (`at 6:30`, `at 6am and 6pm`, `noon`). Days without a time of day mean midnight.

mod words;

use crate::schedule::english::words::{
    WEEKDAYS, Words, month, month_list, ordinal, weekday, weekday_list,
};
use crate::schedule::{HELP, ScheduleError};

/// What has been said so far.
#[derive(Debug, Default)]
struct Said {
    every: Option<Interval>,
    /// Days of the month, as cron writes them.
    days: Option<String>,
    /// Weekdays, as cron writes them.
    weekdays: Option<String>,
    /// `every day`, which says nothing about days but is a clause of its own.
    daily: bool,
    months: Option<String>,
    times: Vec<(u8, u8, u8)>,
}

#[derive(Clone, Copy, Debug)]
enum Interval {
    Seconds(u32),
    Minutes(u32),
    Hours(u32),
}

/// The cron expressions, six fields each, that `text` means.
pub(super) fn translate(text: &str) -> Result<Vec<String>, ScheduleError> {
    let lower = text.to_lowercase().replace(',', " , ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let mut reader = Words {
        words: &words,
        at: 0,
    };
    let mut said = Said::default();
    while reader.peek().is_some() {
        if reader.at > 0 {
            reader.take(",");
        }
        let before = reader.at;
        if clause(&mut reader, &mut said).is_none() {
            return Err(refused(text, words.get(reader.at.max(before)).copied()));
        }
    }
    said.expressions().ok_or_else(|| refused(text, None))
}

fn refused(text: &str, word: Option<&str>) -> ScheduleError {
    let message = match word {
        Some(word) => format!("the schedule {text} is not understood at {word}"),
        None => format!("the schedule {text} is not understood"),
    };
    ScheduleError {
        message,
        help: HELP.to_owned(),
    }
}

/// Reads one clause; `None` where the words make none, or say a second time what was said.
fn clause(words: &mut Words<'_>, said: &mut Said) -> Option<()> {
    let first = words.at == 0;
    match words.peek()? {
        "every" | "each" => {
            words.at += 1;
            every(words, said)
        }
        "hourly" => say_interval(words, said, Interval::Hours(1)),
        "daily" => {
            words.at += 1;
            say_daily(said)
        }
        "weekly" => {
            words.at += 1;
            set(&mut said.weekdays, "SUN".to_owned())
        }
        "monthly" => {
            words.at += 1;
            set(&mut said.days, "1".to_owned())
        }
        "yearly" | "annually" => {
            words.at += 1;
            set(&mut said.days, "1".to_owned())?;
            set(&mut said.months, "1".to_owned())
        }
        "on" => {
            words.at += 1;
            if matches!(words.peek()?, "the" | "day")
                || ordinal(words.peek()?).is_some()
                || words.peek()? == "last"
            {
                of_month(words, said)
            } else {
                let days = weekday_list(words)?;
                set(&mut said.weekdays, days)
            }
        }
        "in" => {
            words.at += 1;
            let months = month_list(words)?;
            set(&mut said.months, months)
        }
        "at" => {
            words.at += 1;
            times(words, said)
        }
        "the" => of_month(words, said),
        word if time_of_day(word).is_some() => times(words, said),
        _ if first => {
            let days = weekday_list(words)?;
            set(&mut said.weekdays, days)
        }
        _ => None,
    }
}

fn set(slot: &mut Option<String>, value: String) -> Option<()> {
    slot.is_none().then(|| *slot = Some(value))
}

fn say_daily(said: &mut Said) -> Option<()> {
    (!said.daily).then(|| said.daily = true)
}

fn say_interval(words: &mut Words<'_>, said: &mut Said, interval: Interval) -> Option<()> {
    words.at += 1;
    said.every.is_none().then(|| said.every = Some(interval))
}

/// What follows `every`.
fn every(words: &mut Words<'_>, said: &mut Said) -> Option<()> {
    match words.peek()? {
        "second" => say_interval(words, said, Interval::Seconds(1)),
        "minute" => say_interval(words, said, Interval::Minutes(1)),
        "hour" => say_interval(words, said, Interval::Hours(1)),
        "day" => {
            words.at += 1;
            say_daily(said)
        }
        "week" => {
            words.at += 1;
            // With `on monday` behind it, it says nothing of its own.
            if words.peek() == Some("on") {
                Some(())
            } else {
                set(&mut said.weekdays, "SUN".to_owned())
            }
        }
        "month" => {
            words.at += 1;
            if words.peek() == Some("on") {
                Some(())
            } else {
                set(&mut said.days, "1".to_owned())
            }
        }
        word if word.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number: u32 = word.parse().ok()?;
            let unit = words.words.get(words.at + 1)?;
            let interval = match *unit {
                "second" | "seconds" => Interval::Seconds(number),
                "minute" | "minutes" => Interval::Minutes(number),
                "hour" | "hours" => Interval::Hours(number),
                _ => return None,
            };
            // Other numbers would not be even: cron starts anew with every minute, hour and day.
            let whole = match interval {
                Interval::Seconds(number) | Interval::Minutes(number) => {
                    number > 0 && number < 60 && 60 % number == 0
                }
                Interval::Hours(number) => number > 0 && number < 24 && 24 % number == 0,
            };
            if !whole {
                return None;
            }
            words.at += 1;
            say_interval(words, said, interval)
        }
        _ => {
            let days = weekday_list(words)?;
            set(&mut said.weekdays, days)
        }
    }
}

/// `[the] first [and 15th] day of the month`, `[the] last friday of the month`, `[the] 1st of january`, `day 15 of …`.
fn of_month(words: &mut Words<'_>, said: &mut Said) -> Option<()> {
    words.take("the");
    let mut numbers = Vec::new();
    let mut last = false;
    if words.take("day") {
        let number: u32 = words.peek()?.parse().ok()?;
        words.at += 1;
        numbers.push(number);
    } else if words.take("last") {
        last = true;
    } else {
        numbers = words.list(|words| {
            words.take("the");
            let number = ordinal(words.peek()?)?;
            words.at += 1;
            Some(number)
        })?;
        let bare = words.peek();
        if let Some(at) = bare.and_then(weekday) {
            words.at += 1;
            return nth_weekdays(words, said, at, &numbers);
        }
        words.take("day");
        words.take("days");
    }
    if last {
        if let Some(at) = words.peek().and_then(weekday) {
            words.at += 1;
            months_behind(words, said)?;
            return set(&mut said.weekdays, format!("{}#L", WEEKDAYS[at].2));
        }
        if !words.take("day") {
            return None;
        }
    }
    months_behind(words, said)?;
    if numbers.iter().any(|number| !(1..=31).contains(number)) {
        return None;
    }
    let days: Vec<String> = numbers.iter().map(u32::to_string).collect();
    set(
        &mut said.days,
        if last { "L".to_owned() } else { days.join(",") },
    )
}

fn nth_weekdays(
    words: &mut Words<'_>,
    said: &mut Said,
    weekday: usize,
    numbers: &[u32],
) -> Option<()> {
    months_behind(words, said)?;
    if numbers.iter().any(|number| !(1..=5).contains(number)) {
        return None;
    }
    let days: Vec<String> = numbers
        .iter()
        .map(|number| format!("{}#{number}", WEEKDAYS[weekday].2))
        .collect();
    set(&mut said.weekdays, days.join(","))
}

/// `of the month`, `of every month`, `of january and july`.
fn months_behind(words: &mut Words<'_>, said: &mut Said) -> Option<()> {
    if !words.take("of") {
        return None;
    }
    if words.peek().and_then(month).is_some() {
        let months = month_list(words)?;
        return set(&mut said.months, months);
    }
    if matches!(words.peek()?, "the" | "every" | "each" | "a") {
        words.at += 1;
    }
    words.take("month").then_some(())
}

fn times(words: &mut Words<'_>, said: &mut Said) -> Option<()> {
    if !said.times.is_empty() {
        return None;
    }
    said.times = words.list(|words| {
        words.take("at");
        let word = words.peek()?;
        // `6 am` is `6am`.
        let half = words
            .words
            .get(words.at + 1)
            .filter(|half| matches!(**half, "am" | "pm"));
        let joined = half.map_or_else(|| word.to_owned(), |half| format!("{word}{half}"));
        let time = time_of_day(&joined)?;
        words.at += 1 + usize::from(half.is_some());
        Some(time)
    })?;
    Some(())
}

/// `midnight`, `noon`, `6am`, `6:30pm`, `18:00`, `18:00:30`. A bare `6` may be morning or evening, so it is none.
fn time_of_day(word: &str) -> Option<(u8, u8, u8)> {
    match word {
        "midnight" => return Some((0, 0, 0)),
        "noon" | "midday" => return Some((12, 0, 0)),
        _ => {}
    }
    let (digits, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (word, None),
    };
    let parts: Vec<&str> = digits.split(':').collect();
    let is_number = |part: &&str| {
        (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if parts.len() > 3 || (parts.len() == 1 && half.is_none()) || !parts.iter().all(is_number) {
        return None;
    }
    let number = |at: usize| {
        parts
            .get(at)
            .map_or(Some(0), |part| part.parse::<u8>().ok())
    };
    let (mut hour, minute, second) = (number(0)?, number(1)?, number(2)?);
    if parts.get(1).is_some_and(|minute| minute.len() != 2) || minute > 59 || second > 59 {
        return None;
    }
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
    }
    (hour < 24).then_some((hour, minute, second))
}

impl Said {
    fn expressions(&self) -> Option<Vec<String>> {
        let restricted = self.days.is_some() || self.weekdays.is_some();
        if (self.daily && restricted) || (self.days.is_some() && self.weekdays.is_some()) {
            return None;
        }
        let days = self.days.as_deref().unwrap_or("*");
        let weekdays = self.weekdays.as_deref().unwrap_or("*");
        let months = self.months.as_deref().unwrap_or("*");
        if let Some(interval) = self.every {
            // `every 10 minutes at noon` contradicts itself.
            if !self.times.is_empty() || self.daily {
                return None;
            }
            let step = |number: u32| {
                if number == 1 {
                    "*".to_owned()
                } else {
                    format!("*/{number}")
                }
            };
            let clock = match interval {
                Interval::Seconds(number) => format!("{} * *", step(number)),
                Interval::Minutes(number) => format!("0 {} *", step(number)),
                Interval::Hours(number) => format!("0 0 {}", step(number)),
            };
            return Some(vec![format!("{clock} {days} {months} {weekdays}")]);
        }
        // A time of day alone is every day's.
        if !(restricted || self.daily || self.months.is_some() || !self.times.is_empty()) {
            return None;
        }
        let midnight = [(0, 0, 0)];
        let times = if self.times.is_empty() {
            &midnight[..]
        } else {
            &self.times[..]
        };
        let expression = |(hour, minute, second): &(u8, u8, u8)| {
            format!("{second} {minute} {hour} {days} {months} {weekdays}")
        };
        Some(times.iter().map(expression).collect())
    }
}
