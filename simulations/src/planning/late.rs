//! Who waited too long and why, and who does not run at all.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{CoordinatorKind, InstanceId};
use peerflow_workflow::WorkflowName;
use serde::Serialize;

use super::documents::Found;
use super::numbers::{milliseconds, rounded};
use super::picture::Picture;
use super::plan::{Idle, IdleReason, PlannedInstance, Waits};
use super::world::workflows;

/// An instance that waited too long.
#[derive(Clone, Debug, Serialize)]
pub struct Late {
    pub instance: InstanceId,
    pub workflow: WorkflowName,
    pub logical_time: Timestamp,
    #[serde(rename = "waited_ms", serialize_with = "milliseconds")]
    pub waited: Duration,
    pub waits: Waits,
    /// What it waited for, the longest first.
    pub reason: String,
}

/// Instances that waited longer than `limit`, those that waited longest first.
pub(super) fn late(instances: &[PlannedInstance], limit: Duration) -> Vec<Late> {
    let mut late: Vec<Late> = instances
        .iter()
        .filter(|instance| instance.waits.total() > limit)
        .map(|instance| Late {
            instance: instance.id.clone(),
            workflow: instance.workflow.clone(),
            logical_time: instance.logical_time,
            waited: instance.waits.total(),
            waits: instance.waits,
            reason: instance.waited().unwrap_or_default(),
        })
        .collect();
    late.sort_by_key(|late| Reverse(late.waited));
    late
}

impl PlannedInstance {
    /// What it waited for, in words, the longest first; nothing when it did not wait.
    pub fn waited(&self) -> Option<String> {
        let Waits {
            dependencies,
            queue,
            slots,
        } = self.waits;
        let dependency = match &self.waited_for {
            Some(name) => format!("for {name}"),
            None => "for its dependencies".to_owned(),
        };
        let mut parts = [
            (dependencies, dependency),
            (
                queue,
                "behind its own earlier runs (instance-limit)".to_owned(),
            ),
            (slots, "for a slot".to_owned()),
        ];
        parts.sort_by_key(|(waited, _)| Reverse(*waited));
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(waited, _)| !waited.is_zero())
            .map(|(waited, what)| format!("{} {what}", rounded(waited)))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Workflows of which no instance is in `picture`, and why.
pub(super) fn idle(documents: &[Found], picture: &Picture, switched_off_too: bool) -> Vec<Idle> {
    let ran: BTreeSet<&WorkflowName> = picture
        .instances
        .iter()
        .map(|each| &each.workflow)
        .collect();
    let mut idle: Vec<Idle> = workflows(documents)
        .into_iter()
        .filter(|name| !ran.contains(name))
        .map(|name| Idle {
            workflow: name.clone(),
            reason: reason(name, documents, picture, switched_off_too),
        })
        .collect();
    idle.sort_by(|a, b| (&a.reason, &a.workflow).cmp(&(&b.reason, &b.workflow)));
    idle
}

fn reason(
    name: &WorkflowName,
    documents: &[Found],
    picture: &Picture,
    switched_off_too: bool,
) -> IdleReason {
    let starts = |found: &&Found| {
        found.coordinator().is_some_and(|coordinator| {
            let is_own = found.key().kind == CoordinatorKind::Workflow;
            (is_own && found.key().name.as_str() == name.as_str())
                || (!is_own && coordinator.triggers.contains(name))
        })
    };
    let starters: Vec<&Found> = documents.iter().filter(starts).collect();
    if starters.is_empty() {
        return IdleReason::OnlyWhenAsked;
    }
    let on = starters
        .iter()
        .filter_map(|found| Some((found.key(), found.coordinator()?)))
        .filter(|(_, coordinator)| coordinator.enabled || switched_off_too);
    let mut reason = IdleReason::SwitchedOff;
    for (key, coordinator) in on {
        let ready = picture.ready.get(&key);
        let missing: Vec<WorkflowName> = coordinator
            .dependencies
            .iter()
            .filter(|name| !ready.is_some_and(|ready| ready.contains(*name)))
            .cloned()
            .collect();
        if coordinator.schedule.is_some() || missing.is_empty() {
            reason = IdleReason::NoTime;
        }
        let waits = picture.times.iter().any(|time| time.coordinator == key);
        if !missing.is_empty() && (coordinator.schedule.is_none() || waits) {
            return IdleReason::Dependencies { missing };
        }
    }
    reason
}
