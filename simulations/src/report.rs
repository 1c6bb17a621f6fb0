//! What people look at after a run: the timeline in a terminal and as a page, the summary, and the report of a failure.

mod failure;
mod fold;
mod heading;
mod pack;
mod page;
mod summary;
mod terminal;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

pub use failure::{FailureReport, LogLines};
pub use heading::Heading;
pub use page::page;
pub use summary::{CronTimes, Death, LostAttempt, Outcomes, Pressure, Shortage, Summary, Took};
pub use terminal::Terminal;
pub use timeline::{
    Bar, FaultSpan, InstanceSpan, LeaseChange, Life, LifeEnd, Mark, MarkKind, Mastership, NodeLane,
    Request, ScheduledTime, Span, Timeline, Wait,
};
