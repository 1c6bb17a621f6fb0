//! What a test needs to run tasks: a spawner on a directory of its own, and a runner whose surroundings are in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_actions::{
    ActionRunner, Files, Links, LogSink, Mailer, OutgoingMail, RunnerParts, Spawner,
    SpawnerOptions, Task, TaskEnd, TaskLimits, TaskRunner, WallClock,
};
use peerflow_files::{FileSystem, Local};
use peerflow_model::{
    AttemptId, ContentHash, FileRecord, InstanceId, LogLevel, LogLine, RunId, VisitId,
};
use peerflow_rows::Database;
use peerflow_workflow::{
    Action, Backoff, Command, DatabaseLink, Host, LogicalTime, OnPartition, Script, Step,
    StepIndex, StepKind, Work, Workflow,
};
use tokio::sync::watch;

/// How long a condition may take to come true.
const BOUND: Duration = Duration::from_secs(30);

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        tokio::time::timeout(BOUND, waiting).await.is_ok(),
        "never came true: {what}"
    );
}

/// Whether a process lives: neither gone nor merely unreaped.
pub(crate) fn lives(pid: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// A log in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog(pub(crate) Mutex<Vec<LogLine>>);

#[async_trait]
impl LogSink for MemoryLog {
    async fn write(&self, lines: Vec<LogLine>) {
        self.0.lock().unwrap().extend(lines);
    }
}

impl MemoryLog {
    pub(crate) fn texts(&self, level: LogLevel) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines
            .iter()
            .filter(|line| line.level == level)
            .map(|line| line.text.clone())
            .collect()
    }
}

/// Files in memory, and files to be found by path.
#[derive(Debug, Default)]
pub(crate) struct MemoryFiles {
    pub(crate) contents: BTreeMap<ContentHash, Vec<u8>>,
    pub(crate) found: BTreeMap<String, PathBuf>,
}

#[async_trait]
impl Files for MemoryFiles {
    async fn fetch(&self, hash: ContentHash, to: &Path) -> Result<(), String> {
        let content = self.contents.get(&hash).ok_or("nobody has it")?;
        std::fs::write(to, content).map_err(|error| error.to_string())
    }

    async fn find(&self, _task: &Task, path: &str) -> Result<Option<PathBuf>, String> {
        Ok(self.found.get(path).cloned())
    }
}

/// What becomes of mail.
#[derive(Debug, Default)]
pub(crate) struct MemoryMailer {
    pub(crate) sent: Mutex<Vec<OutgoingMail>>,
    pub(crate) refusal: Option<String>,
    pub(crate) hangs: bool,
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, message: OutgoingMail) -> Result<(), String> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        self.sent.lock().unwrap().push(message);
        Ok(())
    }
}

/// Links by name: `local` and what a test adds. A connection written inline is found by its URL.
#[derive(Debug, Default)]
pub(crate) struct MemoryLinks {
    pub(crate) databases: BTreeMap<String, Arc<dyn Database>>,
    pub(crate) files: BTreeMap<String, Arc<dyn FileSystem>>,
}

#[async_trait]
impl Links for MemoryLinks {
    async fn database(&self, link: &DatabaseLink) -> Result<Arc<dyn Database>, String> {
        let name = match link {
            DatabaseLink::Named(name) => name,
            DatabaseLink::Inline(inline) => &inline.jdbc_url,
        };
        let found = self.databases.get(name).cloned();
        found.ok_or_else(|| format!("there is no database link `{name}`"))
    }

    async fn files(&self, link: &str) -> Result<Arc<dyn FileSystem>, String> {
        if let Some(found) = self.files.get(link) {
            return Ok(Arc::clone(found));
        }
        if link == "local" {
            return Ok(Arc::new(Local));
        }
        Err(format!("there is no file link `{link}`"))
    }
}

/// How a stage is set up.
#[derive(Debug, Default)]
pub(crate) struct Setting {
    pub(crate) files: MemoryFiles,
    pub(crate) mailer: MemoryMailer,
    pub(crate) links: MemoryLinks,
    pub(crate) log_limit: Option<u64>,
    pub(crate) log_tail: Option<u64>,
    pub(crate) kill_grace: Option<Duration>,
    /// Content of a profile.
    pub(crate) profile: Option<&'static str>,
}

/// A runner with its surroundings.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) root: tempfile::TempDir,
    pub(crate) runner: Arc<ActionRunner>,
    pub(crate) mailer: Arc<MemoryMailer>,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) limits: TaskLimits,
}

/// Options for a spawner of `data_dir`.
pub(crate) fn spawner_options(data_dir: &Path) -> SpawnerOptions {
    SpawnerOptions {
        program: env!("CARGO_BIN_EXE_spawner-process").into(),
        ..SpawnerOptions::new(data_dir).unwrap()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no node whose clock to use"
)]
fn clock() -> WallClock {
    WallClock::new(Timestamp::now)
}

