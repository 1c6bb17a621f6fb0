//! A process of its own, for what one process cannot see of itself: being killed, and limits.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use peerflow_files::{FileSystem, Local};

const PART: &str = "PEERFLOW_FILES_PART";
const PATH: &str = "PEERFLOW_FILES_PATH";

/// This program, playing `part` with the file at `path`; behind `shell`, words that take the program as `"$@"`.
pub(crate) fn playing(part: &str, path: &Path, shell: &str) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", shell, "sh"])
        .arg(program)
        .args(["--exact", "child::plays_its_part", "--nocapture"])
        .env(PART, part)
        .env(PATH, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Nothing, unless it is started by another test.
#[tokio::test]
async fn plays_its_part() {
    let (Ok(part), Ok(path)) = (std::env::var(PART), std::env::var(PATH)) else {
        return;
    };
    match part.as_str() {
        "hold" => hold(&path).await,
        "fill" => fill(&path).await,
        other => panic!("no part {other}"),
    }
}

/// Writes half a file, says so, and waits to be killed.
async fn hold(path: &str) {
    let mut file = Local.replace(path).await.unwrap();
    file.write(Bytes::from_static(b"half")).await.unwrap();
    let mut out = std::io::stdout();
    out.write_all(b"\nwriting\n").unwrap();
    out.flush().unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

/// Writes until there is no room, and tells what it was told.
async fn fill(path: &str) {
    let mut file = Local.replace(path).await.unwrap();
    for _ in 0..64 {
        if let Err(error) = file.write(Bytes::from(vec![7; 256 * 1024])).await {
            println!("\n{:?} {error}", error.trouble);
            return;
        }
    }
    println!("\nroom for all");
}
