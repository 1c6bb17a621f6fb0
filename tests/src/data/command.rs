//! Clients of servers, run as commands.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Runs a command and gives each line that it prints to `take`.
pub(crate) fn lines_of(command: &mut Command, mut take: impl FnMut(&[u8])) {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the client starts");
    let mut lines = BufReader::with_capacity(1 << 18, child.stdout.take().expect("it is piped"));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines
            .read_until(b'\n', &mut line)
            .expect("the client can be read");
        if read == 0 {
            break;
        }
        take(line.strip_suffix(b"\n").unwrap_or(&line));
    }
    let status = child.wait().expect("the client can be waited for");
    assert!(status.success(), "{command:?}: {status}");
}

/// Runs a command to its good end and gives what it prints.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().expect("the client is installed");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
