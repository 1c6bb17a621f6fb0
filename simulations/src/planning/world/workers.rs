//! What workers do: tries begin, end after their time, are killed, and all of it is told.

use std::time::Duration;

use peerflow_engine::{AttemptResult, Dispatch, Event, Report};
use peerflow_model::AttemptId;
use peerflow_workflow::StepKind;

use super::{LIFE, World};
use crate::history::{TaskFate, What};
use crate::planning::player::PlayedResult;
use crate::planning::processes::Process;

/// After which time a worker tells that a try began, unless it ended before.
const TOLD_AFTER: Duration = Duration::from_millis(20);

impl World<'_> {
    /// A process of a task begins.
    pub(super) fn start(&mut self, dispatch: &Dispatch) {
        let step = dispatch.workflow.step(dispatch.step);
        let id = &dispatch.attempt;
        let workflow = dispatch.workflow.name.as_str();
        let played = self
            .player
            .play(workflow, step.name.as_str(), id.visit.visit, id.attempt);
        let (mut takes, mut result) = match played.result {
            PlayedResult::Succeeds => (played.takes, AttemptResult::Succeeded),
            PlayedResult::Fails => (played.takes, AttemptResult::Failed),
        };
        let mut message = String::new();
        if let Some(timeout) = dispatch.timeout.filter(|timeout| *timeout < takes) {
            (takes, result) = (timeout, AttemptResult::TimedOut);
            message = "its timeout is over".to_owned();
        } else if result == AttemptResult::Failed {
            message = "it fails, as it was told to".to_owned();
        }
        let StepKind::Action(action) = &step.kind else {
            return;
        };
        let on_partition = action.on_partition;
        self.note(|| What::TaskStarted {
            node: dispatch.node.clone(),
            incarnation: LIFE,
            attempt: id.clone(),
            on_partition,
        });
        let ends = self.now.monotonic.saturating_add(takes);
        let told = takes < TOLD_AFTER;
        let due = if told {
            ends
        } else {
            self.now.monotonic.saturating_add(TOLD_AFTER)
        };
        let process = Process {
            attempt: id.clone(),
            node: dispatch.node.clone(),
            began_at: self.now.wall,
            ends,
            result,
            message,
            told,
        };
        self.processes.insert(due, process);
    }

    /// A worker tells that a try began, or how it ended.
    pub(super) fn report(&mut self, mut process: Process) {
        let began_at = process.began_at;
        let report = if process.told {
            self.note(|| What::TaskEnded {
                node: process.node.clone(),
                attempt: process.attempt.clone(),
                fate: match process.result {
                    AttemptResult::Succeeded => TaskFate::Succeeded,
                    AttemptResult::Failed => TaskFate::Failed,
                    _ => TaskFate::Killed,
                },
            });
            Report::Ended {
                result: process.result,
                exit_code: None,
                message: std::mem::take(&mut process.message),
                started_at: Some(began_at),
                ended_at: self.now.wall,
                readings: Vec::new(),
                warning: None,
            }
        } else {
            Report::Started { at: began_at }
        };
        let event = Event::Report {
            attempt: process.attempt.clone(),
            node: process.node.clone(),
            incarnation: LIFE,
            report,
        };
        if !process.told {
            process.told = true;
            self.processes.insert(process.ends, process);
        }
        self.handle(event);
    }

    /// A process of a task is killed, if it runs, and its worker tells so at once.
    pub(super) fn kill(&mut self, attempt: &AttemptId, reason: String) {
        if let Some(mut process) = self.processes.take(attempt) {
            process.ends = self.now.monotonic;
            process.result = AttemptResult::Killed;
            process.message = reason;
            process.told = true;
            self.processes.insert(self.now.monotonic, process);
        }
    }
}