impl Setting {
    /// With one database, under the link `db`.
    pub(crate) fn with_database(database: Arc<dyn Database>) -> Self {
        let mut setting = Self::default();
        setting.links.databases.insert("db".to_owned(), database);
        setting
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    pub(crate) async fn with(setting: Setting) -> Self {
        let root = tempfile::tempdir().unwrap();
        let profile = setting.profile.map(|content| {
            let path = root.path().join("profile.sh");
            std::fs::write(&path, content).unwrap();
            path
        });
        let limits = TaskLimits {
            kill_grace: setting.kill_grace.unwrap_or(Duration::from_secs(10)),
            log_limit: setting.log_limit.unwrap_or(64 << 20),
            log_tail: setting.log_tail.unwrap_or(1 << 20),
            profile,
            work_dir: root.path().join("work"),
        };
        let spawner = Spawner::start(spawner_options(&root.path().join("data")))
            .await
            .unwrap();
        let mailer = Arc::new(setting.mailer);
        let runner = ActionRunner::new(RunnerParts {
            limits: limits.clone(),
            files: Arc::new(setting.files),
            links: Arc::new(setting.links),
            mailer: Arc::clone(&mailer) as Arc<dyn Mailer>,
            spawner,
            clock: clock(),
        });
        let runner = Arc::new(runner.unwrap());
        Self {
            root,
            runner,
            mailer,
            log: Arc::default(),
            limits,
        }
    }

    pub(crate) fn spawner(&self) -> &Spawner {
        self.runner.spawner()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Runs a task to its end.
    pub(crate) async fn run(&self, task: Task) -> TaskEnd {
        let (_kill, signal) = watch::channel(None);
        self.run_with(task, signal).await
    }

    pub(crate) async fn run_with(
        &self,
        task: Task,
        kill: watch::Receiver<Option<String>>,
    ) -> TaskEnd {
        let log = Arc::clone(&self.log) as Arc<dyn LogSink>;
        self.runner.run(task, log, kill, Box::new(|_at| {})).await
    }

    /// Runs a task that is killed once `condition` holds.
    pub(crate) async fn kill_once(&self, task: Task, condition: impl Fn() -> bool) -> TaskEnd {
        let (kill, signal) = watch::channel(None);
        let killing = async {
            until("the task is to be killed", condition).await;
            kill.send_replace(Some("stop".to_owned()));
        };
        tokio::join!(self.run_with(task, signal), killing).0
    }

    /// Runs a shell command to its end.
    pub(crate) async fn shell(&self, command: &str) -> TaskEnd {
        self.run(shell(command)).await
    }

    pub(crate) fn output(&self) -> Vec<String> {
        self.log.texts(LogLevel::Info)
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.log.texts(LogLevel::Error)
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.log.texts(LogLevel::Warn)
    }

    /// What lies where working directories are made, but for the empty ones that wait to be used again.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.limits.work_dir).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.starts_with(".spare.")).collect()
    }

    /// The number that a task has written into a file, once it has.
    pub(crate) async fn number_in(&self, name: &str) -> i32 {
        let path = self.path(name);
        let read = || -> Option<i32> {
            let text = std::fs::read_to_string(&path).ok()?;
            text.strip_suffix('\n')?.trim().parse().ok()
        };
        until(&format!("{} holds a number", path.display()), || {
            read().is_some()
        })
        .await;
        read().unwrap()
    }
}

/// A task that does `work`.
pub(crate) fn task(work: Work) -> Task {
    let action = Action {
        ok: StepIndex(2),
        error: None,
        host: Host::Any,
        labels: Default::default(),
        retry_times: 0,
        interval: Duration::ZERO,
        backoff: Backoff::Fixed,
        timeout: None,
        ignore: false,
        on_partition: OnPartition::Wait,
        work,
    };
    let step = |name: &str, kind| Step {
        name: name.into(),
        description: String::new(),
        kind,
        place: Default::default(),
    };
    let workflow = Workflow {
        name: "工作流 \"1\"".into(),
        creator: "test".into(),
        dir: "/test".into(),
        description: String::new(),
        mail_level: Default::default(),
        mail_receivers: vec!["a@example.org".into(), "b@example.org".into()],
        instance_limit: 1,
        create_time: None,
        timezone: None,
        priority: 0,
        coordinator: None,
        steps: vec![
            step("start", StepKind::Start { to: StepIndex(1) }),
            step("做 <it>", StepKind::Action(Box::new(action))),
            step("end", StepKind::End),
        ],
        start: StepIndex(0),
    };
    let run = RunId {
        instance: InstanceId::from("0abcdefghjkmnpqr"),
        run: 1,
    };
    let visit = VisitId {
        run,
        step: "做 <it>".into(),
        visit: 1,
    };
    Task {
        attempt: AttemptId { visit, attempt: 2 },
        workflow: Arc::new(workflow),
        step: StepIndex(1),
        params: Arc::default(),
        logical_time: LogicalTime {
            instant: Timestamp::UNIX_EPOCH,
            zone: TimeZone::UTC,
        },
        timeout: None,
        definition: ContentHash::of(b"workflow"),
        files: Arc::from([]),
    }
}

pub(crate) fn shell(command: &str) -> Task {
    task(Work::Shell(Command(command.to_owned())))
}

pub(crate) fn script(code: &str, arguments: &str) -> Task {
    task(Work::Script(Script {
        code: code.to_owned(),
        arguments: arguments.to_owned(),
        attachments: Vec::new(),
    }))
}

/// The task with a changed action.
pub(crate) fn with_action(mut task: Task, change: impl FnOnce(&mut Action)) -> Task {
    let workflow = Arc::make_mut(&mut task.workflow);
    let StepKind::Action(action) = &mut workflow.steps[1].kind else {
        unreachable!()
    };
    change(action);
    task
}

pub(crate) fn with_params<const N: usize>(mut task: Task, params: [(&str, &str); N]) -> Task {
    let owned = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    task.params = Arc::new(BTreeMap::from(owned));
    task
}

pub(crate) fn record(path: &str, content: &[u8], executable: bool) -> FileRecord {
    FileRecord {
        path: path.to_owned(),
        hash: ContentHash::of(content),
        size: content.len() as u64,
        executable,
    }
}
