//! What a scenario itself expects, beside the invariants: judged from the history once a run is over.

mod masters;
mod tasks;
#[cfg(test)]
mod tests;
mod times;

use std::time::Duration;

use serde::Deserialize;

use crate::fault::optional_duration;
use crate::history::Entry;
use crate::invariants::Violation;
use crate::time::{VirtualTime, WorldClock};

/// What a scenario expects of a run. What is absent, or false, is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// The cluster is never longer without an acting master, from the first on. One that stands still does not act.
    #[serde(with = "optional_duration")]
    pub max_without_master: Option<Duration>,
    /// So many terms of masters begin at least, so that the scenario does what it tells.
    pub masters_at_least: Option<usize>,
    /// So many terms of masters begin at most.
    pub masters_at_most: Option<usize>,
    /// So many runs succeed at least.
    pub runs_at_least: Option<usize>,
    /// No visit of a step is tried more often.
    pub tries_per_visit_at_most: Option<u32>,
    /// No task is killed because the grant of its node is over or its node dies.
    pub no_task_killed: bool,
    /// No task is killed because the grant of its node is over.
    pub no_grant_over: bool,
    /// At least so many tasks are killed because the grant of their node is over.
    pub grants_over_at_least: Option<usize>,
    /// Of no try is it given up to learn how it ended.
    pub no_try_lost: bool,
    /// Whose process was killed by its node's death or the end of its grant begins again so soon, if it does at all.
    #[serde(with = "optional_duration")]
    pub again_within: Option<Duration>,
    /// No scheduled time is skipped or missed.
    pub every_cron_time_fires: bool,
    /// Every scheduled time that fires does so at most that much after it by true time.
    #[serde(with = "optional_duration")]
    pub cron_delay_at_most: Option<Duration>,
    /// Scheduled times are called missed because the store went back.
    pub tells_of_restoration: bool,
}

/// Something was not as expected: the entry that shows it, counted from 0, and what is wrong; at the end of a run the
/// number of entries.
type Unmet = (usize, String);

impl Expect {
    /// Judges a history that ended at `ended`.
    ///
    /// # Errors
    /// The first expectation that is not met, in the order of this type's fields.
    pub fn judge(
        &self,
        entries: &[Entry],
        clock: &WorldClock,
        ended: VirtualTime,
    ) -> Result<(), Violation> {
        let judged = self
            .judge_masters(entries, ended)
            .and_then(|()| self.judge_tasks(entries))
            .and_then(|()| self.judge_times(entries, clock));
        judged.map_err(|(entry, what)| Violation {
            invariant: "expectation",
            at: entries.get(entry).map_or(ended, |entry| entry.at),
            entry,
            what,
        })
    }

    fn judge_masters(&self, entries: &[Entry], ended: VirtualTime) -> Result<(), Unmet> {
        if let Some(most) = self.max_without_master {
            masters::max_without(entries, ended, most)?;
        }
        let terms = masters::terms(entries);
        at_least(
            "terms of masters began",
            terms,
            self.masters_at_least,
            entries,
        )?;
        match self.masters_at_most {
            Some(most) if terms > most => {
                let what = format!("{terms} terms of masters began, at most {most} were expected");
                Err((entries.len(), what))
            }
            _ => Ok(()),
        }
    }

    fn judge_tasks(&self, entries: &[Entry]) -> Result<(), Unmet> {
        let succeeded = tasks::succeeded_runs(entries);
        at_least("runs succeeded", succeeded, self.runs_at_least, entries)?;
        if let Some(most) = self.tries_per_visit_at_most {
            tasks::tries(entries, most)?;
        }
        if self.no_task_killed {
            tasks::none_killed(entries)?;
        }
        if self.no_grant_over {
            tasks::no_grant_over(entries)?;
        }
        let over = tasks::grants_over(entries);
        let what = "tasks were killed as a grant was over";
        at_least(what, over, self.grants_over_at_least, entries)?;
        if self.no_try_lost {
            tasks::none_lost(entries)?;
        }
        match self.again_within {
            Some(most) => tasks::again_within(entries, most),
            None => Ok(()),
        }
    }

    fn judge_times(&self, entries: &[Entry], clock: &WorldClock) -> Result<(), Unmet> {
        if self.every_cron_time_fires {
            times::all_fire(entries)?;
        }
        if let Some(most) = self.cron_delay_at_most {
            times::delayed_at_most(entries, clock, most)?;
        }
        if self.tells_of_restoration && !times::tells_of_restoration(entries) {
            let what = "no scheduled time was called missed although the store went back";
            return Err((entries.len(), what.to_owned()));
        }
        Ok(())
    }
}

fn at_least(
    what: &str,
    count: usize,
    least: Option<usize>,
    entries: &[Entry],
) -> Result<(), Unmet> {
    match least {
        Some(least) if count < least => {
            let what = format!("{count} {what}, at least {least} were expected");
            Err((entries.len(), what))
        }
        _ => Ok(()),
    }
}
