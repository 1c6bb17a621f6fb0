//! Entries as text: one line each, the same for the same run.

use std::fmt;

use super::entry::{Answer, Entry, TaskFate, What, Wish};

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.what)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { node, incarnation } => {
                write!(f, "{node} starts, incarnation {}", incarnation.0)
            }
            Self::StartFailed { node, why } => write!(f, "{node} cannot start: {why}"),
            Self::Broke { node } => write!(f, "a part of {node} ends by itself"),
            Self::Crashed { node } => write!(f, "{node} dies"),
            Self::Stopped { node } => write!(f, "{node} has stopped"),
            Self::Paused { node } => write!(f, "{node} stands still"),
            Self::Resumed { node } => write!(f, "{node} goes on"),
            Self::LeaseTaken {
                holder,
                epoch,
                went_back,
            } => {
                let back = if *went_back { ", went back" } else { "" };
                write!(f, "lease to {holder}, epoch {}{back}", epoch.0)
            }
            Self::LeaseReleased { holder, epoch } => {
                write!(f, "lease released by {holder}, epoch {}", epoch.0)
            }
            Self::MasterBegan { node, epoch } => write!(f, "{node} is master, epoch {}", epoch.0),
            Self::MasterEnded { node, epoch } => {
                write!(f, "{node} is master no more, epoch {}", epoch.0)
            }
            Self::Committed {
                holder,
                epoch,
                commit_seq,
                changes,
            } => {
                let (epoch, count) = (epoch.0, changes.len());
                write!(
                    f,
                    "commit {commit_seq} of {holder}, epoch {epoch}: {count} changes"
                )
            }
            Self::Fenced { holder, epoch } => {
                write!(f, "a batch of {holder} is refused, epoch {}", epoch.0)
            }
            Self::Restored { commits } => write!(f, "the store goes back to commit {commits}"),
            Self::TaskStarted {
                node,
                incarnation,
                attempt,
                ..
            } => write!(
                f,
                "{attempt} begins on {node}, incarnation {}",
                incarnation.0
            ),
            Self::TaskEnded {
                node,
                attempt,
                fate,
            } => write!(f, "{attempt} {fate} on {node}"),
            Self::Asked {
                request,
                node,
                wish,
            } => write!(f, "request {} to {node}: {wish}", request.0),
            Self::Answered { request, answer } => write!(f, "request {}: {answer}", request.0),
            Self::FaultBegan { fault } => write!(f, "fault: {fault}"),
            Self::FaultEnded { fault } => write!(f, "over: {fault}"),
            Self::Healing => write!(f, "no more faults"),
        }
    }
}

impl fmt::Display for TaskFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeds",
            Self::Failed => "fails",
            Self::Killed => "is killed",
            Self::GrantOver => "is killed by the spawner, its grant is over,",
            Self::NodeDied => "dies with its node",
        })
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { workflow } => write!(f, "register {workflow}"),
            Self::Trigger {
                workflow,
                key: Some(key),
            } => write!(f, "trigger {workflow}, key {key}"),
            Self::Trigger {
                workflow,
                key: None,
            } => write!(f, "trigger {workflow}"),
            Self::Kill { instance } => write!(f, "kill {instance}"),
            Self::Rerun { instance } => write!(f, "rerun {instance}"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged {
                instance: Some(instance),
            } => write!(f, "done, {instance}"),
            Self::Acknowledged { instance: None } => write!(f, "done"),
            Self::Refused { status, why } => write!(f, "refused, {status}: {why}"),
            Self::Unknown { why } => write!(f, "unknown: {why}"),
        }
    }
}
