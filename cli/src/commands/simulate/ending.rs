//! What became of a run, for people and for programs.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use peerflow_simulations::Outcome;
use peerflow_simulations::report::{FailureReport, Heading, Summary, Timeline, page};
use serde_json::{Value, json};

use super::setting::Setting;
use super::{again, commit};

/// Columns of a report that no terminal shows.
const REPORT_WIDTH: usize = 160;
/// How many events and log lines of each node a report shows.
const LAST: usize = 20;

/// What became of a run.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    outcome: &'a Outcome,
    heading: Heading,
    timeline: Timeline,
    summary: Summary,
}

impl<'a> Ending<'a> {
    pub(super) fn of(setting: &Setting, outcome: &'a Outcome) -> Self {
        let cluster = &outcome.options.scenario.cluster;
        let zone = TimeZone::get(&cluster.timezone).unwrap_or(TimeZone::UTC);
        let slots: BTreeMap<_, _> = outcome
            .nodes
            .iter()
            .map(|node| (node.clone(), cluster.slots))
            .collect();
        let mut timeline = Timeline::of(&outcome.entries, &outcome.nodes, &outcome.clock)
            .in_zone(zone)
            .with_slots(slots);
        // The last thing may have happened long before.
        timeline.end = timeline.end.max(outcome.lasted);
        let mut told = "Every invariant held.".to_owned();
        if let Some(violation) = &outcome.violation {
            timeline = timeline.with_violation(violation.at, violation.invariant);
            told = format!("{} is broken: {}", violation.invariant, violation.what);
        }
        let scenario = &outcome.options.scenario;
        let title = match setting.args.workflows.as_ref() {
            Some(path) => format!("{} on a virtual cluster", path.display()),
            None => format!("Simulation: {}", scenario.name),
        };
        let heading = Heading {
            title,
            seed: Some(outcome.options.seed),
            commit: commit(),
            command: again::command(&setting.args, outcome.options.seed),
            options: again::options(scenario),
            outcome: told,
        };
        let summary = Summary::of(&timeline);
        Self {
            outcome,
            heading,
            timeline,
            summary,
        }
    }

    pub(super) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }

    pub(super) fn page(&self) -> String {
        page(&self.heading, &self.timeline, &self.summary)
    }

    /// The report of the failure, where there is one.
    pub(super) fn failure(&self, width: usize) -> Option<String> {
        let violation = self.outcome.violation.as_ref()?;
        let entries = &self.outcome.entries;
        // What came after it is no part of the matter.
        let until = entries.len().min(violation.entry.saturating_add(1));
        let report = FailureReport {
            heading: &self.heading,
            invariant: violation.invariant,
            seen: &violation.what,
            entries: entries.get(..until).unwrap_or_default(),
            nodes: &self.outcome.nodes,
            logs: &self.outcome.logs,
            last: LAST,
            width,
        };
        Some(report.to_string())
    }

    /// For programs.
    pub(super) fn raw(&self) -> Value {
        let instances = &self.summary.outcomes;
        json!({
            "seed": self.outcome.options.seed,
            "held": self.outcome.violation.is_none(),
            "violation": self.outcome.violation.as_ref().map(|violation| json!({
                "invariant": violation.invariant,
                "at": violation.at.to_string(),
                "what": violation.what,
            })),
            "report": self.failure(REPORT_WIDTH),
            "commit": self.heading.commit,
            "command": self.heading.command,
            "options": self.heading.options.iter().cloned().collect::<BTreeMap<_, _>>(),
            "lasted_ms": u64::try_from(self.outcome.lasted.since_start().as_millis()).unwrap_or(u64::MAX),
            "instances": {
                "succeeded": instances.succeeded,
                "failed": instances.failed,
                "killed": instances.killed,
                "open": instances.open,
                "forgotten": instances.forgotten,
            },
        })
    }
}
