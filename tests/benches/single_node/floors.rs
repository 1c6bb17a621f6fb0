//! The least that this machine can do: processes spawned, piped and waited for, with nothing around them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use peerflow_tests::{Database, run};

/// The script that rows on processes run: the least a script can be.
pub(crate) const SCRIPT: &str = "true\n";

/// How many tasks a node runs at once by default.
pub(crate) fn slots() -> usize {
    std::thread::available_parallelism().map_or(4, std::num::NonZero::get) * 4
}

/// Spawns bash on a script file with both outputs piped and read, and waits for it.
fn spawn_one(script: &Path) {
    let output = Command::new("bash")
        .arg(script)
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    assert!(output.status.success());
}

/// `count` spawns one after the other.
pub(crate) fn spawn_chain(folder: &Path, count: usize) {
    let script = write_script(folder);
    for _ in 0..count {
        spawn_one(&script);
    }
}

/// `count` spawns by a pool of `concurrency` threads.
pub(crate) fn spawn_pool(folder: &Path, count: usize, concurrency: usize) {
    let script = write_script(folder);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..concurrency {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    spawn_one(&script);
                }
            });
        }
    });
}

fn write_script(folder: &Path) -> std::path::PathBuf {
    let script = folder.join("floor.sh");
    std::fs::write(&script, SCRIPT).expect("the folder can be written");
    script
}

/// What `SELECT version()` says.
pub(crate) fn mariadb_version() -> String {
    Database::new().query("SELECT version()").trim().to_owned()
}

/// Milliseconds that the program takes to print its version: the least any start of it can take.
pub(crate) fn bare_start() {
    assert_eq!(run(&["--version"]).code, 0);
}
