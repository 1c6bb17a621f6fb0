//! Databases of a test's own in PostgreSQL, on the shared server or on one that may be stopped.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use peerflow_tests::{eventually, is_alive};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::data_stage::text;

/// Longer than a server takes to start or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the shared PostgreSQL is: `postgres://user@host:port/database`.
fn postgres_url() -> String {
    std::env::var("PEERFLOW_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// A database of a test's own, dropped with it, on the shared PostgreSQL or on a server of the test's own.
pub(crate) struct Postgres {
    /// Of the server, with the database to make others from.
    server: String,
    pub(crate) name: String,
    own: Option<TempDir>,
}

impl Postgres {
    /// On the shared server.
    pub(crate) fn new() -> Self {
        Self::on(postgres_url(), None)
    }

    /// On a server that may be stopped.
    pub(crate) fn of_its_own() -> Self {
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix("peerflow-postgres.").tempdir_in("/tmp");
        let folder = folder.expect("a folder in /tmp");
        let url = services(&["postgres", &folder.path().display().to_string()]);
        Self::on(url.expect("PostgreSQL starts"), Some(folder))
    }

    fn on(server: String, own: Option<TempDir>) -> Self {
        let pid = std::process::id();
        let name = format!("peerflow_data_{pid}_{:x}", random(&server));
        let postgres = Self { server, name, own };
        let made = postgres.psql("", &format!("CREATE DATABASE {}", postgres.name));
        assert!(made.status.success(), "{}", text(&made));
        postgres
    }

    /// Runs statements and gives the values that they give, a row a line.
    pub(crate) fn query(&self, statements: &str) -> String {
        let output = self.psql(&self.name, statements);
        assert!(output.status.success(), "{statements}: {}", text(&output));
        text(&output).trim().to_owned()
    }

    /// A link to it.
    pub(crate) fn link(&self, name: &str) -> Value {
        let (user, place) = self.place();
        let url = format!("jdbc:postgresql://{place}/{}", self.name);
        json!({"name": name, "type": "POSTGRES", "jdbc_url": url, "username": user})
    }

    /// A user of the server, which is the test's own, who must give this password.
    pub(crate) fn add_user(&self, name: &str, password: &str) {
        self.query(&format!("CREATE ROLE {name} LOGIN PASSWORD '{password}'"));
        let rules = self.folder().join("data/pg_hba.conf");
        let others = std::fs::read_to_string(&rules).expect("its rules");
        let all = format!("host all {name} 127.0.0.1/32 scram-sha-256\n{others}");
        std::fs::write(&rules, all).expect("its rules can be written");
        self.query("SELECT pg_reload_conf()");
        let place = self.place().1.replace(':', " -p ");
        let without_password = format!("psql -w -X -h {place} -U {name} -d postgres -c ''");
        eventually("the rule is in force", PATIENCE, || {
            let tried = Command::new("bash")
                .args(["-c", &without_password])
                .output();
            (!tried.expect("bash").status.success()).then_some(())
        });
    }

    /// Ends the server as a crash does.
    pub(crate) fn crash(&self) {
        let pid = std::fs::read_to_string(self.folder().join("pid")).expect("it runs");
        let pid = pid.trim().parse().expect("a process id");
        // SIGQUIT: at once, and nothing is written any more.
        kill(Pid::from_raw(pid), Signal::SIGQUIT).expect("it runs");
        eventually("PostgreSQL is gone", PATIENCE, || {
            (!is_alive(pid)).then_some(())
        });
    }

    /// Starts it again at the same address.
    pub(crate) fn start_again(&self) {
        let (_, place) = self.place();
        let port = place.rsplit(':').next().unwrap_or_default();
        let folder = self.folder().display().to_string();
        eventually("PostgreSQL starts again", PATIENCE, || {
            services(&["postgres", &folder, port])
        });
    }

    fn folder(&self) -> &Path {
        self.own.as_ref().expect("a server of its own").path()
    }

    /// The user, and host and port.
    fn place(&self) -> (&str, &str) {
        let rest = self.server.split_once("://").expect("a URL").1;
        let (user, rest) = rest.split_once('@').expect("a user before @");
        (user, rest.split_once('/').map_or(rest, |(place, _)| place))
    }

    fn psql(&self, database: &str, statements: &str) -> Output {
        let (user, place) = self.place();
        let (host, port) = place.split_once(':').unwrap_or((place, "5432"));
        let database = if database.is_empty() {
            "postgres"
        } else {
            database
        };
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        command.args(["-h", host, "-p", port, "-U", user, "-d", database]);
        let output = command.args(["-c", statements]).output();
        output.expect("psql is installed")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        match &self.own {
            Some(folder) => drop(services(&["stop", &folder.path().display().to_string()])),
            None => {
                let drop_it = format!("DROP DATABASE {} WITH (FORCE)", self.name);
                drop(self.psql("", &drop_it));
            }
        }
    }
}

/// What `scripts/services` prints; `None` when it fails.
fn services(arguments: &[&str]) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services");
    let output = Command::new(script).args(arguments).output();
    let output = output.expect("scripts/services runs");
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(said)
}

/// A number that is another each time.
fn random(salt: &str) -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(salt)
}
