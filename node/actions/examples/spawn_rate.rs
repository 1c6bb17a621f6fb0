//! How fast tasks run, beside raw processes that do the same: `cargo run --release -p peerflow-actions --example spawn_rate`.
//!
//! With the argument `profile` it only runs tasks, sixteen at a time, for a profiler to look at. Otherwise it
//! prints, for each of five rounds, tasks a second with sixteen at a time, the time of forty in a row, and how many
//! megabytes of a task's output a second are taken in once its log limit is reached.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_actions::{
    ActionRunner, BootTime, Files, Links, LogSink, Mailer, OutgoingMail, RunnerParts,
    SPAWNER_ARGUMENT, Spawner, SpawnerOptions, Task, TaskLimits, TaskResult, TaskRunner, WallClock,
    spawner_main,
};
use peerflow_files::FileSystem;
use peerflow_model::{AttemptId, ContentHash, LogLine, RunId, VisitId};
use peerflow_rows::Database;
use peerflow_workflow::{
    Action, Backoff, DatabaseLink, Host, LogicalTime, OnPartition, Script, Step, StepIndex,
    StepKind, Work, Workflow,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CODE: &str = "echo one\necho two >&2\n";
const PARALLEL: usize = 16;
const TASKS: usize = 2_000;
const CHAIN: usize = 40;
const FLOOD_MEGABYTES: u32 = 2_000;

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|it| it == SPAWNER_ARGUMENT)
    {
        return spawner_main();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let directory = tempfile::tempdir().expect("a directory for the measurement");
    let runtime = runtime.expect("a runtime");
    let runner = runtime.block_on(runner(directory.path()));
    if std::env::args_os().nth(1).is_some_and(|it| it == "profile") {
        for _ in 0..5 {
            println!("{:.0}/s", runtime.block_on(rate(&runner)));
        }
        return ExitCode::SUCCESS;
    }
    println!("round  raw/s  runner/s  ratio   raw chain  runner chain  ratio   log MB/s");
    for round in 1..=5 {
        let raw = raw_rate(directory.path());
        let ours = runtime.block_on(rate(&runner));
        let raw_chain = raw_chain(directory.path());
        let chain = runtime.block_on(chain(&runner));
        let flood = runtime.block_on(flood(&runner));
        println!(
            "{round:5}  {raw:5.0}  {ours:8.0}  {:5.2}   {:6.1} ms     {:6.1} ms  {:6.2}   {flood:8.0}",
            ours / raw,
            raw_chain.as_secs_f64() * 1e3,
            chain.as_secs_f64() * 1e3,
            chain.as_secs_f64() / raw_chain.as_secs_f64(),
        );
    }
    ExitCode::SUCCESS
}

fn raw(file: &Path) {
    let mut child = Command::new("/bin/bash")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash starts");
    let mut text = Vec::new();
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    stdout.as_mut().map(|it| it.read_to_end(&mut text));
    stderr.as_mut().map(|it| it.read_to_end(&mut text));
    assert!(child.wait().is_ok_and(|exit| exit.success()) && text.len() == 8);
}

fn script_file(directory: &Path) -> PathBuf {
    let file = directory.join("raw.sh");
    std::fs::write(&file, CODE).expect("the script is written");
    file
}

fn raw_rate(directory: &Path) -> f64 {
    let file = script_file(directory);
    let next = AtomicUsize::new(0);
    let begin = BootTime::now();
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < TASKS {
                    raw(&file);
                }
            });
        }
    });
    TASKS as f64 / BootTime::now().since(begin).as_secs_f64()
}

fn raw_chain(directory: &Path) -> Duration {
    let file = script_file(directory);
    let begin = BootTime::now();
    (0..CHAIN).for_each(|_| raw(&file));
    BootTime::now().since(begin)
}

async fn run(runner: &ActionRunner, code: &str) {
    let (_kill, signal) = watch::channel(None);
    let end = runner
        .run(task(code), Arc::new(Nowhere), signal, Box::new(|_at| {}))
        .await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
}

