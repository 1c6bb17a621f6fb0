//! Scheduled times: fired, skipped, missed, and how late.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use peerflow_model::{CoordinatorKey, Fate};
use peerflow_workflow::WorkflowName;

use super::workflows::median;
use crate::report::timeline::{ScheduledTime, Timeline};

/// What became of the scheduled times of one workflow.
#[derive(Clone, Debug)]
pub struct CronTimes {
    pub coordinator: CoordinatorKey,
    /// Absent in the row of times that were missed in a gap, which is the coordinator's.
    pub workflow: Option<WorkflowName>,
    pub fired: usize,
    pub skipped: usize,
    pub missed: usize,
    /// Waits for its dependencies.
    pub held: usize,
    /// How long after its scheduled time the instance was committed; negative where the master's clock was ahead.
    pub median_late: Option<SignedDuration>,
    pub worst_late: Option<SignedDuration>,
    /// Reasons of those that did not fire, with how often each was given.
    pub reasons: BTreeMap<String, usize>,
}

pub(super) fn cron(timeline: &Timeline) -> Vec<CronTimes> {
    let mut grouped: BTreeMap<(&CoordinatorKey, Option<&WorkflowName>), Vec<&ScheduledTime>> =
        BTreeMap::new();
    for time in &timeline.times {
        let key = (&time.coordinator, Some(&time.workflow));
        grouped.entry(key).or_default().push(time);
    }
    let mut all: Vec<CronTimes> = grouped
        .into_iter()
        .map(|((coordinator, workflow), times)| {
            of_workflow(timeline, coordinator, workflow, &times)
        })
        .collect();
    for gap in &timeline.gaps {
        let mut row = CronTimes::none(&gap.coordinator, None);
        row.missed = usize::try_from(gap.count).unwrap_or(usize::MAX);
        row.reasons.insert(gap.fate.clone(), row.missed);
        all.push(row);
    }
    all.sort_by(|a, b| (&a.coordinator, &a.workflow).cmp(&(&b.coordinator, &b.workflow)));
    all
}

fn of_workflow(
    timeline: &Timeline,
    coordinator: &CoordinatorKey,
    workflow: Option<&WorkflowName>,
    times: &[&ScheduledTime],
) -> CronTimes {
    let mut row = CronTimes::none(coordinator, workflow);
    let mut late = Vec::new();
    for time in times {
        match &time.fate {
            Fate::Held => row.held += 1,
            Fate::Ran { .. } => {
                row.fired += 1;
                late.push(timeline.wall(time.decided).duration_since(time.instant));
            }
            Fate::Skipped { reason } => {
                row.skipped += 1;
                *row.reasons.entry(reason.clone()).or_default() += 1;
            }
            Fate::Missed { reason } => {
                row.missed += 1;
                *row.reasons.entry(reason.clone()).or_default() += 1;
            }
        }
    }
    late.sort();
    row.median_late = median(&late);
    row.worst_late = late.last().copied();
    row
}

impl CronTimes {
    fn none(coordinator: &CoordinatorKey, workflow: Option<&WorkflowName>) -> Self {
        Self {
            coordinator: coordinator.clone(),
            workflow: workflow.cloned(),
            fired: 0,
            skipped: 0,
            missed: 0,
            held: 0,
            median_late: None,
            worst_late: None,
            reasons: BTreeMap::new(),
        }
    }
}
