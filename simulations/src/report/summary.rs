//! What a run comes to: outcomes, how long workflows took, where slots ran out, what deaths delayed, scheduled times.

mod cron;
mod deaths;
mod slots;
pub(super) mod text;
mod workflows;

pub use cron::CronTimes;
pub use deaths::{Death, LostAttempt};
pub use slots::{Pressure, Shortage};
pub use workflows::{Outcomes, Took};

use super::timeline::Timeline;

/// What a run comes to. Displayed as text of a few paragraphs.
#[derive(Clone, Debug)]
pub struct Summary {
    pub outcomes: Outcomes,
    /// By name.
    pub workflows: Vec<Took>,
    pub pressure: Pressure,
    /// Deaths of nodes and grants that ran out under their tasks, by time.
    pub deaths: Vec<Death>,
    /// By coordinator and workflow; only those with scheduled times.
    pub cron: Vec<CronTimes>,
    /// How large the run was.
    pub(super) size: Size,
}

/// How large a run was.
#[derive(Clone, Debug)]
pub(super) struct Size {
    pub(super) length: std::time::Duration,
    pub(super) nodes: usize,
    pub(super) tasks: usize,
}

impl Summary {
    /// What `timeline` comes to.
    pub fn of(timeline: &Timeline) -> Self {
        Self {
            outcomes: Outcomes::of(&timeline.instances),
            workflows: workflows::took(timeline),
            pressure: slots::pressure(timeline),
            deaths: deaths::deaths(timeline),
            cron: cron::cron(timeline),
            size: Size {
                length: timeline.end.since_start(),
                nodes: timeline.lanes.len(),
                tasks: timeline.bars().count(),
            },
        }
    }
}
