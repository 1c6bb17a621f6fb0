//! What a client knows of its requests, against what is so in the end: acknowledged means done exactly once, refused not
//! done, unknown done at most once; an `Idempotency-Key` makes one instance however often it is sent.
//!
//! A restoration of the store may undo what was acknowledged, and forget a key. Which of the kills of an instance that
//! runs was done nobody can tell, so refused kills are not looked at.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{InstanceId, RunId, TriggerKind};

use super::wishes::Wishes;
use super::{End, Invariant, Stored};
use crate::history::{Answer, Entry, RequestId, What, Wish};

/// What became of requests that may make one instance.
#[derive(Debug, Default)]
struct Trigger {
    acknowledged: BTreeSet<InstanceId>,
    /// One of them was not refused for certain.
    maybe: bool,
}

/// What became of requests that each may make another run.
#[derive(Debug, Default)]
struct Reruns {
    acknowledged: usize,
    maybe: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct ClientView {
    wishes: Wishes,
    /// By workflow; those with the same key together.
    triggers: BTreeMap<String, Vec<Trigger>>,
    keys: BTreeMap<(String, String), usize>,
    reruns: BTreeMap<InstanceId, Reruns>,
    /// What the latest run was when a client asked for a kill.
    kills: BTreeMap<RequestId, RunId>,
    /// Runs that must be over or end.
    killed: BTreeSet<RunId>,
    /// Workflows that nobody had registered when the first client asked, and whether one may be.
    registers: BTreeMap<String, bool>,
    went_back: bool,
}

impl ClientView {
    fn asked(&mut self, request: RequestId, wish: &Wish, before: &Stored) {
        match wish {
            Wish::Register { workflow } if !before.was_registered(workflow) => {
                self.registers.entry(workflow.clone()).or_default();
            }
            Wish::Kill { instance } => {
                // A rerun may come before the kill: then this run is over all the same.
                let latest = before.runs_of(instance).last();
                self.kills
                    .extend(latest.map(|run| (request, run.id.clone())));
            }
            _ => {}
        }
    }

    fn answered(&mut self, wish: Wish, answer: Option<&Answer>) {
        let refused = matches!(answer, Some(Answer::Refused { .. }));
        let acknowledged = matches!(answer, Some(Answer::Acknowledged { .. }));
        match wish {
            Wish::Register { workflow } => {
                if let Some(maybe) = self.registers.get_mut(&workflow) {
                    *maybe |= !refused;
                }
            }
            Wish::Trigger { workflow, key } => {
                let trigger = self.trigger(workflow, key);
                trigger.maybe |= !refused;
                if let Some(Answer::Acknowledged { instance: Some(id) }) = answer {
                    trigger.acknowledged.insert(id.clone());
                }
            }
            Wish::Kill { .. } => {}
            Wish::Rerun { instance } => {
                let reruns = self.reruns.entry(instance).or_default();
                reruns.acknowledged += usize::from(acknowledged);
                reruns.maybe += usize::from(!refused && !acknowledged);
            }
        }
    }

    fn trigger(&mut self, workflow: String, key: Option<String>) -> &mut Trigger {
        let all = self.triggers.entry(workflow.clone()).or_default();
        let next = all.len();
        let place = match key {
            Some(key) => *self.keys.entry((workflow, key)).or_insert(next),
            None => next,
        };
        if place == next {
            all.push(Trigger::default());
        }
        &mut all[place]
    }

    fn triggers_hold(&self, stored: &Stored) -> Result<(), String> {
        let mut made: BTreeMap<&str, BTreeSet<&InstanceId>> = BTreeMap::new();
        for run in stored
            .runs()
            .filter(|run| run.trigger == TriggerKind::Trigger)
        {
            let of_workflow = made.entry(run.workflow.as_str()).or_default();
            of_workflow.insert(&run.id.instance);
        }
        for (workflow, made) in &made {
            if !self.triggers.contains_key(*workflow) {
                let made = made.len();
                return Err(format!(
                    "{made} instances of {workflow} were triggered by nobody"
                ));
            }
        }
        for (workflow, triggers) in &self.triggers {
            let made = made.remove(workflow.as_str()).unwrap_or_default();
            triggers_of_one(workflow, triggers, made)?;
        }
        Ok(())
    }

