//! The spawner alone, for tests: a test's own program is run by a harness and cannot be one.

use std::process::ExitCode;

fn main() -> ExitCode {
    peerflow_actions::spawner_main()
}
