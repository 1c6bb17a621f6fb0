//! Nodes with nothing but a runner, each in a runtime of its own, and the world's clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use peerflow_actions::{LogSink, Task, TaskEnd, TaskRunner};
use peerflow_model::{
    AttemptId, ContentHash, Incarnation, InstanceId, LogLine, NodeId, RunId, VisitId,
};
use peerflow_workflow::{Document, LogicalTime, Workflow};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::history::{History, TaskFate, What};
use crate::tasks::{Playbook, Tasks};
use crate::time::{MachineClock, WorldClock};

const QUANTUM: Duration = Duration::from_millis(1);

pub(super) struct Bench {
    pub(super) clock: WorldClock,
    pub(super) history: History,
    pub(super) tasks: Tasks,
    workflow: Arc<Workflow>,
}

pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) machine: MachineClock,
    pub(super) runner: Arc<dyn TaskRunner>,
    kill: watch::Sender<Option<String>>,
    runtime: Runtime,
    running: Option<JoinHandle<TaskEnd>>,
    log: Arc<Log>,
    began: Arc<Mutex<Option<Timestamp>>>,
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

#[async_trait]
impl LogSink for Log {
    async fn write(&self, lines: Vec<LogLine>) {
        let lines = lines.into_iter().map(|line| line.text);
        self.0.lock().unwrap().extend(lines);
    }
}

/// A workflow `w` whose one action `s` is `action`.
pub(super) fn workflow(action: &str, policy: &str) -> Arc<Workflow> {
    let xml = format!(
        r#"<work-flow name="w"><start name="start" to="s"/>
           <action name="s" on-partition="{policy}">{action}<ok to="end"/></action>
           <end name="end"/></work-flow>"#
    );
    match Document::parse(&xml) {
        Ok((Document::Workflow(document), _)) => Arc::new(document.workflow().clone()),
        other => panic!("{other:?}"),
    }
}

pub(super) fn script(code: &str) -> String {
    format!("<script><code>{code}</code></script>")
}

impl Bench {
    /// One whose tasks are a script with these lines.
    pub(super) fn new(code: &str, policy: &str) -> Self {
        Self::with_action(&script(code), policy)
    }

    pub(super) fn with_action(action: &str, policy: &str) -> Self {
        let clock = WorldClock::new(Timestamp::UNIX_EPOCH);
        let history = History::new(clock.clone());
        let tasks = Tasks::new(clock.clone(), history.clone(), 1, Playbook::default());
        Self {
            clock,
            history,
            tasks,
            workflow: workflow(action, policy),
        }
    }

    pub(super) fn node(&self, number: u32) -> Node {
        self.drifting_node(number, 0)
    }

    pub(super) fn drifting_node(&self, number: u32, drift: i64) -> Node {
        let id = NodeId::from(format!("n{number}"));
        let machine = MachineClock::new(self.clock.clone(), drift, SignedDuration::ZERO);
        let began = self.history.len() as u64;
        let runner = self
            .tasks
            .runner(id.clone(), Incarnation(began), machine.clone());
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        Node {
            id,
            machine,
            runner,
            kill: watch::Sender::new(None),
            runtime: runtime.unwrap(),
            running: None,
            log: Arc::default(),
            began: Arc::default(),
        }
    }

    /// Lets the world go on, and of its nodes these.
    pub(super) fn go_on(&self, duration: Duration, nodes: &mut [&mut Node]) {
        for _ in 0..duration.as_millis() {
            self.clock.advance(QUANTUM);
            self.tasks.tick();
            for node in &mut *nodes {
                node.runtime
                    .block_on(async { tokio::time::sleep(QUANTUM).await });
            }
        }
    }

    pub(super) fn attempt(&self, instance: u32) -> AttemptId {
        AttemptId {
            visit: VisitId {
                run: RunId {
                    instance: InstanceId::from(format!("i{instance}")),
                    run: 1,
                },
                step: self.workflow.step(self.step()).name.clone(),
                visit: 1,
            },
            attempt: 1,
        }
    }

    pub(super) fn task(&self, instance: u32) -> Task {
        Task {
            attempt: self.attempt(instance),
            workflow: Arc::clone(&self.workflow),
            step: self.step(),
            params: Arc::default(),
            logical_time: LogicalTime {
                instant: Timestamp::UNIX_EPOCH,
                zone: TimeZone::UTC,
            },
            timeout: None,
            definition: ContentHash::of(b""),
            files: Arc::from([]),
        }
    }

    fn step(&self) -> peerflow_workflow::StepIndex {
        self.workflow.find("s").unwrap()
    }

    /// How processes ended up to now.
    pub(super) fn fates(&self) -> Vec<TaskFate> {
        let fate = |what| match what {
            What::TaskEnded { fate, .. } => Some(fate),
            _ => None,
        };
        let entries = self.history.all().into_iter();
        entries.filter_map(|entry| fate(entry.what)).collect()
    }
}

impl Node {
    pub(super) fn run(&mut self, task: Task) {
        let (runner, log) = (Arc::clone(&self.runner), Arc::clone(&self.log));
        let (kill, began) = (self.kill.subscribe(), Arc::clone(&self.began));
        let started = Box::new(move |at| *began.lock().unwrap() = Some(at));
        let run = async move { runner.run(task, log, kill, started).await };
        self.running = Some(self.runtime.spawn(run));
    }

    pub(super) fn kill(&self, reason: &str) {
        self.kill.send_replace(Some(reason.to_owned()));
    }

    /// The end of its task, once it knows of it.
    pub(super) fn end(&mut self) -> Option<TaskEnd> {
        let running = self.running.take_if(|running| running.is_finished())?;
        Some(self.runtime.block_on(running).unwrap())
    }

    pub(super) fn began(&self) -> Option<Timestamp> {
        *self.began.lock().unwrap()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.log.0.lock().unwrap().clone()
    }
}
