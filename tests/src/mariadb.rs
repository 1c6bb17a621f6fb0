//! MariaDB: databases of a test's own on the shared server, and servers of its own that may be stopped.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::wait::{eventually, is_alive};

/// Where the shared test server is: `mysql://user@host:port`.
pub fn test_server_url() -> String {
    std::env::var("PEERFLOW_TEST_MYSQL")
        .unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".to_owned())
}

/// A database of a test's own, dropped with it.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new database on the shared server.
    pub fn new() -> Self {
        Self::on(&test_server_url())
    }

    /// A new database on a server.
    ///
    /// # Panics
    /// When the server does not make it: is it running? `make test` starts one.
    pub fn on(server: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "peerflow_e2e_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        sql(server, &format!("CREATE DATABASE {name}"));
        Self {
            server: server.to_owned(),
            name,
        }
    }

    /// Its URL as a node takes it.
    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    /// Its URL by way of another address of the server, `HOST:PORT`.
    pub fn url_at(&self, address: &str) -> String {
        let (user, _) = self.server.split_once('@').expect("a user before @");
        format!("{user}@{address}/{}", self.name)
    }

    /// Where the server listens, `HOST:PORT`.
    pub fn address(&self) -> String {
        let (_, address) = self.server.split_once('@').expect("a user before @");
        match address.contains(':') {
            true => address.to_owned(),
            false => format!("{address}:3306"),
        }
    }

    /// Writes all that is in it into a file, as a backup does.
    ///
    /// # Panics
    /// When the server does not give it.
    pub fn back_up(&self, file: &Path) {
        let mut dump = client_of("mariadb-dump", &self.server);
        dump.args(["--single-transaction", "--hex-blob", &self.name]);
        dump.stdout(std::fs::File::create(file).expect("the backup can be written"));
        let status = dump.status().expect("mariadb-dump is installed");
        assert!(status.success(), "mariadb-dump: {status}");
    }

    /// Puts a backup in place of all that is in it, at one stroke, as when a replica takes over that lags behind.
    ///
    /// # Panics
    /// When the server does not take it.
    pub fn restore(&self, file: &Path) {
        let (new, old) = (format!("{}_new", self.name), format!("{}_old", self.name));
        sql(
            &self.server,
            &format!("CREATE DATABASE {new}; CREATE DATABASE {old}"),
        );
        let mut restore = client(&self.server);
        restore.arg(&new);
        restore.stdin(std::fs::File::open(file).expect("the backup can be read"));
        let status = restore.status().expect("the mariadb client is installed");
        assert!(status.success(), "mariadb: {status}");
        let tables = self.query("SHOW TABLES");
        let moves: Vec<String> = tables
            .lines()
            .map(|table| {
                let name = &self.name;
                format!("{name}.{table} TO {old}.{table}, {new}.{table} TO {name}.{table}")
            })
            .collect();
        sql(&self.server, &format!("RENAME TABLE {}", moves.join(", ")));
        sql(
            &self.server,
            &format!("DROP DATABASE {new}; DROP DATABASE {old}"),
        );
    }

    /// The server's client, which prints rows without headings.
    pub fn client(&self) -> Command {
        let mut client = client(&self.server);
        client.arg(format!("--database={}", self.name));
        client
    }

    /// Runs a statement in it and gives what the client prints.
    pub fn query(&self, statement: &str) -> String {
        sql(&self.server, &format!("USE {}; {statement}", self.name))
    }
}

impl Database {
    /// Runs statements in it; `None` when the server refuses one.
    pub fn try_query(&self, statements: &str) -> Option<String> {
        let output = client(&self.server)
            .args(["-e", &format!("USE {}; {statements}", self.name)])
            .output()
            .expect("the mariadb client is installed");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A session that has done something and stays open: what it locked is free when this is dropped.
#[derive(Debug)]
pub struct Session(Child);

impl Database {
    /// Runs statements in a session that stays open.
    ///
    /// # Panics
    /// When they do not run.
    pub fn hold(&self, statements: &str) -> Session {
        let mut child = client(&self.server)
            .arg("--unbuffered")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mariadb client is installed");
        let stdin = child.stdin.as_mut().expect("standard input is piped");
        writeln!(stdin, "USE {}; {statements}; SELECT 'held';", self.name)
            .expect("the client takes it");
        let stdout = child.stdout.take().expect("standard output is piped");
        let held = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .any(|line| line == "held");
        assert!(held, "{statements} did not run");
        Session(child)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The client ends at the end of what it reads, and its session with it.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server may be stopped already; then its whole folder goes.
        drop(
            client(&self.server)
                .args(["-e", &format!("DROP DATABASE IF EXISTS {}", self.name)])
                .output(),
        );
    }
}

fn client(server: &str) -> Command {
    let mut command = client_of("mariadb", server);
    command.args(["--batch", "--skip-column-names", "--connect-timeout=5"]);
    command
}

/// A program of MariaDB's, told where the server is.
fn client_of(program: &str, server: &str) -> Command {
    let rest = server
        .strip_prefix("mysql://")
        .expect("an address as mysql://user@host:port");
    let (user, address) = rest.split_once('@').expect("a user before @");
    let (host, port) = address.split_once(':').unwrap_or((address, "3306"));
    let mut command = Command::new(program);
    command.arg("--no-defaults");
    command.args(["--user", user, "--host", host, "--port", port]);
    command
}

fn sql(server: &str, statement: &str) -> String {
    let output = client(server)
        .args(["-e", statement])
        .output()
        .expect("the mariadb client is installed");
    assert!(
        output.status.success(),
        "{statement}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A server of a test's own, which may be stopped and started.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    /// `mysql://root@127.0.0.1:PORT`.
    pub url: String,
}

impl Server {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("peerflow-mariadb.")
            .tempdir_in("/tmp")
            .expect("a folder in /tmp");
        let url = services(&["mariadb", &folder.path().display().to_string()]);
        Self { folder, url }
    }

    /// Stops it; clients lose their connections.
    pub fn stop(&self) {
        services(&["stop", &self.path()]);
    }

    /// Ends it with `kill -9`, as a crash does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn crash(&self) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).expect("it runs");
        let pid = pid.trim().parse().expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it runs");
        eventually("MariaDB is gone", Duration::from_secs(30), || {
            (!is_alive(pid)).then_some(())
        });
    }

    /// Starts it again at the same address.
    pub fn start_again(&self) {
        let port = self.url.rsplit(':').next().unwrap_or_default().to_owned();
        services(&["mariadb", &self.path(), &port]);
    }

    fn path(&self) -> String {
        self.folder.path().display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn services(arguments: &[&str]) -> String {
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services");
    let output = Command::new(script)
        .args(arguments)
        .output()
        .expect("scripts/services runs");
    assert!(
        output.status.success(),
        "services {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
