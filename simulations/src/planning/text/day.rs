//! One day: its table.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use peerflow_model::{Fate, InstanceStatus};

use super::table::Table;
use super::{Row, by_workflow};
use crate::planning::numbers::{between, rounded};
use crate::planning::plan::{PlannedInstance, ScheduledTime};

/// A workflow with more rows than this on one day has one line for all of them.
const MOST_ROWS: usize = 6;
/// A workflow of one line has lines of its own too for those that are out of line, at most so many.
const MOST_ODD: usize = 3;

/// Shows the head and the table of a day; `rows` in order of their time.
pub(super) fn show(
    f: &mut fmt::Formatter<'_>,
    date: Date,
    rows: &[Row<'_>],
    zone: &TimeZone,
) -> fmt::Result {
    let change = clock_change(date, zone).unwrap_or_default();
    writeln!(f, "{}{change}", date.strftime("%A %Y-%m-%d"))?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["time", "workflow", "begins", "ends", "took", "waited"]);
    let day = Day { date, zone };
    let mut lines: Vec<(Timestamp, [String; 6])> = Vec::new();
    for group in by_workflow(rows) {
        if group.len() <= MOST_ROWS {
            lines.extend(group.iter().map(|row| (row.at(), day.cells(*row))));
            continue;
        }
        if let Some(first) = group.first() {
            lines.push((first.at(), day.folded(&group)));
        }
        let odd = group.iter().filter(|row| is_odd(**row)).take(MOST_ODD);
        lines.extend(odd.map(|row| (row.at(), day.cells(*row))));
    }
    lines.sort_by_key(|(at, _)| *at);
    for (_, cells) in lines {
        table.push(cells);
    }
    write!(f, "{table}")
}

/// Whether it did not go well.
fn is_odd(row: Row<'_>) -> bool {
    match row {
        Row::Ran(instance) => matches!(
            instance.status,
            InstanceStatus::Failed | InstanceStatus::Killed
        ),
        Row::Not(_) => true,
    }
}

/// What to say of a day on which the clocks change.
fn clock_change(date: Date, zone: &TimeZone) -> Option<String> {
    let start = date.to_zoned(zone.clone()).ok()?;
    let end = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    let shift = end.offset().seconds() - start.offset().seconds();
    let minutes = shift.abs() / 60;
    match shift {
        0 => None,
        1.. => Some(format!(", the clocks go forward {minutes} minutes")),
        _ => Some(format!(", the clocks go back {minutes} minutes")),
    }
}

/// A day and how its times are written.
struct Day<'z> {
    date: Date,
    zone: &'z TimeZone,
}

impl Day<'_> {
    /// `HH:MM:SS`; of another day with the date before it.
    fn time(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let time = zoned.strftime("%H:%M:%S").to_string();
        let is_twice = is_ambiguous(&zoned);
        let time = if is_twice {
            format!("{time}{}", zoned.strftime("%:z"))
        } else {
            time
        };
        if zoned.date() == self.date {
            time
        } else {
            format!("{} {time}", zoned.strftime("%m-%d"))
        }
    }

    fn cells(&self, row: Row<'_>) -> [String; 6] {
        match row {
            Row::Ran(instance) => self.ran(instance, row.at()),
            Row::Not(time) => self.did_not(time),
        }
    }

    fn ran(&self, instance: &PlannedInstance, at: Timestamp) -> [String; 6] {
        let begins = instance.began_at.map(|at| self.time(at));
        let ends = instance.ended_at.map(|at| self.time(at));
        let took = instance.took().map(rounded);
        let mut remarks: Vec<String> = instance.waited().into_iter().collect();
        match instance.status {
            InstanceStatus::Waiting => remarks.push("still waits at the end".to_owned()),
            InstanceStatus::Running => remarks.push("still runs at the end".to_owned()),
            InstanceStatus::Failed => remarks.push(format!("FAILED: {}", instance.message)),
            InstanceStatus::Killed => remarks.push(format!("KILLED: {}", instance.message)),
            InstanceStatus::Succeeded => {}
        }
        [
            self.time(at),
            instance.workflow.to_string(),
            begins.unwrap_or_else(|| "-".to_owned()),
            ends.unwrap_or_else(|| "-".to_owned()),
            took.unwrap_or_else(|| "-".to_owned()),
            remarks.join("; "),
        ]
    }

    fn did_not(&self, time: &ScheduledTime) -> [String; 6] {
        let why = match &time.fate {
            Fate::Held if time.waits_for.is_empty() => "still waits at the end".to_owned(),
            Fate::Held => {
                let names: Vec<&str> = time.waits_for.iter().map(|name| name.as_str()).collect();
                format!("still waits for {} at the end", names.join(", "))
            }
            Fate::Ran { .. } => String::new(),
            Fate::Skipped { reason } => format!("SKIPPED: {reason}"),
            Fate::Missed { reason } => format!("MISSED: {reason}"),
        };
        let none = || "-".to_owned();
        [
            self.time(time.at),
            time.workflow.to_string(),
            none(),
            none(),
            none(),
            why,
        ]
    }

    /// One line for many rows of one workflow.
    fn folded(&self, rows: &[Row<'_>]) -> [String; 6] {
        let ran: Vec<&PlannedInstance> = rows
            .iter()
            .filter_map(|row| match row {
                Row::Ran(instance) => Some(*instance),
                Row::Not(_) => None,
            })
            .collect();
        let first = rows.first().map(|row| self.time(row.at()));
        let begins = ran.iter().filter_map(|each| each.began_at).min();
        let ends = ran.iter().filter_map(|each| each.ended_at).max();
        let took: Vec<Duration> = ran.iter().filter_map(|each| each.took()).collect();
        let workflow = rows.first().map(|row| row.workflow().to_owned());
        let mut remarks = Vec::new();
        let waited = ran.iter().filter(|each| !each.waits.total().is_zero());
        if let Some(worst) = waited.clone().max_by_key(|each| each.waits.total()) {
            let count = waited.count();
            let reason = worst.waited().unwrap_or_default();
            remarks.push(format!("{count} waited, at most {reason}"));
        }
        let odd = rows.iter().filter(|row| is_odd(**row)).count();
        if odd > 0 {
            remarks.push(format!("{odd} did not go well"));
        }
        [
            first.unwrap_or_default(),
            format!("{} ({} times)", workflow.unwrap_or_default(), rows.len()),
            begins.map_or_else(|| "-".to_owned(), |at| self.time(at)),
            ends.map_or_else(|| "-".to_owned(), |at| self.time(at)),
            spread(&took),
            remarks.join("; "),
        ]
    }
}

/// The shortest and the longest.
fn spread(took: &[Duration]) -> String {
    let (Some(least), Some(most)) = (took.iter().min(), took.iter().max()) else {
        return "-".to_owned();
    };
    let (least, most) = (rounded(*least), rounded(*most));
    if least == most {
        least
    } else {
        format!("{least} to {most}")
    }
}

/// Whether that local time comes twice.
fn is_ambiguous(zoned: &Zoned) -> bool {
    let zone = zoned.time_zone();
    zone.to_ambiguous_zoned(zoned.datetime()).is_ambiguous()
}

impl PlannedInstance {
    /// From its begin to its end.
    pub fn took(&self) -> Option<Duration> {
        Some(between(self.began_at?, self.ended_at?))
    }
}
