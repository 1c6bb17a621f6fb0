//! The processes of this machine, as the kernel tells them.

use std::path::Path;

use crate::wait::stat;

/// A process that has to do with a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    /// When it began, in the kernel's ticks.
    pub began: u64,
    /// The task that it belongs to, where it is one of a task.
    pub task: Option<TaskStep>,
    /// What was started, for messages.
    pub command: String,
}

/// What a task's process bears in its environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskStep {
    pub instance: String,
    pub step: String,
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
        task: task_of(&environment),
        command: command.replace('\0', " "),
    })
}

fn task_of(environment: &str) -> Option<TaskStep> {
    let variable = |name: &str| {
        let mut all = environment.split('\0');
        all.find_map(|each| each.strip_prefix(name)?.strip_prefix('='))
    };
    Some(TaskStep {
        instance: variable("PEERFLOW_INSTANCE")?.to_owned(),
        step: variable("PEERFLOW_STEP")?.to_owned(),
    })
}

fn read(pid: i32, what: &str) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{what}")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
