//! The system's processes, as far as killing trees needs them. Linux only; elsewhere there is nothing to see, and
//! process groups must do.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;

use super::mark::MARK;

/// What the kernel says of one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessFacts {
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// It has ended and waits to be reaped.
    pub(crate) zombie: bool,
    /// Hundredths of a second since boot.
    pub(crate) started: u64,
}

/// All processes at one instant.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessTable {
    processes: BTreeMap<i32, ProcessFacts>,
}

impl ProcessTable {
    /// Reads `/proc`. What cannot be read is not listed.
    pub(crate) fn read() -> Self {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Self::default();
        };
        let processes = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, facts(pid)?)))
            .collect();
        Self { processes }
    }

    pub(crate) fn get(&self, pid: i32) -> Option<&ProcessFacts> {
        self.processes.get(&pid)
    }

    pub(crate) fn pids(&self) -> impl Iterator<Item = i32> + '_ {
        self.processes.keys().copied()
    }

    /// Everything below `roots`, the roots included where they live.
    pub(crate) fn trees(&self, roots: impl IntoIterator<Item = i32>) -> BTreeSet<i32> {
        let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (&pid, facts) in &self.processes {
            children.entry(facts.parent).or_default().push(pid);
        }
        let mut found = BTreeSet::new();
        let mut open: Vec<i32> = roots.into_iter().collect();
        while let Some(pid) = open.pop() {
            if self.processes.contains_key(&pid) && found.insert(pid) {
                open.extend(children.get(&pid).into_iter().flatten());
            }
        }
        found
    }

    /// Live processes of `group`.
    pub(crate) fn group(&self, group: i32) -> impl Iterator<Item = i32> + '_ {
        self.processes
            .iter()
            .filter(move |(_, facts)| facts.group == group && !facts.zombie)
            .map(|(&pid, _)| pid)
    }

    /// `pid` and all its ancestors.
    pub(crate) fn ancestors(&self, pid: i32) -> BTreeSet<i32> {
        let mut found = BTreeSet::from([pid]);
        let mut at = pid;
        while let Some(facts) = self.processes.get(&at) {
            if !found.insert(facts.parent) {
                break;
            }
            at = facts.parent;
        }
        found
    }
}

/// What the kernel says of `pid`; `None` when it is gone.
pub(crate) fn facts(pid: i32) -> Option<ProcessFacts> {
    parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's name stands in parentheses and may itself hold anything, so fields are counted after the last one.
fn parse_stat(stat: &[u8]) -> Option<ProcessFacts> {
    let after = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&stat[after + 1..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(ProcessFacts {
        zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// The marker in the environment that `pid` was started with.
pub(crate) fn mark_of(pid: i32) -> Option<OsString> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    environment.split(|&byte| byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?;
        Some(OsString::from_vec(value.to_vec()))
    })
}

/// Children of this process; of those that its other threads started perhaps not all. One short read where the kernel
/// keeps the list; otherwise all processes are asked, but not while one is being started (`quiet` is false): it could not
/// be told from an orphan yet.
pub(crate) fn direct_children(quiet: bool) -> Vec<i32> {
    match read_children() {
        Ok(children) => children,
        Err(_no_such_list) if quiet => {
            let own = nix::unistd::getpid().as_raw();
            let table = ProcessTable::read();
            let is_child = |pid: &i32| table.get(*pid).is_some_and(|facts| facts.parent == own);
            table.pids().filter(is_child).collect()
        }
        Err(_no_such_list) => Vec::new(),
    }
}

fn read_children() -> io::Result<Vec<i32>> {
    let list = fs::read_to_string("/proc/thread-self/children")?;
    Ok(list
        .split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_cannot_disturb_the_fields() {
        let stat = b"7 (a) R 1 2) S 41 42 43 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9876 0 0";
        let facts = parse_stat(stat).unwrap();
        assert_eq!((facts.parent, facts.group, facts.started), (41, 42, 9_876));
        assert!(!facts.zombie);
        assert!(parse_stat(b"7 (a").is_none());
        assert!(parse_stat(b"7 (a) S 1").is_none());
    }
}
