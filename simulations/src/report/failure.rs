//! The report of a failure: all that is needed to see it again, and what each node did last.

mod columns;

use std::collections::BTreeMap;
use std::fmt;

use peerflow_model::NodeId;

use super::heading::Heading;
use super::words::{cut, wrapped};
use crate::history::Entry;
use crate::time::VirtualTime;

/// What each node logged, and when.
pub type LogLines = BTreeMap<NodeId, Vec<(VirtualTime, String)>>;

/// The report of a failure. Displayed as text.
#[derive(Clone, Debug)]
pub struct FailureReport<'a> {
    pub heading: &'a Heading,
    /// The invariant that does not hold, by name.
    pub invariant: &'a str,
    /// What was seen.
    pub seen: &'a str,
    pub entries: &'a [Entry],
    pub nodes: &'a [NodeId],
    /// Nodes that are missing have no log in the report.
    pub logs: &'a LogLines,
    /// How many events and log lines of each node are shown.
    pub last: usize,
    /// Columns; fewer than 60 count as 60.
    pub width: usize,
}

impl fmt::Display for FailureReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.width.max(60);
        self.head(f, width)?;
        writeln!(f, "\nThe last {} events of each node\n", self.last)?;
        columns::write(f, self, width)?;
        for (node, lines) in self.logs {
            let shown = lines.get(lines.len().saturating_sub(self.last)..);
            writeln!(
                f,
                "\nThe log of {node}, last {} of {} lines\n",
                shown.map_or(0, <[_]>::len),
                lines.len()
            )?;
            for (at, line) in shown.unwrap_or_default() {
                writeln!(f, "{at}  {}", cut(line, width.max(160)))?;
            }
        }
        writeln!(f, "\nTo see it again:\n\n    {}", self.heading.command)
    }
}

impl FailureReport<'_> {
    fn head(&self, f: &mut fmt::Formatter<'_>, width: usize) -> fmt::Result {
        field(f, "broken", self.invariant, width)?;
        field(f, "seen", self.seen, width)?;
        if let Some(seed) = self.heading.seed {
            field(f, "seed", &seed.to_string(), width)?;
        }
        field(f, "commit", &self.heading.commit, width)?;
        let options = &self.heading.options;
        let options = options
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let options: Vec<String> = options.collect();
        field(f, "options", &options.join("  "), width)
    }
}

/// A name on the left, and its text beside it on as many lines as it needs. Nothing where there is no text.
fn field(f: &mut fmt::Formatter<'_>, name: &str, text: &str, width: usize) -> fmt::Result {
    let lines = text.lines().flat_map(|line| wrapped(line, width - 9));
    for (number, line) in lines.enumerate() {
        let name = if number == 0 { name } else { "" };
        writeln!(f, "{name:<8} {line}")?;
    }
    Ok(())
}
