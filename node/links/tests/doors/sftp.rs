//! Links to SFTP servers, with every way to say who the user is.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use peerflow_files::Trouble;

use crate::sshd::{Sshd, user};
use crate::sshd_of_passwords::{Asks, SshdOfPasswords};
use crate::{Given, assert_advises_once, is_used};

/// Names the port of a server, to a part of a test that runs as a process of its own.
const PORT: &str = "PEERFLOW_LINKS_PORT";
/// The same of its host key.
const HOST_KEY: &str = "PEERFLOW_LINKS_HOST_KEY";

fn link(port: u16, host_key: String) -> Given {
    Given {
        system: "SFTP",
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        username: user(),
        password: None,
        properties: vec![("host-key", host_key)],
    }
}

#[tokio::test]
async fn a_key_file_opens_the_door() {
    let server = Sshd::start();
    let mut link = link(server.port, server.fingerprint("ed25519"));
    let key = server.path().join("user").display().to_string();
    link.properties.push(("keyFile", key));
    is_used(&*link.opened(), &server.file("day.csv")).await;
    assert!(link.tried().await.unwrap().starts_with("connected: "));
}

#[tokio::test]
async fn a_password_opens_the_door_whichever_way_the_server_asks_for_it() {
    for asks in [Asks::Plainly, Asks::Interactively] {
        let server = SshdOfPasswords::start(asks, "hunter2").await;
        let folder = tempfile::tempdir().unwrap();
        let right = Given {
            password: Some("hunter2"),
            ..link(server.port, server.fingerprint.clone())
        };
        let path = folder.path().join("day.csv").display().to_string();
        is_used(&*right.opened(), &path).await;
        assert!(right.tried().await.unwrap().starts_with("connected: "));

        let wrong = Given {
            password: Some("hunter22"),
            ..link(server.port, server.fingerprint.clone())
        };
        let refused = wrong.opened().list("/").await.unwrap_err();
        assert_eq!(refused.trouble, Trouble::AccessDenied, "{refused}");
        let error = wrong.tried().await.unwrap_err();
        assert_advises_once(&error);
        assert!(error.message.contains("tried the password"), "{error}");
    }
}

/// Ends with the test.
struct Agent {
    process: Child,
    socket: String,
}

impl Agent {
    /// One that knows the key in a file.
    fn with(key: &std::path::Path, socket: String) -> Self {
        let mut process = Command::new("ssh-agent")
            .args(["-D", "-a", &socket])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says where it listens once it does.
        let mut said = BufReader::new(process.stdout.take().unwrap());
        assert!(said.read_line(&mut String::new()).unwrap() > 0);
        let agent = Self { process, socket };
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", &agent.socket)
            .status();
        assert!(added.unwrap().success());
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn an_agent_opens_the_door() {
    let server = Sshd::start();
    let socket = server.path().join("agent").display().to_string();
    let agent = Agent::with(&server.path().join("user"), socket);
    let said = with_agent_at(&server, &agent.socket);
    assert_eq!(said.matches("connected: ").count(), 2, "{said}");
    let said = with_agent_at(&server, "/nowhere");
    assert!(said.contains("tried the agent, which failed"), "{said}");
}

/// What is said where the environment names this agent, which takes a process of its own.
fn with_agent_at(server: &Sshd, socket: &str) -> String {
    let said = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sftp::plays_who_has_an_agent", "--nocapture"])
        .env("SSH_AUTH_SOCK", socket)
        .env(PORT, server.port.to_string())
        .env(HOST_KEY, server.fingerprint("ed25519"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{words}");
    words
}

/// Nothing, unless it is started by the test above.
#[tokio::test]
async fn plays_who_has_an_agent() {
    let (Ok(port), Ok(host_key)) = (std::env::var(PORT), std::env::var(HOST_KEY)) else {
        return;
    };
    let mut link = link(port.parse().unwrap(), host_key);
    println!("\n{:?}", link.tried().await);
    link.password = Some("hunter2");
    // With a password the agent is asked only where the link says so.
    let refused = link.tried().await.unwrap_err();
    assert!(!refused.message.contains("agent"), "{refused}");
    link.properties.push(("agent", "true".to_owned()));
    println!("{:?}", link.tried().await);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_advice_once() {
    let host_key = format!("SHA256:{}", "a".repeat(43));
    assert_advises_once(&link(1, host_key).tried().await.unwrap_err());
}
