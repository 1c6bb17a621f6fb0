//! The program under test, run as a command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Both outputs, for messages of failed assertions and for searching.
    pub fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// Path of the program under test.
///
/// # Panics
/// When there is none: build it, or run `make test`.
pub fn peerflow() -> PathBuf {
    let path = std::env::var_os("PEERFLOW_BIN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/peerflow"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} does not exist: run `cargo build`, or `make test`",
        path.display()
    );
    path
}

/// A command of the program under test, with an environment that says nothing to it.
pub fn command() -> Command {
    without_settings(Command::new(peerflow()))
}

/// As [`command`], in a network namespace.
pub(crate) fn command_on(host: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", host]).arg(peerflow());
    without_settings(command)
}

fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PEERFLOW") {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Outcome {
    run_in(Path::new("."), arguments)
}

/// Runs it to its end in a folder.
///
/// # Panics
/// When it cannot be started.
pub fn run_in<S: AsRef<std::ffi::OsStr>>(folder: &Path, arguments: &[S]) -> Outcome {
    let output = command()
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the program under test starts");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
