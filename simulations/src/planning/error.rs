//! Why there is no plan.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::DateTime;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A folder or file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    /// Folders in folders without end.
    #[error("{} lies deeper than {deepest} folders; plan a folder nearer to it", path.display())]
    TooDeep { path: PathBuf, deepest: usize },
    /// There is nothing to plan.
    #[error("there is no *.xml file in {}; name the folder of your workflows", path.display())]
    Empty { path: PathBuf },
    /// Documents have errors.
    #[error("{files} of the documents have errors; correct them first\n{shown}")]
    Documents {
        /// How many have.
        files: usize,
        /// All errors, each with file, line, column and the lines of the document around it.
        shown: String,
    },
    /// Two files hold the same workflow or coordinator.
    #[error("{name} is in {first} and in {second}; keep one of them")]
    Twice {
        /// `workflow NAME` or `coordinator NAME`.
        name: String,
        first: String,
        second: String,
    },
    /// The scheduler refuses a document that reads well.
    #[error("{file} is refused: {why}")]
    Refused { file: String, why: String },
    /// The zone is unknown.
    #[error("{name:?} is no IANA time zone; write one like \"Asia/Shanghai\" or \"UTC\"")]
    Zone { name: String },
    /// A time beyond the calendar.
    #[error("{time} is beyond the calendar; give a time between the years 1 and 9998")]
    Time { time: DateTime },
    /// The end comes before the beginning.
    #[error("the plan would end at {to}, not after it begins at {from}; give a later end")]
    Period { from: DateTime, to: DateTime },
    /// No machine, one without slots, or two of one name.
    #[error("machines: {why}")]
    Machines { why: String },
    /// Work begets work at one instant.
    #[error(
        "more than {events} things happen at {at} and time does not go on: workflows that start each other take no time; give them durations, or one of them a cron"
    )]
    StandsStill { at: Timestamp, events: usize },
    /// The plan grows too large.
    #[error(
        "the plan holds more than {most} {what} by {at}; plan a shorter time or fewer workflows"
    )]
    TooLarge {
        most: usize,
        what: &'static str,
        at: Timestamp,
    },
}
