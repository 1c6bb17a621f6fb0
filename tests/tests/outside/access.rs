//! Who may call a node, over what: the cluster's token, TLS, and what the commands say when either is missing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use peerflow_tests::{Outcome, eventually, peerflow};

/// Certificate for localhost that signed itself, and its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
        .expect("a certificate");
    fs::write(&cert, made.cert.pem()).expect("written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    (cert, key)
}

/// A command that knows nothing of this machine's settings.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(peerflow());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PEERFLOW") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().expect("the program under test starts");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A file with a new secret, readable by its owner only.
fn secret_file(folder: &Path) -> PathBuf {
    let made = outcome(command(folder).args(["cluster", "secret"]));
    assert_eq!(made.code, 0, "{}", made.text());
    let path = folder.join("secret");
    fs::write(&path, &made.stdout).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("permissions");
    path
}

/// A node that is killed when this is dropped.
struct Serving {
    child: Child,
    /// What it said it can be reached at.
    ready: String,
    port: u16,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts a node in `folder` and waits until it says where it is.
fn serve(folder: &Path, arguments: &[&str], environment: &[(&str, &Path)]) -> Serving {
    let log = fs::File::create(folder.join("node.log")).expect("the folder can be written");
    let mut child = command(folder)
        .arg("node")
        .args(arguments)
        .args(["--gossip", "127.0.0.1:0", "--rpc", "127.0.0.1:0"])
        .args(["--data-dir", "data"])
        .env("PEERFLOW__XML_LOADER__WORKFLOW_DIR", "")
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("the program under test starts");
    let stdout = child.stdout.take().expect("standard output is piped");
    let (found, ports) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let port = line.split("://").nth(1).and_then(|rest| {
                let digits = rest.rsplit(':').next()?;
                digits.trim_end_matches('/').parse::<u16>().ok()
            });
            if let Some(port) = port {
                // The receiver has gone after the first; the rest is read so that the pipe does not fill.
                found.send((line, port)).unwrap_or_default();
            }
        }
    });
    let (ready, port) = ports
        .recv_timeout(Duration::from_secs(60))
        .unwrap_or_else(|_| {
            let log = fs::read_to_string(folder.join("node.log")).unwrap_or_default();
            panic!("the node did not say where it is; it said:\n{log}")
        });
    Serving { child, ready, port }
}

fn front(folder: &Path, peer: &str, arguments: &[&str], token: Option<&str>) -> Outcome {
    let mut command = command(folder);
    command
        .args(["--peer", peer, "-o", "json", "front"])
        .args(arguments);
    if let Some(token) = token {
        command.env("PEERFLOW_TOKEN", token);
    }
    outcome(&mut command)
}

#[test]
fn a_node_that_others_reach_answers_nobody_without_the_clusters_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let refused = outcome(command(folder).args(["node", "--http", "0.0.0.0:0", "--data-dir", "d"]));
    assert_eq!(refused.code, 2, "{}", refused.text());
    assert!(
        refused.stderr.contains("peerflow cluster secret > FILE"),
        "{}",
        refused.stderr
    );

    let secret = secret_file(folder);
    let secret = secret.to_str().expect("UTF-8");
    let told = outcome(command(folder).args(["cluster", "token", "--secret-file", secret]));
    let token = told.stdout.trim();
    assert_eq!((told.code, token.len()), (0, 64), "{}", told.text());
    let node = serve(
        folder,
        &["--http", "0.0.0.0:0", "--secret-file", secret],
        &[],
    );
    let peer = format!("http://127.0.0.1:{}", node.port);

    let nameless = front(folder, &peer, &[], None);
    assert_eq!(nameless.code, 1, "{}", nameless.text());
    assert!(
        nameless.stderr.contains("PEERFLOW_TOKEN"),
        "{}",
        nameless.stderr
    );
    let wrong_token = "0".repeat(64);
    let wrong = front(folder, &peer, &[], Some(&wrong_token));
    assert_eq!(wrong.code, 1, "{}", wrong.text());
    assert!(
        wrong.stderr.contains("not this cluster's") && !wrong.stderr.contains(&wrong_token),
        "{}",
        wrong.stderr
    );
    let done = eventually("the right token opens it", Duration::from_secs(30), || {
        Some(front(folder, &peer, &[], Some(token))).filter(|done| done.code == 0)
    });
    assert!(done.stdout.contains("\"days\""), "{}", done.stdout);
    fs::write(folder.join("token"), format!("{token}\n")).expect("written");
    let by_file = front(folder, &peer, &["--token-file", "token"], None);
    assert_eq!(by_file.code, 0, "{}", by_file.text());

    let log = fs::read_to_string(folder.join("node.log")).expect("its messages");
    let secret = fs::read_to_string(secret).expect("the secret");
    assert!(
        !log.contains(token) && !log.contains(secret.trim()),
        "{log}"
    );
}

#[test]
fn a_node_with_a_certificate_is_reached_by_https_alone_and_the_commands_say_how() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (cert, key) = certificate(folder);
    let files = [
        ("PEERFLOW__HTTP__TLS_CERT", cert.as_path()),
        ("PEERFLOW__HTTP__TLS_KEY", key.as_path()),
    ];
    let node = serve(folder, &["--http", "127.0.0.1:0"], &files);
    assert!(node.ready.contains("https://127.0.0.1:"), "{}", node.ready);
    let secured = format!("https://localhost:{}", node.port);
    let ca = cert.to_str().expect("UTF-8");
    let trusted = eventually("the node answers over TLS", Duration::from_secs(30), || {
        Some(front(folder, &secured, &["--ca-file", ca], None)).filter(|done| done.code == 0)
    });
    assert!(trusted.stdout.contains("\"days\""), "{}", trusted.stdout);

    let unknown = front(folder, &secured, &[], None);
    assert_eq!(unknown.code, 4, "{}", unknown.text());
    assert!(unknown.stderr.contains("--ca-file"), "{}", unknown.stderr);
    let plain = front(folder, &format!("localhost:{}", node.port), &[], None);
    assert_eq!(plain.code, 1, "{}", plain.text());
    assert!(plain.stderr.contains("https://"), "{}", plain.stderr);

    let other = tempfile::tempdir().expect("a folder");
    let open = serve(other.path(), &["--http", "127.0.0.1:0"], &[]);
    assert!(open.ready.contains("http://127.0.0.1:"), "{}", open.ready);
    let without = front(
        folder,
        &format!("https://localhost:{}", open.port),
        &[],
        None,
    );
    assert_eq!(without.code, 4, "{}", without.text());
    assert!(without.stderr.contains("plain HTTP"), "{}", without.stderr);
}
