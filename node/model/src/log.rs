//! Lines of a task's log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line that a task wrote, or that was written about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// By the worker's clock, milliseconds kept.
    pub at: Timestamp,
    pub level: LogLevel,
    /// Without its line end; valid UTF-8, other bytes replaced.
    pub text: String,
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    Debug,
    /// Standard output.
    Info,
    /// Said by peerflow about the task, such as a cut of its log.
    Warn,
    /// Standard error.
    Error,
}

impl LogLevel {
    /// Its name in upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}
