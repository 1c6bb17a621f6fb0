//! Processes that outlived the spawner that owned them.

use std::collections::BTreeSet;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};

use super::boot_time::BootTime;
use super::mark::Marks;
use super::processes::{ProcessTable, mark_of};

/// How long survivors may take to vanish after KILL.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Kills every process that bears a mark of this data directory, with all below them, and those of `groups`, until
/// none is left. Never this process or one above it: a node may itself have been started by a task. Blocks; gives how
/// many were killed.
pub(crate) fn kill_survivors(marks: &Marks, groups: &[i32]) -> u64 {
    let end = BootTime::now().after(PATIENCE);
    let mut killed = BTreeSet::new();
    loop {
        let table = ProcessTable::read();
        let own = table.ancestors(getpid().as_raw());
        let marked = table
            .pids()
            .filter(|&pid| !own.contains(&pid))
            .filter(|&pid| mark_of(pid).is_some_and(|mark| marks.is_ours(&mark)));
        let grouped = groups.iter().flat_map(|&group| table.group(group));
        let roots: Vec<i32> = marked.chain(grouped).collect();
        let mut alive = false;
        for pid in table.trees(roots) {
            if own.contains(&pid) || table.get(pid).is_none_or(|facts| facts.zombie) {
                continue;
            }
            alive |= kill(Pid::from_raw(pid), Signal::SIGKILL) == Ok(());
            killed.insert(pid);
        }
        // Those that fell to this process when their spawner died are its to reap; of others `waitpid` knows nothing.
        for &pid in &killed {
            reap(pid);
        }
        if !alive || BootTime::now() > end {
            return killed.len() as u64;
        }
        pause(PAUSE);
    }
}

/// Reaps a child that has ended, if it is one.
pub(crate) fn reap(pid: i32) {
    while waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG)) == Err(Errno::EINTR) {}
}

/// Waits, blocking.
pub(crate) fn pause(duration: Duration) {
    let timeout = PollTimeout::try_from(duration).unwrap_or(PollTimeout::MAX);
    // An interrupted wait is merely short; everyone who pauses looks again.
    poll(&mut [], timeout).ok();
}
