//! Waiting for a condition, with a bound.

use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::Pid;

const STEP: Duration = Duration::from_millis(20);

/// Asks `condition` until it gives something. What the condition itself takes counts too.
///
/// # Panics
/// When it gave nothing within `bound`, naming `what` was waited for.
pub fn eventually<T>(what: &str, bound: Duration, condition: impl FnMut() -> Option<T>) -> T {
    within(bound, condition).unwrap_or_else(|| panic!("waited {bound:?} in vain for: {what}"))
}

/// Asks `condition` until it gives something, or `bound` is over.
#[expect(
    clippy::disallowed_methods,
    reason = "the harness polls processes from outside, in real time; this is its only pause"
)]
pub fn within<T>(bound: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = condition() {
            return Some(found);
        }
        if start.elapsed() >= bound {
            return None;
        }
        std::thread::sleep(STEP);
    }
}

/// Whether a process of that id runs (a zombie does not).
pub fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok() && stat(pid).is_some_and(|fields| fields[0] != "Z")
}

/// The fields of `/proc/PID/stat` from the state on.
pub(crate) fn stat(pid: i32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
