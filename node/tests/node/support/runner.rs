//! Tasks that do what their code says, without a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use peerflow_actions::{KillSignal, LogSink, Task, TaskEnd, TaskResult, TaskRunner};
use peerflow_model::{LogLevel, LogLine};
use peerflow_workflow::Work;
use tokio::sync::watch;

/// What a task's code may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// `ok`: logs a line and succeeds.
    Succeed,
    /// `fail`: logs an error and fails.
    Fail,
    /// `wait`: runs until it is killed, or the gate is opened.
    Wait,
    /// `panic`: breaks.
    Panic,
}

/// Does what the code of a `<script>` says, and counts.
#[derive(Debug)]
pub(crate) struct ScriptedRunner {
    begun: Mutex<BTreeMap<String, u32>>,
    gate: watch::Sender<bool>,
}

impl Default for ScriptedRunner {
    fn default() -> Self {
        Self {
            begun: Mutex::default(),
            gate: watch::channel(false).0,
        }
    }
}

impl ScriptedRunner {
    /// Lets tasks that wait succeed.
    pub(crate) fn open_gate(&self) {
        self.gate.send_replace(true);
    }

    /// How many tries of the workflow's steps began here.
    pub(crate) fn begun(&self, workflow: &str) -> u32 {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(workflow).copied().unwrap_or(0)
    }

    fn count(&self, workflow: &str) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        *begun.entry(workflow.to_owned()).or_default() += 1;
    }
}

fn act(task: &Task) -> Act {
    let code = match task.action().map(|action| &action.work) {
        Some(Work::Script(script)) => script.code.trim().to_owned(),
        other => panic!("only scripts are played: {other:?}"),
    };
    match code.as_str() {
        "ok" => Act::Succeed,
        "fail" => Act::Fail,
        "wait" => Act::Wait,
        "panic" => Act::Panic,
        other => panic!("no act is called {other:?}"),
    }
}

fn now() -> Timestamp {
    peerflow_node::Clock::now(&peerflow_node::SystemClock)
}

#[async_trait]
impl TaskRunner for ScriptedRunner {
    async fn run(
        &self,
        task: Task,
        log: Arc<dyn LogSink>,
        mut kill: KillSignal,
        started: Box<dyn FnOnce(Timestamp) + Send>,
    ) -> TaskEnd {
        let began = now();
        started(began);
        self.count(task.workflow.name.as_str());
        let line = |level, text: &str| LogLine {
            at: now(),
            level,
            text: text.to_owned(),
        };
        let (result, message) = match act(&task) {
            Act::Succeed => {
                log.write(vec![line(LogLevel::Info, "all is <well> & done")])
                    .await;
                (TaskResult::Succeeded, String::new())
            }
            Act::Fail => {
                log.write(vec![line(LogLevel::Error, "it <broke> & burnt")])
                    .await;
                (TaskResult::Failed, "exit code 1".to_owned())
            }
            Act::Wait => {
                log.write(vec![line(LogLevel::Info, "waiting")]).await;
                let mut gate = self.gate.subscribe();
                tokio::select! {
                    reason = kill.wait_for(Option::is_some) => {
                        let reason = reason.ok().and_then(|reason| reason.clone()).unwrap_or_default();
                        (TaskResult::Killed, reason)
                    }
                    _ = gate.wait_for(|open| *open) => (TaskResult::Succeeded, String::new()),
                }
            }
            Act::Panic => panic!("the runner breaks"),
        };
        TaskEnd {
            result,
            exit_code: (result == TaskResult::Failed).then_some(1),
            message,
            started_at: Some(began),
            ended_at: now(),
            readings: Vec::new(),
            warning: None,
        }
    }
}
