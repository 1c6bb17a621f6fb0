//! Instances by outcome, and how long they took.

use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_model::{InstanceStatus, RunId};
use peerflow_workflow::WorkflowName;

use crate::report::timeline::{InstanceSpan, Timeline};

/// Instances by outcome; a rerun counts as one of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    pub succeeded: usize,
    pub failed: usize,
    pub killed: usize,
    /// Neither over nor forgotten when the history ended.
    pub open: usize,
    /// The store went back and knows nothing of them.
    pub forgotten: usize,
}

/// How long the instances of one workflow took, from leaving the queue to their end.
#[derive(Clone, Debug)]
pub struct Took {
    pub workflow: WorkflowName,
    pub outcomes: Outcomes,
    /// Of those that are over. Absent where none is.
    pub median: Option<Duration>,
    pub worst: Option<(Duration, RunId)>,
    /// The longest wait in the queue behind the limit of instances.
    pub queued: Duration,
}

impl Outcomes {
    pub(super) fn of<'a>(instances: impl IntoIterator<Item = &'a InstanceSpan>) -> Self {
        let mut outcomes = Self::default();
        for instance in instances {
            let count = match instance.status {
                _ if instance.forgotten => &mut outcomes.forgotten,
                InstanceStatus::Succeeded => &mut outcomes.succeeded,
                InstanceStatus::Failed => &mut outcomes.failed,
                InstanceStatus::Killed => &mut outcomes.killed,
                InstanceStatus::Waiting | InstanceStatus::Running => &mut outcomes.open,
            };
            *count += 1;
        }
        outcomes
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.succeeded + self.failed + self.killed + self.open + self.forgotten
    }
}

pub(super) fn took(timeline: &Timeline) -> Vec<Took> {
    let mut by_workflow: BTreeMap<&WorkflowName, Vec<&InstanceSpan>> = BTreeMap::new();
    for instance in &timeline.instances {
        by_workflow
            .entry(&instance.workflow)
            .or_default()
            .push(instance);
    }
    let took = |(workflow, instances): (&WorkflowName, Vec<&InstanceSpan>)| {
        let mut durations: Vec<(Duration, &RunId)> = instances
            .iter()
            .filter(|instance| !instance.forgotten)
            .filter_map(|one| Some((one.ended?.since(one.started?), &one.id)))
            .collect();
        durations.sort();
        let queued = |one: &&InstanceSpan| {
            let left = one.started.or(one.ended).unwrap_or(timeline.end);
            left.since(one.created)
        };
        Took {
            workflow: workflow.clone(),
            outcomes: Outcomes::of(instances.iter().copied()),
            median: median(&durations).map(|(duration, _)| duration),
            worst: durations.last().map(|(took, id)| (*took, (*id).clone())),
            queued: instances.iter().map(queued).max().unwrap_or_default(),
        }
    };
    by_workflow.into_iter().map(took).collect()
}

/// The middle one of `sorted`; of an even number the lower of the two.
pub(super) fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}