async fn rate(runner: &Arc<ActionRunner>) -> f64 {
    let next = Arc::new(AtomicUsize::new(0));
    let begin = BootTime::now();
    let mut workers = JoinSet::new();
    for _ in 0..PARALLEL {
        let (runner, next) = (Arc::clone(runner), Arc::clone(&next));
        workers.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < TASKS {
                run(&runner, CODE).await;
            }
        });
    }
    workers.join_all().await;
    TASKS as f64 / BootTime::now().since(begin).as_secs_f64()
}

async fn chain(runner: &ActionRunner) -> Duration {
    let begin = BootTime::now();
    for _ in 0..CHAIN {
        run(runner, CODE).await;
    }
    BootTime::now().since(begin)
}

async fn flood(runner: &ActionRunner) -> f64 {
    let begin = BootTime::now();
    let code =
        format!("yes 'a line of some forty characters, again' | head -c {FLOOD_MEGABYTES}000000");
    run(runner, &code).await;
    f64::from(FLOOD_MEGABYTES) / BootTime::now().since(begin).as_secs_f64()
}

async fn runner(directory: &Path) -> Arc<ActionRunner> {
    let options = SpawnerOptions::new(directory.join("data")).expect("the program has a path");
    let spawner = Spawner::start(options).await.expect("the spawner starts");
    let limits = TaskLimits {
        kill_grace: Duration::from_secs(10),
        log_limit: 1 << 20,
        log_tail: 1 << 20,
        profile: None,
        work_dir: directory.join("work"),
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement has no node whose clock to use"
    )]
    let clock = WallClock::new(Timestamp::now);
    let files = Arc::new(Nowhere);
    let mailer = Arc::new(Nowhere);
    let runner = ActionRunner::new(RunnerParts {
        limits,
        files,
        links: Arc::new(Nowhere),
        mailer,
        spawner,
        clock,
    });
    Arc::new(runner.expect("the working directory is made"))
}

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Links for Nowhere {
    async fn database(&self, _link: &DatabaseLink) -> Result<Arc<dyn Database>, String> {
        Err("there are no links here".to_owned())
    }

    async fn files(&self, _link: &str) -> Result<Arc<dyn FileSystem>, String> {
        Err("there are no links here".to_owned())
    }
}

#[async_trait]
impl LogSink for Nowhere {
    async fn write(&self, _lines: Vec<LogLine>) {}
}

#[async_trait]
impl Files for Nowhere {
    async fn fetch(&self, _hash: ContentHash, _to: &Path) -> Result<(), String> {
        Err("there are no files".into())
    }

    async fn find(&self, _task: &Task, _path: &str) -> Result<Option<PathBuf>, String> {
        Ok(None)
    }
}

#[async_trait]
impl Mailer for Nowhere {
    async fn send(&self, _message: OutgoingMail) -> Result<(), String> {
        Err("there is no mail".into())
    }
}

fn task(code: &str) -> Task {
    let work = Work::Script(Script {
        code: code.to_owned(),
        arguments: String::new(),
        attachments: Vec::new(),
    });
    let action = Action {
        ok: StepIndex(1),
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
        name: "rate".into(),
        creator: String::new(),
        dir: "/".into(),
        description: String::new(),
        mail_level: Default::default(),
        mail_receivers: Vec::new(),
        instance_limit: 1,
        create_time: None,
        timezone: None,
        priority: 0,
        coordinator: None,
        steps: vec![
            step("work", StepKind::Action(Box::new(action))),
            step("end", StepKind::End),
        ],
        start: StepIndex(0),
    };
    let run = RunId {
        instance: "0abcdefghjkmnpqr".into(),
        run: 1,
    };
    let visit = VisitId {
        run,
        step: "work".into(),
        visit: 1,
    };
    Task {
        attempt: AttemptId { visit, attempt: 1 },
        workflow: Arc::new(workflow),
        step: StepIndex(0),
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
