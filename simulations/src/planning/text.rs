//! A plan as text: a table for each day, the hours in which slots ran out, and a summary.

mod day;
mod hours;
mod summary;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use peerflow_model::{Fate, TriggerKind};

use super::plan::{Plan, PlannedInstance, ScheduledTime};

/// One row's subject: an instance, or a scheduled time that made none.
#[derive(Clone, Copy, Debug)]
enum Row<'p> {
    Ran(&'p PlannedInstance),
    Not(&'p ScheduledTime),
}

impl Row<'_> {
    /// When it was to run.
    fn at(self) -> Timestamp {
        match self {
            Self::Ran(instance) if instance.trigger == TriggerKind::Cron => instance.logical_time,
            Self::Ran(instance) => instance.queued_at,
            Self::Not(time) => time.at,
        }
    }

    fn workflow(&self) -> &str {
        match self {
            Self::Ran(instance) => instance.workflow.as_str(),
            Self::Not(time) => time.workflow.as_str(),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC);
        let mut days: BTreeMap<Date, Vec<Row<'_>>> = BTreeMap::new();
        let ran = self.instances.iter().map(Row::Ran);
        let not = self
            .times
            .iter()
            .filter(|time| !matches!(time.fate, Fate::Ran { .. }))
            .map(Row::Not);
        for row in ran.chain(not) {
            let day = row.at().to_zoned(zone.clone()).date();
            days.entry(day).or_default().push(row);
        }
        let short = self.short_hours(&zone);
        for day in short.keys() {
            days.entry(*day).or_default();
        }
        for (date, mut rows) in days {
            // By time, then in the order in which they came.
            rows.sort_by_key(|row| row.at());
            day::show(f, date, &rows, &zone)?;
            for line in short.get(&date).into_iter().flatten() {
                writeln!(f, "{line}")?;
            }
            writeln!(f)?;
        }
        summary::show(f, self, &zone)
    }
}

impl Plan {
    /// Of each day, a line for each stretch of hours in which slots ran out.
    fn short_hours(&self, zone: &TimeZone) -> BTreeMap<Date, Vec<String>> {
        let slots: u32 = self.machines.iter().map(|machine| machine.slots).sum();
        let mut lines: BTreeMap<Date, Vec<String>> = BTreeMap::new();
        for hour in hours::hours(self.full.iter().filter(|span| span.most_waiting > 0), zone) {
            let from = hour.from.to_zoned(zone.clone());
            let line = hour.line(zone, slots);
            lines.entry(from.date()).or_default().push(line);
        }
        lines
    }
}

/// Rows by their workflow, in the order of their first.
fn by_workflow<'r, 'p>(rows: &'r [Row<'p>]) -> Vec<Vec<Row<'p>>> {
    let mut groups: Vec<Vec<Row<'p>>> = Vec::new();
    let mut at: HashMap<&'r str, usize> = HashMap::new();
    for row in rows {
        let place = *at.entry(row.workflow()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(*row),
            None => groups.push(vec![*row]),
        }
    }
    groups
}
