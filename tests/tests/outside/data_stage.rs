//! What tests of data stand on: a node, its links and its workflows.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use peerflow_tests::{Api, Node, NodeBuilder, eventually, within};
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

/// Runs a command with this on its standard input.
pub(crate) fn fed(command: &mut Command, input: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// What a command printed.
pub(crate) fn text(output: &Output) -> String {
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
