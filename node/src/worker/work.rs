//! One attempt on its way through this node: its definition, then the runner.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use peerflow_actions::{KillSignal, Task, TaskEnd, TaskResult, TaskRunner};
use peerflow_model::AttemptId;
use peerflow_workflow::{OnPartition, StepIndex, Workflow};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::definitions::{Definitions, Unreadable};
use super::{Assignment, WorkflowSource};
use crate::clock::Clock;
use crate::logs::LogHub;
use crate::metrics::Metrics;

/// What an attempt needs of its node.
pub(super) struct Work {
    pub(super) runner: Arc<dyn TaskRunner>,
    pub(super) definitions: Definitions,
    pub(super) logs: LogHub,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Metrics,
    /// Told when the work begins.
    pub(super) begun: mpsc::Sender<(AttemptId, Timestamp)>,
    /// Set as soon as the action is known.
    pub(super) policy: Arc<OnceLock<OnPartition>>,
    pub(super) taken_at: Instant,
}

impl Work {
    /// Runs the attempt to its end.
    pub(super) async fn run(self, assignment: Assignment, mut kill: KillSignal) -> TaskEnd {
        let prepared = tokio::select! {
            biased;
            reason = killed(&mut kill) => Err((TaskResult::Killed, reason)),
            prepared = self.prepare(&assignment) => prepared.map_err(|problem| match problem {
                Unreadable::Away(_) => (TaskResult::Revoked, problem.to_string()),
                Unreadable::Unfit(_) => (TaskResult::Failed, problem.to_string()),
            }),
        };
        let (workflow, step) = match prepared {
            Ok(prepared) => prepared,
            Err((result, message)) => return self.not_begun(result, message),
        };
        let task = Task {
            attempt: assignment.attempt.clone(),
            workflow,
            step,
            params: assignment.params,
            logical_time: assignment.logical_time,
            timeout: assignment.timeout,
            definition: assignment.definition,
            files: assignment.files,
        };
        if let Some(action) = task.action() {
            self.policy.get_or_init(|| action.on_partition);
        }
        let log = self.logs.sink(assignment.attempt.clone());
        let Self {
            runner,
            metrics,
            begun,
            taken_at,
            ..
        } = self;
        let attempt = assignment.attempt;
        let started = Box::new(move |at| {
            metrics.began(taken_at.elapsed());
            // There is room for one of each slot; without a reader the worker is gone.
            drop(begun.try_send((attempt, at)));
        });
        runner.run(task, log, kill, started).await
    }

    async fn prepare(
        &self,
        assignment: &Assignment,
    ) -> Result<(Arc<Workflow>, StepIndex), Unreadable> {
        match &assignment.workflow {
            WorkflowSource::Here { workflow, step } => Ok((Arc::clone(workflow), *step)),
            WorkflowSource::Stored { step, .. } => {
                let run = &assignment.attempt.visit.run;
                let (params, time) = (&assignment.params, &assignment.logical_time);
                let workflow = self
                    .definitions
                    .workflow(assignment.definition, run, params, time)
                    .await?;
                let step = workflow.find(step.as_str()).ok_or_else(|| {
                    Unreadable::Unfit(format!(
                        "its definition has no step {step}, as this node reads it"
                    ))
                })?;
                Ok((workflow, step))
            }
        }
    }

    fn not_begun(&self, result: TaskResult, message: String) -> TaskEnd {
        TaskEnd {
            result,
            exit_code: None,
            message,
            started_at: None,
            ended_at: self.clock.now(),
            readings: Vec::new(),
            warning: None,
        }
    }
}

/// Waits for the kill signal.
async fn killed(kill: &mut KillSignal) -> String {
    let reason = match kill.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone(),
        Err(_sender_gone) => None,
    };
    match reason {
        Some(reason) => reason,
        None => std::future::pending().await,
    }
}
