//! What the tests share.

mod clock;
mod flaky;
mod night;
mod runner;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peerflow_engine::{Answer, Expected, Origin, Request};
use peerflow_model::{ActiveRun, InstanceId, Visit, VisitStatus};
use peerflow_node::{AskError, Config, ConfigOverrides, NodeHandle, Seams, start_with};
use tempfile::TempDir;

pub(crate) use flaky::{Fault, FlakyStore};
pub(crate) use night::{Kept, Night};
pub(crate) use runner::ScriptedRunner;

/// Longest wait for anything.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// One step that does `code` and an end.
pub(crate) fn one_step(name: &str, code: &str) -> String {
    format!(
        r#"<work-flow name="{name}" instance-limit="100">
             <start name="start" to="work"/>
             <action name="work"><script><code>{code}</code></script><ok to="end"/></action>
             <end name="end"/>
           </work-flow>"#
    )
}

/// A node with its directory.
pub(crate) struct TestNode {
    pub(crate) node: NodeHandle,
    pub(crate) runner: Arc<ScriptedRunner>,
}

impl TestNode {
    /// On SQLite in `dir`, which keeps its state over restarts.
    pub(crate) async fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[], Seams::default()).await
    }

    /// With configuration as in the environment, such as `("WORKER__DRAIN", "1s")`.
    pub(crate) async fn start_with(dir: &Path, settings: &[(&str, &str)], seams: Seams) -> Self {
        show_log();
        let runner = Arc::new(ScriptedRunner::default());
        let seams = Seams {
            runner: Some(Arc::clone(&runner) as _),
            ..seams
        };
        let node = start_with(config(dir, settings), seams)
            .await
            .expect("the node starts");
        assert!(node.ready(BOUND).await, "{:?}", node.scheduler().state());
        Self { node, runner }
    }

    /// Registers a document.
    pub(crate) async fn put(&self, xml: &str) -> Result<Answer, AskError> {
        let request = Request::PutDocument {
            xml: xml.into(),
            files: Vec::new(),
            origin: Origin::Person,
            expected: Expected::Anything,
            sent: None,
        };
        self.node.scheduler().ask(request, None).await
    }

    /// Runs a workflow once.
    pub(crate) async fn run(&self, workflow: &str) -> InstanceId {
        let answer = self.node.scheduler().ask(run_request(workflow), None).await;
        instances(answer.expect("the workflow runs")).remove(0)
    }

    /// The run once it is over.
    pub(crate) async fn ended(&self, instance: &InstanceId) -> ActiveRun {
        self.until(instance, |run| run.instance.status.is_final())
            .await
    }

    /// The run once `is_met`.
    pub(crate) async fn until(
        &self,
        instance: &InstanceId,
        is_met: impl Fn(&ActiveRun) -> bool,
    ) -> ActiveRun {
        let mut events = self.node.events().subscribe();
        let store = self.node.store();
        let wait = async {
            loop {
                if let Ok(Some(run)) = store.run(instance, None).await
                    && is_met(&run)
                {
                    return run;
                }
                // An event missed while reading, or a store that is back, is noticed soon all the same.
                drop(tokio::time::timeout(Duration::from_millis(100), events.recv()).await);
            }
        };
        tokio::time::timeout(BOUND, wait)
            .await
            .expect("the run comes so far in time")
    }
}

/// Writes what the nodes log to the terminal where `RUST_LOG` says of what, for whoever looks for a fault.
fn show_log() {
    if let Ok(filter) = std::env::var("RUST_LOG") {
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer();
        // An earlier test of this process has set it up already.
        drop(log.try_init());
    }
}

/// The configuration of a node in `dir`.
pub(crate) fn config(dir: &Path, settings: &[(&str, &str)]) -> Config {
    let data_dir = dir.join("data").display().to_string();
    let own = [
        ("NODE__DATA_DIR", data_dir.as_str()),
        ("NODE__ID", "tester"),
        ("NODE__SLOTS", "8"),
        ("NODE__TIMEZONE", "UTC"),
        ("HTTP__LISTEN", "127.0.0.1:0"),
        ("LOG__DIR", ""),
        ("XML_LOADER__WORKFLOW_DIR", ""),
        ("LINKS__DB_FILE", ""),
        ("LINKS__FILE_FILE", ""),
        ("WORKER__DRAIN", "0s"),
    ];
    let all: BTreeMap<String, String> = own
        .iter()
        .chain(settings)
        .map(|(key, value)| (format!("PEERFLOW__{key}"), (*value).to_owned()))
        .collect();
    Config::load(None, all, &ConfigOverrides::default()).expect("the configuration is good")
}

pub(crate) fn temp_dir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

pub(crate) fn run_request(workflow: &str) -> Request {
    Request::Run {
        workflow: workflow.into(),
        params: BTreeMap::new(),
    }
}

pub(crate) fn trigger_request(workflow: &str) -> Request {
    Request::Trigger {
        workflow: workflow.into(),
        blood: false,
        skip: BTreeSet::new(),
    }
}

pub(crate) fn instances(answer: Answer) -> Vec<InstanceId> {
    match answer {
        Answer::Instances(ids) => ids,
        other => panic!("not an answer with instances: {other:?}"),
    }
}

/// The visit of a step.
pub(crate) fn visit<'r>(run: &'r ActiveRun, step: &str) -> &'r Visit {
    let found = run
        .visits
        .iter()
        .find(|visit| visit.id.step.as_str() == step);
    found.unwrap_or_else(|| panic!("no visit of {step} in {run:?}"))
}

/// Whether the step's task has begun. A step runs already when its task is on the way to the worker, which refuses it
/// when it is stopping.
pub(crate) fn is_running(run: &ActiveRun, step: &str) -> bool {
    run.visits.iter().any(|visit| {
        visit.id.step.as_str() == step
            && visit.status == VisitStatus::Running
            && visit.started_at.is_some()
    })
}

/// Starts a node where another one was dropped without a stop, as soon as that one's last task is gone.
pub(crate) async fn start_when_free(dir: &Path) -> TestNode {
    let free = async {
        loop {
            let data_dir = dir.join("data").join("node.lock");
            let file = std::fs::File::open(data_dir).expect("the lock's file");
            if file.try_lock().is_ok() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, free)
        .await
        .expect("the directory is free in time");
    TestNode::start(dir).await
}
