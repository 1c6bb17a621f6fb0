//! The plan of the day: every time at which a workflow is to run today.

use jiff::Timestamp;
use peerflow_model::{Change, PlanRow};

use crate::engine::Engine;

/// How many times of one coordinator the plan lists at most: one a minute.
const MAX_TIMES: usize = 24 * 60;
/// How many rows the plan has at most.
const MAX_ROWS: usize = 100_000;

impl Engine {
    /// Writes the plan of the day that `now` lies in, in the cluster's zone.
    pub(crate) fn put_plan(&mut self, now: Timestamp) {
        if !self.housekeeping.plans() {
            return;
        }
        let zoned = now.to_zoned(self.zone.clone());
        let (Ok(start), Ok(end)) = (
            zoned.start_of_day(),
            zoned.tomorrow().and_then(|day| day.start_of_day()),
        ) else {
            return;
        };
        let (start, end) = (start.timestamp(), end.timestamp());
        let mut rows = Vec::new();
        for (key, entry) in self.coordinators.iter() {
            if !entry.enabled() {
                continue;
            }
            let mut instants: Vec<Option<Timestamp>> = Vec::new();
            if entry.schedule.is_some() {
                let before_day = Timestamp::from_nanosecond(start.as_nanosecond() - 1);
                let mut at = entry.next_after(before_day.unwrap_or(start));
                while let Some(time) = at.filter(|time| *time < end)
                    && instants.len() < MAX_TIMES
                {
                    instants.push(Some(time));
                    at = entry.next_after(time);
                }
            } else if !entry.coordinator.dependencies.is_empty() && entry.is_open(now) {
                instants.push(None);
            }
            for workflow in &entry.coordinator.triggers {
                rows.extend(instants.iter().map(|instant| PlanRow {
                    instant: *instant,
                    workflow: workflow.clone(),
                    coordinator: key.clone(),
                }));
            }
            if rows.len() > MAX_ROWS {
                rows.truncate(MAX_ROWS);
                break;
            }
        }
        rows.sort();
        self.out.put(Change::PutPlan(rows));
    }
}
