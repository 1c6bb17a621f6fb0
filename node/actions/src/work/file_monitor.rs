//! `<file-monitor>`: do files lie there, enough of them, large enough, and unchanging?

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use peerflow_workflow::FileMonitor;

use super::pattern::fits;
use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::command::blocking;
use crate::log::Bytes;

/// Files that a message names.
const NAMED: usize = 20;

/// Sizes in bytes by name.
type Listing = BTreeMap<OsString, u64>;

/// Lists, waits, lists again, and judges.
pub(crate) async fn run(attempt: &mut Attempt<'_>, monitor: &FileMonitor) -> Outcome {
    if monitor.link != "local" {
        let link = &monitor.link;
        return Err(Unsuccessful::failed(format!(
            "file link `{link}`: links other than `local` come with the data release; until then copy the files to the \
             node, or look at them in a `shell` action"
        )));
    }
    let (directory, pattern) = split(&monitor.pattern).map_err(Unsuccessful::failed)?;
    attempt.begin();
    let before = look(attempt, &directory, &pattern).await?;
    attempt.pause(monitor.check_interval).await?;
    let after = look(attempt, &directory, &pattern).await?;

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
    Err(Unsuccessful::failed(problems.join("; ")))
}

/// Directory and name pattern.
fn split(path: &str) -> Result<(PathBuf, String), String> {
    let (directory, pattern) = match path.rsplit_once('/') {
        Some(("", pattern)) => ("/", pattern),
        Some((directory, pattern)) => (directory, pattern),
        None => (".", path),
    };
    if directory.contains(['*', '?']) {
        return Err(format!(
            "`{path}`: `*` and `?` are understood in the last part only; name the directory"
        ));
    }
    if pattern.is_empty() {
        return Err(format!(
            "`{path}` names a directory; add a pattern such as `*`"
        ));
    }
    Ok((directory.into(), pattern.to_owned()))
}

async fn look(
    attempt: &mut Attempt<'_>,
    directory: &Path,
    pattern: &str,
) -> Result<Listing, Unsuccessful> {
    let (owned, wanted) = (directory.to_owned(), pattern.to_owned());
    let listed = attempt
        .stop
        .guard(blocking(move || list(&owned, &wanted)))
        .await??;
    listed.map_err(|error| {
        let directory = directory.display();
        Unsuccessful::failed(format!(
            "cannot list the directory {directory} on this node: {error}"
        ))
    })
}

/// Regular files that fit, links to them included; directories are not counted. One that vanishes meanwhile is left out.
fn list(directory: &Path, pattern: &str) -> io::Result<Listing> {
    let mut listing = Listing::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if !fits(pattern, &name.to_string_lossy()) {
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(facts) if facts.is_file() => drop(listing.insert(name, facts.len())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(listing)
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
        .map(|(name, &size)| format!("{} ({})", name.to_string_lossy(), Bytes(size)))
        .collect();
    if !small.is_empty() {
        let least = Bytes(monitor.min_each_size);
        problems.push(format!("smaller than {least}: {}", named(&small)));
    }
    problems
}

fn changes(before: &Listing, after: &Listing) -> Vec<String> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let gone = gone.map(|name| format!("{} (gone)", name.to_string_lossy()));
    let present = after.iter().filter_map(|(name, &size)| {
        let shown = name.to_string_lossy();
        match before.get(name) {
            None => Some(format!("{shown} (new)")),
            Some(&earlier) if earlier != size => {
                Some(format!("{shown} ({} → {})", Bytes(earlier), Bytes(size)))
            }
            Some(_) => None,
        }
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
    fn only_the_last_part_is_a_pattern() {
        assert_eq!(
            split("/data/in/*.csv"),
            Ok(("/data/in".into(), "*.csv".into()))
        );
        assert_eq!(split("/a?"), Ok(("/".into(), "a?".into())));
        assert_eq!(split("a*"), Ok((".".into(), "a*".into())));
        assert!(split("/data/*/a").unwrap_err().contains("last part only"));
        assert!(split("/data/").unwrap_err().contains("names a directory"));
    }

    #[test]
    fn a_message_names_twenty_and_counts_the_rest() {
        let items: Vec<String> = (0..23).map(|it| it.to_string()).collect();
        assert!(named(&items).ends_with("19 and 3 more"));
    }
}
