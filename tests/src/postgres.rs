//! PostgreSQL: databases of a test's own on the shared server.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the test server is: `postgres://user@host:port/database`.
fn test_server_url() -> String {
    std::env::var("PEERFLOW_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// A database of a test's own, dropped with it.
#[derive(Debug)]
pub struct PostgresDatabase {
    server: String,
    name: String,
}

impl PostgresDatabase {
    /// A new database on the shared server.
    ///
    /// # Panics
    /// When the server does not make it: is it running? `make test` starts one.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "peerflow_e2e_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let server = test_server_url();
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        run(client(&server).args(["-c", &create]));
        Self { server, name }
    }

    /// Its URL as psql takes it.
    fn url(&self) -> String {
        let (server, _) = self
            .server
            .rsplit_once('/')
            .expect("an address as postgres://user@host:port/database");
        format!("{server}/{}", self.name)
    }

    /// Its URL as a link has it.
    ///
    /// # Panics
    /// When the server's URL names no user.
    pub fn jdbc_url(&self) -> String {
        let url = self.url();
        let (_, place) = url.split_once('@').expect("a user before @");
        format!("jdbc:postgresql://{place}")
    }

    /// Who uses it.
    ///
    /// # Panics
    /// When the server's URL names no user.
    pub fn user(&self) -> &str {
        let rest = self.server.split_once("//").map_or("", |(_, rest)| rest);
        rest.split_once('@').expect("a user before @").0
    }

    /// The server's client, told to stop at the first error.
    pub fn client(&self) -> Command {
        client(&self.url())
    }

    /// Runs statements in it and gives what the client prints.
    pub fn query(&self, statements: &str) -> String {
        run(self.client().args(["-A", "-t", "-c", statements]))
    }
}

impl Default for PostgresDatabase {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let drop_it = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The server may be stopped already.
        drop(client(&self.server).args(["-c", &drop_it]).output());
    }
}

fn client(url: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", url]);
    command
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("psql is installed");
    assert!(
        output.status.success(),
        "psql: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
