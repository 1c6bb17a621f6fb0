//! What tests of data stand on: a node, its links, and databases of their own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use peerflow_tests::{Api, Node, NodeBuilder, eventually, is_alive, within};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than any of these workflows takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node in a folder of its own.
pub(crate) struct Stage {
    node: Option<Node>,
    folder: TempDir,
}

impl Stage {
    /// Starts the node.
    pub(crate) fn start() -> Self {
        Self::with(|builder| builder)
    }

    /// Starts it with further settings.
    pub(crate) fn with(set: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let node = set(NodeBuilder::new(folder.path())).start();
        Self {
            node: Some(node),
            folder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the folder can be written");
        path
    }

    pub(crate) fn node(&self) -> &Node {
        self.node.as_ref().expect("the node runs")
    }

    pub(crate) fn api(&self) -> &Api {
        &self.node().api
    }

    /// `kill -9`, then the same node again.
    pub(crate) fn kill_and_start_again(&mut self) {
        let node = self.node.take().expect("the node runs");
        self.node = Some(node.kill_and_start_again());
    }

    /// Takes the node out, to stop it.
    pub(crate) fn take(&mut self) -> Node {
        self.node.take().expect("the node runs")
    }

    /// Adds a link of `db` or `file`.
    pub(crate) fn link(&self, kind: &str, link: &Value) {
        let added = self.api().post(&format!("/api/v1/links/{kind}"), link);
        assert_eq!(added.status, 201, "{link}: {}", added.text);
    }

    /// Registers a workflow of one action and begins to run it.
    pub(crate) fn begin(&self, name: &str, action: &str, attributes: &str) -> String {
        self.api()
            .put_workflow(name, &workflow(name, action, attributes));
        self.run(name, &json!({}))
    }

    /// Begins to run a workflow; gives the instance's id.
    pub(crate) fn run(&self, name: &str, params: &Value) -> String {
        let run = || self.api().try_run_with(name, params);
        eventually("the run is acknowledged", PATIENCE, run)
    }

    /// The instance, if it has ended.
    pub(crate) fn ended(&self, id: &str) -> Option<Value> {
        let ended = |instance: &Value| !instance["ended_at"].is_null();
        self.api().try_instance(id).filter(ended)
    }

    /// The instance, once it has ended.
    pub(crate) fn wait(&self, id: &str) -> Value {
        let ended = within(PATIENCE, || self.ended(id));
        ended.unwrap_or_else(|| panic!("{id} does not end:\n{}", self.told(id)))
    }

    /// Runs a workflow of one action to its end.
    pub(crate) fn finish(&self, name: &str, action: &str) -> Value {
        self.wait(&self.begin(name, action, ""))
    }

    /// What the API says of an instance and its log, for searching and for messages.
    pub(crate) fn told(&self, id: &str) -> String {
        let instance = self.api().get(&format!("/api/v1/instances/{id}")).text;
        format!("{instance}\n{}", self.log(id))
    }

    /// Its log.
    pub(crate) fn log(&self, id: &str) -> String {
        self.api().get(&format!("/api/v1/instances/{id}/log")).text
    }

    /// Asks the node to kill an instance.
    pub(crate) fn kill(&self, id: &str) {
        let path = format!("/api/v1/instances/{id}/kill");
        let answer = self.api().post(&path, &json!({}));
        // One that has ended meanwhile cannot be killed any more.
        assert!(matches!(answer.status, 200 | 404), "{}", answer.text);
    }
}

/// A workflow of one action.
pub(crate) fn workflow(name: &str, action: &str, attributes: &str) -> String {
    format!(
        r#"<work-flow name="{name}"><start name="s" to="a"/><action name="a" {attributes}>{action}<ok to="e"/></action><end name="e"/></work-flow>"#
    )
}

/// What the only step of an instance says.
pub(crate) fn message(instance: &Value) -> String {
    let steps = instance["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["name"] == "a");
    let step = step.expect("the step was reached");
    step["message"].as_str().unwrap_or_default().to_owned()
}

/// The arguments of all processes, as `ps` shows them to everybody.
pub(crate) fn process_list() -> String {
    let output = Command::new("ps").args(["axww", "-o", "args"]).output();
    text(&output.expect("ps is installed"))
}

/// A link to a MariaDB or MySQL database at `mysql://user@host:port/name`.
pub(crate) fn mariadb_link(name: &str, url: &str) -> Value {
    let rest = url.strip_prefix("mysql://").expect("an address of MySQL");
    let (user, place) = rest.split_once('@').expect("a user before @");
    json!({"name": name, "type": "MYSQL", "jdbc_url": format!("jdbc:mysql://{place}"), "username": user})
}

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
pub(crate) fn services(arguments: &[&str]) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services");
    let output = Command::new(script).args(arguments).output();
    let output = output.expect("scripts/services runs");
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(said)
}

/// Runs a command with this on its standard input.
pub(crate) fn fed(command: &mut Command, input: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(err)
}

/// Does it, and tells how long that took.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a user waits, in real time"
)]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    (work(), start.elapsed())
}

/// A number that is another each time.
fn random(salt: &str) -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(salt)
}
