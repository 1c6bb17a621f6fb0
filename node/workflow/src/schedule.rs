//! Cron expressions and English schedules.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When a coordinator fires by time. Keeps the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    text: String,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScheduleError {
    pub message: String,
}

impl Schedule {
    /// Reads a crontab expression of five or six fields, or English.
    ///
    /// # Errors
    /// When the text is neither, or names no instant that ever comes.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time strictly after `after`, in `zone`; `None` when there is none any more.
    pub fn next_after(&self, _after: Timestamp, _zone: &TimeZone) -> Option<Timestamp> {
        None
    }

    /// What it means, in English.
    pub fn describe(&self) -> String {
        self.text.clone()
    }
}
