//! The processes of this machine, as the kernel tells them.

use std::path::Path;

use crate::wait::stat;

/// A process that has to do with a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    /// When it began, in the kernel's ticks.
    pub began: u64,
    /// The instance whose task it belongs to, where it is one of a task.
    pub instance: Option<String>,
    /// What was started, for messages.
    pub command: String,
}

/// When a process began, in the kernel's ticks; `None` when it is gone, or a zombie.
pub fn began(pid: i32) -> Option<u64> {
    let fields = stat(pid)?;
    (fields[0] != "Z").then_some(())?;
    fields.get(19)?.parse().ok()
}

/// All processes with `folder` in their arguments or in their environment: a node that keeps its data there, its
/// spawner, and tasks with a parameter that names it, with all that these started.
///
/// # Panics
/// When the kernel does not list its processes.
pub fn processes_of(folder: &Path) -> Vec<Process> {
    let folder = folder.display().to_string();
    let found = all().into_iter();
    found.filter_map(|pid| process_of(&folder, pid)).collect()
}

/// Processes that this one has started, or adopted, and that are not gone.
///
/// # Panics
/// When the kernel does not list its processes.
pub fn children(parent: i32) -> Vec<i32> {
    let is_child =
        |pid: &i32| stat(*pid).is_some_and(|fields| fields.get(1) == Some(&parent.to_string()));
    all().into_iter().filter(is_child).collect()
}

fn all() -> Vec<i32> {
    let listed = std::fs::read_dir("/proc").expect("the kernel lists its processes");
    let pids = listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.collect()
}

fn process_of(folder: &str, pid: i32) -> Option<Process> {
    // It may end at any moment.
    let command = read(pid, "cmdline")?;
    let environment = read(pid, "environ")?;
    (command.contains(folder) || environment.contains(folder)).then_some(())?;
    Some(Process {
        pid,
        began: began(pid)?,
        instance: environment
            .split('\0')
            .find_map(|variable| variable.strip_prefix("PEERFLOW_INSTANCE="))
            .map(str::to_owned),
        command: command.replace('\0', " "),
    })
}

fn read(pid: i32, what: &str) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{what}")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
