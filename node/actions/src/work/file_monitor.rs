//! `<file-monitor>`: do files lie there, enough of them, large enough, and unchanging?

use std::collections::BTreeMap;
use std::sync::Arc;

use peerflow_files::{Entry, FileSystem, fits, split};
use peerflow_workflow::FileMonitor;

use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::log::Bytes;

/// Files that a message names.
const NAMED: usize = 20;

/// The link to the node's own files.
const LOCAL: &str = "local";

/// Sizes in bytes by name.
type Listing = BTreeMap<String, u64>;

/// Lists, waits, lists again, and judges.
pub(crate) async fn run(attempt: &mut Attempt<'_>, monitor: &FileMonitor) -> Outcome {
    let (directory, pattern) =
        split(&monitor.pattern).map_err(|error| Unsuccessful::failed(error.to_string()))?;
    let links = Arc::clone(&attempt.runner.parts.links);
    let files = attempt
        .stop
        .guard(links.files(&monitor.link))
        .await?
        .map_err(Unsuccessful::failed)?;
    let place = Place {
        files: &*files,
        link: &monitor.link,
        directory,
        pattern,
    };
    attempt.begin();
    let before = place.look(attempt).await?;
    attempt.pause(monitor.check_interval).await?;
    let after = place.look(attempt).await?;

    let mut problems = judge(monitor, &before, &after);
    if problems.is_empty() {
        let bytes = Bytes(after.values().sum());
        attempt
            .info(format!(
                "{} file(s) fit `{}`, {bytes} in all",
                after.len(),
                monitor.pattern
            ))
            .await;
        return Ok(None);
    }
    if !monitor.warn_message.is_empty() {
        problems.push(monitor.warn_message.clone());
    }
    let problems = problems.join("; ");
    Err(Unsuccessful::failed(if monitor.link == LOCAL {
        problems
    } else {
        format!("file link `{}`: {problems}", monitor.link)
    }))
}

/// Where files are looked for.
struct Place<'m> {
    files: &'m dyn FileSystem,
    link: &'m str,
    directory: &'m str,
    pattern: &'m str,
}

impl Place<'_> {
    async fn look(&self, attempt: &mut Attempt<'_>) -> Result<Listing, Unsuccessful> {
        let listed = attempt
            .stop
            .guard(self.files.list(self.directory))
            .await?
            .map_err(|error| Unsuccessful::failed(self.not_listed(&error)))?;
        let fitting = listed.into_iter().filter(|it| fits(self.pattern, &it.name));
        Ok(fitting.map(|Entry { name, size }| (name, size)).collect())
    }

    fn not_listed(&self, error: &peerflow_files::Error) -> String {
        let (directory, link) = (self.directory, self.link);
        if link == LOCAL {
            return format!("cannot list the directory {directory} on this node: {error}");
        }
        format!("cannot list the directory {directory} on file link `{link}`: {error}")
    }
}

/// What is wrong, in words; nothing when all is well.
fn judge(monitor: &FileMonitor, before: &Listing, after: &Listing) -> Vec<String> {
    let mut problems = Vec::new();
    let seconds = monitor.check_interval.as_secs_f64();
    let changes = changes(before, after);
    if !changes.is_empty() {
        problems.push(format!("changed within {seconds} s: {}", named(&changes)));
    }
    if (after.len() as u64) < monitor.min_number {
        let (found, least, pattern) = (after.len(), monitor.min_number, &monitor.pattern);
        problems.push(format!(
            "{found} file(s) fit `{pattern}`, at least {least} are expected"
        ));
    }
    let small: Vec<String> = after
        .iter()
        .filter(|(_, size)| **size < monitor.min_each_size)
        .map(|(name, &size)| format!("{name} ({})", Bytes(size)))
        .collect();
    if !small.is_empty() {
        let least = Bytes(monitor.min_each_size);
        problems.push(format!("smaller than {least}: {}", named(&small)));
    }
    problems
}

fn changes(before: &Listing, after: &Listing) -> Vec<String> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let gone = gone.map(|name| format!("{name} (gone)"));
    let present = after
        .iter()
        .filter_map(|(name, &size)| match before.get(name) {
            None => Some(format!("{name} (new)")),
            Some(&earlier) if earlier != size => {
                Some(format!("{name} ({} → {})", Bytes(earlier), Bytes(size)))
            }
            Some(_) => None,
        });
    gone.chain(present).collect()
}

fn named(items: &[String]) -> String {
    let shown = items[..items.len().min(NAMED)].join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_twenty_and_counts_the_rest() {
        let items: Vec<String> = (0..23).map(|it| it.to_string()).collect();
        assert!(named(&items).ends_with("19 and 3 more"));
    }
}
