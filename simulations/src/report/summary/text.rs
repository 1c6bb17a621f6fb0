//! The summary as text.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use super::deaths::{Death, LostAttempt};
use super::workflows::Outcomes;
use super::{CronTimes, Pressure, Summary};
use crate::report::words::{brief, columns, counted, fitted, grouped};

/// Columns of a name in a table; longer ones are cut.
const NAME: usize = 32;
/// What a negative delay means.
pub(in crate::report) const EARLY: &str = "Below nought is early: the master's clock was ahead.";

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, tasks) = (
            counted(self.size.nodes, "node"),
            counted(self.size.tasks, "task"),
        );
        writeln!(f, "{nodes} for {}, {tasks}.", brief(self.size.length))?;
        writeln!(f, "\nInstances")?;
        writeln!(f, "  {}", self.outcomes.sentence())?;
        self.show_workflows(f)?;
        writeln!(f, "\nSlots")?;
        for sentence in self.pressure.sentences() {
            writeln!(f, "  {sentence}")?;
        }
        if !self.deaths.is_empty() {
            writeln!(f, "\nDeaths")?;
            for death in &self.deaths {
                writeln!(f, "  {}  {}", death.at, death.sentence())?;
            }
        }
        self.show_cron(f)
    }
}

impl Summary {
    fn show_workflows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.workflows.is_empty() {
            return Ok(());
        }
        let names = self.workflows.iter().map(|row| row.workflow.as_str());
        let width = name_width("workflow", names);
        writeln!(
            f,
            "\n  {} {:>6} {:>6} {:>6} {:>6} {:>9} {:>9}  worst run",
            fitted("workflow", width),
            "runs",
            "ok",
            "failed",
            "killed",
            "median",
            "worst",
        )?;
        for row in &self.workflows {
            let name = fitted(row.workflow.as_str(), width);
            let outcomes = &row.outcomes;
            let median = row.median.map_or_else(|| "-".to_owned(), brief);
            let (worst, run) = match &row.worst {
                Some((worst, run)) => (brief(*worst), run.to_string()),
                None => ("-".to_owned(), String::new()),
            };
            let line = format!(
                "  {name} {:>6} {:>6} {:>6} {:>6} {median:>9} {worst:>9}  {run}",
                outcomes.all(),
                outcomes.succeeded,
                outcomes.failed,
                outcomes.killed,
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn show_cron(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cron.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = self.cron.iter().map(CronTimes::name).collect();
        let width = name_width("schedule", names.iter().map(String::as_str));
        writeln!(f, "\nScheduled times")?;
        writeln!(
            f,
            "  {} {:>6} {:>7} {:>6} {:>6} {:>9} {:>9}",
            fitted("schedule", width),
            "fired",
            "skipped",
            "missed",
            "held",
            "late",
            "worst",
        )?;
        for (row, name) in self.cron.iter().zip(&names) {
            writeln!(
                f,
                "  {} {:>6} {:>7} {:>6} {:>6} {:>9} {:>9}",
                fitted(name, width),
                row.fired,
                row.skipped,
                row.missed,
                row.held,
                late(row.median_late),
                late(row.worst_late),
            )?;
            for (reason, count) in &row.reasons {
                writeln!(
                    f,
                    "  {}   {} × {reason}",
                    fitted("", width),
                    grouped(*count)
                )?;
            }
        }
        let early = |row: &CronTimes| row.median_late.is_some_and(|late| late.is_negative());
        if self.cron.iter().any(early) {
            writeln!(f, "  {EARLY}")?;
        }
        Ok(())
    }
}

impl Outcomes {
    /// How they ended, in one sentence.
    pub(in crate::report) fn sentence(&self) -> String {
        if self.all() == 0 {
            return "None was made.".to_owned();
        }
        let counts = [
            (self.succeeded, "succeeded"),
            (self.failed, "failed"),
            (self.killed, "killed"),
            (self.open, "not over at the end"),
            (self.forgotten, "forgotten when the store went back"),
        ];
        let parts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{} {word}", grouped(count)))
            .collect();
        format!("{}: {}.", counted(self.all(), "instance"), parts.join(", "))
    }
}

impl Pressure {
    /// How the slots did, and where they ran out, one sentence each.
    fn sentences(&self) -> Vec<String> {
        let mut sentences = self.overview();
        for shortage in &self.shortages {
            let whose = shortage.workflow.as_ref();
            let whose = whose.map_or(String::new(), |name| format!(", most of {name}"));
            sentences.push(format!(
                "  {} to {} ({}): up to {} waited{whose}",
                shortage.from,
                shortage.to,
                brief(shortage.length()),
                counted(shortage.waiting, "step"),
            ));
        }
        sentences
    }

    /// How the slots did, without each shortage.
    pub(in crate::report) fn overview(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some((most, at)) = self.most_running {
            let of = self
                .slots
                .map_or(String::new(), |slots| format!(" of {slots} slots"));
            let most = counted(most, "task");
            sentences.push(format!("At most {most} ran at once{of}, first at {at}."));
        }
        if let Some(taken) = self.all_taken.filter(|taken| !taken.is_zero()) {
            let taken = brief(taken);
            sentences.push(format!(
                "Every slot of the living nodes was taken for {taken} in all."
            ));
        }
        if self.waited_for_node > 0 {
            let steps = counted(self.waited_for_node, "step");
            sentences.push(format!("{steps} waited for a node that was not there."));
        }
        if self.waited == 0 {
            sentences.push("No step waited for a slot.".to_owned());
        } else {
            sentences.push(format!(
                "{} waited for a slot, the longest {}; {}:",
                counted(self.waited, "step"),
                brief(self.longest_wait),
                match self.shortage_count {
                    1 => "all at one time".to_owned(),
                    count if count <= self.shortages.len() => format!("{count} times"),
                    count => format!("the longest of {} times", grouped(count)),
                }
            ));
        }
        sentences
    }
}

impl Death {
    /// What it did, in a few sentences.
    pub(in crate::report) fn sentence(&self) -> String {
        let node = &self.node;
        let mut text = if self.grant_over {
            format!("the grant of {node} was over")
        } else {
            format!("{node} died")
        };
        match &self.followed {
            Some(Some((next, later))) => {
                text += &format!(
                    "; it was master, and {next} followed {} later",
                    brief(*later)
                );
            }
            Some(None) => text += "; it was master, and nobody followed",
            None => {}
        }
        match self.back_after {
            Some(after) => text += &format!("; it was back after {}", brief(after)),
            None if !self.grant_over => text += "; it did not come back",
            None => {}
        }
        format!("{text}. {}", lost(&self.lost))
    }
}

fn lost(lost: &[LostAttempt]) -> String {
    if lost.is_empty() {
        return "No task ran there.".to_owned();
    }
    let again: Vec<Duration> = lost.iter().filter_map(|one| one.again_after).collect();
    let work: Duration = lost.iter().map(|one| one.ran).sum();
    let mut text = format!(
        "{} lost, {} of work",
        counted(lost.len(), "task"),
        brief(work)
    );
    match (again.iter().min(), again.iter().max()) {
        (Some(first), Some(last)) if again.len() > 1 => {
            let count = match lost.len() - again.len() {
                0 => "all".to_owned(),
                _ => grouped(again.len()),
            };
            let (first, last) = (brief(*first), brief(*last));
            text += &match again.iter().max() {
                Some(last) if last.is_zero() => format!("; {count} ran again at once"),
                _ if first == last => format!("; {count} ran again after {last}"),
                _ => format!("; {count} ran again, after {first} to {last}"),
            };
        }
        (Some(only), _) => {
            let who = if lost.len() == 1 { "it" } else { "one" };
            text += &match only {
                only if only.is_zero() => format!("; {who} ran again at once"),
                only => format!("; {who} ran again after {}", brief(*only)),
            };
        }
        (None, _) => text += "; none ran again",
    }
    let never = lost.len() - again.len();
    if never > 0 && !again.is_empty() {
        text += &format!(", {} did not", grouped(never));
    }
    text + "."
}

impl CronTimes {
    /// Its workflow, and the coordinator where that is another.
    pub(in crate::report) fn name(&self) -> String {
        let coordinator = self.coordinator.name.as_str();
        match &self.workflow {
            Some(workflow) if workflow.as_str() == coordinator => workflow.to_string(),
            Some(workflow) => format!("{workflow} ({coordinator})"),
            None => format!("{coordinator}, gap"),
        }
    }
}

/// How late, or how early.
pub(in crate::report) fn late(late: Option<SignedDuration>) -> String {
    match late {
        None => "-".to_owned(),
        Some(late) if late.is_negative() => format!("-{}", brief(late.unsigned_abs())),
        Some(late) => brief(late.unsigned_abs()),
    }
}

fn name_width<'a>(head: &str, names: impl Iterator<Item = &'a str>) -> usize {
    let widest = names.map(columns).max().unwrap_or_default();
    widest.clamp(columns(head), NAME)
}
