//! A node in this process whose tasks are no processes: they do nothing, or wait until they are killed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_actions::{KillSignal, LogSink, Task, TaskEnd, TaskResult, TaskRunner};
use peerflow_engine::{Expected, Origin, Request};
use peerflow_node::{
    Clock, Config, ConfigOverrides, NodeHandle, SchedulerHandle, Seams, SystemClock, start_with,
};
use peerflow_tests::Database;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::raw_rows::RawRows;

/// Requests that are on their way at once.
const IN_FLIGHT: usize = 500;
/// Longest wait for anything.
const BOUND: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(5);

/// Tasks of workflows whose name begins with `hold` run until they are killed; others end as soon as they begin.
#[derive(Debug)]
struct IdleTasks {
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl TaskRunner for IdleTasks {
    async fn run(
        &self,
        task: Task,
        _log: Arc<dyn LogSink>,
        mut kill: KillSignal,
        started: Box<dyn FnOnce(Timestamp) + Send>,
    ) -> TaskEnd {
        let began = self.clock.now();
        started(began);
        let mut result = TaskResult::Succeeded;
        if task.workflow.name.as_str().starts_with("hold") {
            // The sender goes only with the worker.
            drop(kill.wait_for(Option::is_some).await);
            result = TaskResult::Killed;
        }
        TaskEnd {
            result,
            exit_code: None,
            message: String::new(),
            started_at: Some(began),
            ended_at: self.clock.now(),
            readings: Vec::new(),
            warning: None,
        }
    }
}

/// Where a node of this process keeps everything: its folder and, for MariaDB, a database of its own.
pub(crate) struct Place {
    pub(crate) store: &'static str,
    pub(crate) folder: TempDir,
    pub(crate) database: Option<Database>,
}

impl Place {
    /// One of each store, one after the other.
    pub(crate) fn each(mut body: impl FnMut(&Self)) {
        for store in ["SQLite", "MariaDB"] {
            body(&Self {
                store,
                folder: tempfile::tempdir().expect("a temporary folder"),
                database: (store == "MariaDB").then(Database::new),
            });
        }
    }

    /// The store's address, as a node's configuration has it; empty for the embedded one.
    pub(crate) fn store_url(&self) -> String {
        self.database
            .as_ref()
            .map(Database::url)
            .unwrap_or_default()
    }

    /// A floor in the same place.
    pub(crate) async fn raw_rows(&self) -> RawRows {
        match &self.database {
            Some(database) => RawRows::mysql(&database.url()).await,
            None => RawRows::sqlite(self.folder.path()).await,
        }
    }

    /// A node with `slots`; HTTP on a free port.
    pub(crate) fn node(&self, slots: usize, clock: Arc<dyn Clock>) -> IdleNode {
        let runtime = Runtime::new().expect("a runtime");
        let node = runtime.block_on(async {
            let seams = Seams {
                runner: Some(Arc::new(IdleTasks {
                    clock: Arc::clone(&clock),
                })),
                clock: Some(clock),
                ..Seams::default()
            };
            let config = config(self.folder.path(), slots, &self.store_url());
            let node = start_with(config, seams).await.expect("the node starts");
            let is_ready = node.ready(BOUND).await;
            assert!(is_ready, "{:?}", node.scheduler().state());
            node
        });
        IdleNode { runtime, node }
    }
}

/// As the processes of other rows are configured, so that one of them can go on where this one stops.
fn config(folder: &Path, slots: usize, store: &str) -> Config {
    let data_dir = folder.join("data").display().to_string();
    let settings = [
        ("NODE__DATA_DIR", data_dir.as_str()),
        ("NODE__TIMEZONE", "UTC"),
        ("NODE__SLOTS", &slots.to_string()),
        ("STORE__URL", store),
        ("HTTP__LISTEN", "127.0.0.1:0"),
        ("LOG__DIR", ""),
        ("XML_LOADER__WORKFLOW_DIR", ""),
        ("WORKER__DRAIN", "0s"),
    ]
    .map(|(key, value)| (format!("PEERFLOW__{key}"), value.to_owned()));
    Config::load(None, settings, &ConfigOverrides::default()).expect("the configuration is good")
}

/// A node whose tasks do nothing, and what it runs on.
pub(crate) struct IdleNode {
    pub(crate) runtime: Runtime,
    pub(crate) node: NodeHandle,
}

impl IdleNode {
    /// A node by the system's clock.
    pub(crate) fn at(place: &Place, slots: usize) -> Self {
        place.node(slots, Arc::new(SystemClock))
    }

    /// Registers documents.
    pub(crate) fn put(&self, documents: impl IntoIterator<Item = String>) {
        self.ask_all(documents.into_iter().map(|xml| Request::PutDocument {
            xml: xml.into(),
            files: Vec::new(),
            origin: Origin::Person,
            expected: Expected::Anything,
            sent: None,
        }));
    }

    /// Makes an instance of each of these workflows, which may come several times.
    pub(crate) fn run(&self, workflows: impl IntoIterator<Item = String>) {
        self.ask_all(workflows.into_iter().map(|name| Request::Run {
            workflow: name.into(),
            params: [].into(),
        }));
    }

    fn ask_all(&self, requests: impl Iterator<Item = Request>) {
        self.runtime.block_on(async {
            let mut asked = JoinSet::new();
            for request in requests {
                if asked.len() >= IN_FLIGHT {
                    asked.join_next().await;
                }
                asked.spawn(ask(self.node.scheduler().clone(), request));
            }
            asked.join_all().await;
        });
    }

    /// A meter by its name, with its labels where it has some.
    pub(crate) fn meter(&self, name: &str) -> f64 {
        let text = self.node.metrics().render();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_else(|| panic!("no meter is called {name}:\n{text}"))
    }

    /// Runs that are over, durably, in this node's life.
    pub(crate) fn ended(&self) -> f64 {
        ["succeeded", "failed", "killed"]
            .map(|outcome| {
                self.meter(&format!(
                    r#"peerflow_instances_ended_total{{outcome="{outcome}"}}"#
                ))
            })
            .iter()
            .sum()
    }

    /// Runs that were made, durably, in this node's life.
    pub(crate) fn made(&self) -> f64 {
        let open = ["waiting", "running"]
            .map(|status| self.meter(&format!(r#"peerflow_instances{{status="{status}"}}"#)));
        open.iter().sum::<f64>() + self.ended()
    }

    /// Waits until a figure of the node is at least `least`.
    pub(crate) fn until(&self, what: &str, least: f64, figure: impl Fn(&Self) -> f64) {
        let reached = self.runtime.block_on(async {
            let wait = async {
                while figure(self) < least {
                    tokio::time::sleep(POLL).await;
                }
            };
            tokio::time::timeout(BOUND, wait).await.is_ok()
        });
        assert!(
            reached,
            "waited in vain for {what}: {} of {least}",
            figure(self)
        );
    }

    /// Stops it; what ran is left in the store as the next life finds it.
    pub(crate) fn stop(self) {
        self.runtime.block_on(self.node.stop());
    }
}

async fn ask(scheduler: SchedulerHandle, request: Request) {
    scheduler
        .ask(request, None)
        .await
        .expect("the request is granted");
}
