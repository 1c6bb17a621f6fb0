//! A process of its own, for what one process cannot see of itself: being killed, and limits.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use peerflow_files::{FileSystem, HdfsSettings, Local, Settings, WebHdfsSettings};

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

/// The place that a URL begins with, and the path behind it; of a path alone, this machine.
fn place(path: &str) -> (Settings, &str) {
    let user = Some("loader".to_owned());
    let Some((scheme, behind)) = path.split_once("://") else {
        return (Settings::Local, path);
    };
    let slash = behind.find('/').unwrap();
    let (host, path) = behind.split_at(slash);
    let settings = match scheme {
        "hdfs" => Settings::Hdfs(HdfsSettings {
            name_nodes: vec![host.to_owned()],
            user,
            conf_dir: None,
        }),
        _ => Settings::WebHdfs(WebHdfsSettings {
            endpoint: format!("{scheme}://{host}"),
            user,
            ca_file: None,
        }),
    };
    (settings, path)
}

/// Writes half a file, says so, and waits to be killed.
async fn hold(path: &str) {
    let (place, path) = place(path);
    let mut file = place.open().unwrap().replace(path).await.unwrap();
    file.write(Bytes::from_static(b"half")).await.unwrap();
    let mut out = std::io::stdout();
    out.write_all(b"\nwriting\n").unwrap();
    out.flush().unwrap();
    // What is sent in the background goes on.
    let killed = tokio::task::spawn_blocking(|| std::io::stdin().read_exact(&mut [0]));
    killed.await.unwrap().unwrap();
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
