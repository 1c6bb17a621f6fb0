//! Cron expressions and English schedules.

mod english;
mod pattern;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use croner::describe::English;
/// The words in which a schedule can be described.
pub use croner::describe::Language as ScheduleWords;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schedule::pattern::Pattern;

/// When a coordinator fires by time. Keeps the text it was read from. A clone shares what it holds.
///
/// Times on the clock (`30 2 * * *`) fire once a day: where the clock is put forward over one, at the moment it is
/// put; where it is put back over one, the first time. Times by an interval (`*/30 * * * *`: minute or hour begins
/// with `*`) follow the clock through both, so that every half hour is every half hour.
#[derive(Clone)]
pub struct Schedule {
    text: Arc<str>,
    /// A cron expression makes one; English may make several.
    patterns: Arc<[Pattern]>,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct ScheduleError {
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

const HELP: &str = "write five fields (minute hour day month weekday), six with seconds first, or English such as \
                    every day at 6:30, every 10 minutes, midnight on monday, on the last day of the month at 23:00";

impl Schedule {
    /// Reads a crontab expression of five or six fields, or English.
    ///
    /// # Errors
    /// When the text is neither, or names no instant that ever comes.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        if let Some(known) = lock().get(text) {
            return Ok(known.clone());
        }
        let schedule = Self::read(text)?;
        let mut known = lock();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(Arc::clone(&schedule.text), schedule.clone());
        Ok(schedule)
    }

    fn read(text: &str) -> Result<Self, ScheduleError> {
        let expressions = expressions(text)?;
        let patterns: Arc<[Pattern]> = expressions
            .iter()
            .map(|expression| Pattern::parse(expression, text))
            .collect::<Result<_, _>>()?;
        if patterns.iter().any(|pattern| !pattern.ever_matches()) {
            return Err(ScheduleError {
                message: format!("{text} names a day that never comes"),
                help: "write a day that the month has".to_owned(),
            });
        }
        Ok(Self {
            text: text.into(),
            patterns,
        })
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time strictly after `after`, in `zone`; `None` when there is none any more.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.patterns
            .iter()
            .filter_map(|pattern| pattern.next_after(after, zone))
            .min()
    }

    /// What it means, in English.
    pub fn describe(&self) -> String {
        self.describe_in(English)
    }

    /// What it means, in other words; clauses are joined as in English, by commas and semicolons.
    pub fn describe_in(&self, words: impl ScheduleWords + Copy) -> String {
        let Ok(expressions) = expressions(&self.text) else {
            return self.text.to_string();
        };
        let described =
            expressions
                .iter()
                .map(|expression| match pattern::parser().parse(expression) {
                    Ok(cron) => cron.describe_lang(words).trim_end_matches('.').to_owned(),
                    Err(_) => expression.clone(),
                });
        described.collect::<Vec<_>>().join("; ")
    }
}

/// Schedules read lately: a hundred thousand workflows share a few hundred texts, and reading one costs as much as
/// reading the rest of a small document.
static KNOWN: LazyLock<Mutex<HashMap<Arc<str>, Schedule>>> = LazyLock::new(Mutex::default);

/// Schedules kept there at most, a few hundred bytes each.
const MOST_KNOWN: usize = 2_048;

/// Entries are written whole, so what a panicking thread left behind is sound.
fn lock() -> std::sync::MutexGuard<'static, HashMap<Arc<str>, Schedule>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The cron expressions that `text` means.
fn expressions(text: &str) -> Result<Vec<String>, ScheduleError> {
    if text.is_empty() {
        return Err(ScheduleError {
            message: "the schedule is empty".to_owned(),
            help: HELP.to_owned(),
        });
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_cron = |character: char| character.is_ascii_digit() || "*/,-?".contains(character);
    if text.starts_with('@') || first.chars().all(is_cron) {
        return Ok(vec![text.to_owned()]);
    }
    english::translate(text)
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Schedule {}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.text).finish()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
