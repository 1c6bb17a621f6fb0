//! What is expected of scheduled times.

use std::collections::BTreeSet;
use std::time::Duration;

use peerflow_model::{Change, Fate, TriggerKind};
use peerflow_node::format_duration;

use super::Unmet;
use super::tasks::changes;
use crate::history::Entry;
use crate::time::WorldClock;

/// What the ledger says of times that nobody knows whether they fired.
const WENT_BACK: &str = "store restored";

/// No scheduled time is skipped or missed.
pub(super) fn all_fire(entries: &[Entry]) -> Result<(), Unmet> {
    for (place, change) in changes(entries) {
        let what = match change {
            Change::PutLedger(row) => match &row.fate {
                Fate::Skipped { reason } | Fate::Missed { reason } => {
                    let (instant, workflow) = (row.instant, &row.workflow);
                    format!("{instant} of {workflow} did not fire ({reason})")
                }
                Fate::Held | Fate::Ran { .. } => continue,
            },
            Change::PutLedgerGap(gap) => {
                let (name, count, fate) = (&gap.coordinator, gap.count, &gap.fate);
                format!("{count} times of {name} did not fire ({fate})")
            }
            _ => continue,
        };
        return Err((place, format!("{what}, and every time was expected to")));
    }
    Ok(())
}

/// What fires does so that soon after its time, by true time.
pub(super) fn delayed_at_most(
    entries: &[Entry],
    clock: &WorldClock,
    most: Duration,
) -> Result<(), Unmet> {
    let mut made = BTreeSet::new();
    for (place, change) in changes(entries) {
        let Change::PutInstance(run) = change else {
            continue;
        };
        if run.trigger != TriggerKind::Cron || !made.insert(&run.id.instance) {
            continue;
        }
        let fired_at = clock.wall(entries[place].at);
        let delay = fired_at.duration_since(run.logical_time);
        let delay = Duration::try_from(delay).unwrap_or_default();
        if delay > most {
            let (instant, workflow) = (run.logical_time, &run.workflow);
            let (delay, most) = (format_duration(delay), format_duration(most));
            let what =
                format!("{instant} of {workflow} fired {delay} late, at most {most} was expected");
            return Err((place, what));
        }
    }
    Ok(())
}

/// Whether the ledger says of some time that it was missed as the store went back.
pub(super) fn tells_of_restoration(entries: &[Entry]) -> bool {
    changes(entries).any(|(_, change)| match change {
        Change::PutLedger(row) => {
            matches!(&row.fate, Fate::Missed { reason } if reason.contains(WENT_BACK))
        }
        Change::PutLedgerGap(gap) => gap.fate.contains(WENT_BACK),
        _ => false,
    })
}