    fn reruns_hold(&self, stored: &Stored) -> Result<(), String> {
        let mut latest: BTreeMap<&InstanceId, usize> = BTreeMap::new();
        for run in stored.runs() {
            // Runs of an instance come in order.
            latest.insert(&run.id.instance, run.id.run as usize);
        }
        for (id, latest) in latest {
            let none = Reruns::default();
            let asked = self.reruns.get(id).unwrap_or(&none);
            let reruns = latest.saturating_sub(1);
            if reruns > asked.acknowledged + asked.maybe {
                return Err(format!(
                    "instance {id} was rerun {reruns} times; {} were acknowledged and {} are unknown",
                    asked.acknowledged, asked.maybe
                ));
            }
            if reruns < asked.acknowledged && !self.went_back {
                return Err(format!(
                    "instance {id} was rerun {reruns} times; {} were acknowledged",
                    asked.acknowledged
                ));
            }
        }
        Ok(())
    }
}

fn triggers_of_one(
    workflow: &str,
    triggers: &[Trigger],
    mut made: BTreeSet<&InstanceId>,
) -> Result<(), String> {
    let there = made.clone();
    let mut maybe = 0;
    for trigger in triggers {
        let mut mine = trigger.acknowledged.iter().filter(|id| there.contains(id));
        let Some(id) = mine.next() else {
            maybe += usize::from(trigger.maybe);
            continue;
        };
        if let Some(other) = mine.next() {
            return Err(format!("one key made {id} and {other} of {workflow}"));
        }
        if !made.remove(id) {
            return Err(format!(
                "two triggers of {workflow} were acknowledged by {id}"
            ));
        }
    }
    if made.len() > maybe {
        return Err(format!(
            "of the instances of {workflow}, {made:?} were acknowledged to nobody, and {maybe} triggers are unknown"
        ));
    }
    Ok(())
}

impl Invariant for ClientView {
    fn name(&self) -> &'static str {
        "client_view"
    }

    fn see(&mut self, entry: &Entry, before: &Stored) -> Result<(), String> {
        match &entry.what {
            What::Asked { request, wish, .. } => self.asked(*request, wish, before),
            What::Answered { request, answer } => {
                let asked = self.kills.remove(request);
                if let Answer::Acknowledged { .. } = answer {
                    self.killed.extend(asked);
                }
            }
            _ => {}
        }
        if let Some((wish, answer)) = self.wishes.note(&entry.what) {
            self.answered(wish, Some(answer));
        }
        Ok(())
    }

    fn settle(&mut self, entry: &Entry, _after: &Stored) -> Result<(), String> {
        if let What::Restored { .. } = entry.what {
            self.went_back = true;
            self.killed.clear();
            self.kills.clear();
        }
        Ok(())
    }

    fn end(&mut self, _end: &End<'_>, stored: &Stored) -> Result<(), String> {
        // What has no answer yet may be done or not.
        let open: Vec<Wish> = self.wishes.open().cloned().collect();
        for wish in open {
            self.answered(wish, None);
        }
        self.triggers_hold(stored)?;
        self.reruns_hold(stored)?;
        for run in self.killed.iter().filter_map(|id| stored.instances.get(id)) {
            if !run.status.is_final() && run.ending.is_none() {
                return Err(format!(
                    "the kill of {} was acknowledged and it goes on",
                    run.id
                ));
            }
        }
        let refused = self.registers.iter().filter(|(_, maybe)| !**maybe);
        for (workflow, _) in refused {
            if stored.workflows.contains_key(workflow.as_str()) {
                return Err(format!(
                    "workflow {workflow} is there though clients were refused"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "client_view/tests.rs"]
mod tests;
