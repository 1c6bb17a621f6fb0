//! `--blood` waves: a workflow, then every enabled workflow downstream, in dependency order, once each.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use peerflow_model::{Blood, BloodId, Change, Instance, InstanceStatus, TriggerKind};
use peerflow_workflow::{Parameters, StepName, WorkflowName};

use crate::creation::Order;
use crate::downstream::cycle;
use crate::engine::Engine;
use crate::event::Now;
use crate::progress::later;
use crate::request::{Answer, Refusal};

/// How long after its start a wave that stopped may be set going again by a rerun: as long as instances are kept
/// where the configuration does not say.
const STOPPED_WAVE_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

impl Engine {
    /// Starts a wave with an instance of `root`.
    ///
    /// # Errors
    /// When that instance cannot be made, or the workflows downstream depend on each other in a circle.
    pub(crate) fn start_blood(
        &mut self,
        now: Now,
        root: WorkflowName,
        skip: BTreeSet<StepName>,
    ) -> Result<Answer, Refusal> {
        let mut wave: BTreeSet<WorkflowName> = self.downstream(&root).into_iter().collect();
        wave.insert(root.clone());
        let mut remaining = self.upstreams(&wave);
        if let Some(cycle) = cycle(&remaining) {
            let names: Vec<&str> = cycle.iter().map(WorkflowName::as_str).collect();
            return Err(Refusal::conflict(format!(
                "the workflows downstream of {root} depend on each other in a circle: {}; disable one of their coordinators",
                names.join(" -> ")
            )));
        }
        remaining.remove(&root);
        let key = self.coordinator_of(&root);
        let order = Order {
            skip,
            ..Order::fired(root.clone(), TriggerKind::Blood, now.wall, key)
        };
        let prepared = self.prepare(order)?;
        let id = self.make(now, prepared);
        let blood = Blood {
            id: id.clone(),
            root,
            created_at: now.wall,
            remaining,
            succeeded: std::collections::BTreeMap::new(),
            stopped: false,
        };
        self.out.put(Change::PutBlood(blood.clone()));
        self.bloods.insert(id.clone(), blood);
        Ok(Answer::Instances(vec![id]))
    }

    /// An instance of a wave ended: those that waited for it start, or nothing does any more. A rerun that succeeds
    /// sets a stopped wave going again.
    pub(crate) fn continue_blood(&mut self, now: Now, instance: &Instance) {
        let Some(id) = instance.blood.clone() else {
            return;
        };
        let Some(blood) = self.bloods.get_mut(&id) else {
            return;
        };
        if instance.status == InstanceStatus::Succeeded {
            let name = instance.workflow.clone();
            blood.succeeded.insert(name, instance.logical_time);
            for before in blood.remaining.values_mut() {
                before.remove(&instance.workflow);
            }
            if instance.id.run > 1 {
                blood.stopped = false;
            }
        } else {
            blood.stopped = true;
        }
        while let Some(blood) = self.bloods.get_mut(&id)
            && !blood.stopped
            && let Some(name) = first_free(blood)
        {
            blood.remaining.remove(&name);
            self.start_in_blood(now, &id, name);
        }
        self.put_blood(&id);
    }

    fn start_in_blood(&mut self, now: Now, id: &BloodId, name: WorkflowName) {
        let Some(blood) = self.bloods.get(id) else {
            return;
        };
        let mut latest = None;
        let mut parameters_of = None;
        for key in self.started_by(&name) {
            let Some(entry) = self.coordinators.entry(&key) else {
                continue;
            };
            for upstream in &entry.coordinator.dependencies {
                if let Some(time) = blood.succeeded.get(upstream) {
                    latest = Some(later(latest, *time));
                    parameters_of.get_or_insert_with(|| key.clone());
                }
            }
        }
        let newest = blood.succeeded.values().max().copied();
        let order = Order {
            workflow: name.clone(),
            trigger: TriggerKind::Blood,
            logical_time: latest.or(newest).unwrap_or(now.wall),
            coordinator: parameters_of.clone(),
            parameters_of,
            given: Parameters::new(),
            blood: Some(id.clone()),
            skip: BTreeSet::new(),
        };
        if self.make_unasked(now, order).is_none()
            && let Some(blood) = self.bloods.get_mut(id)
        {
            blood.stopped = true;
            self.out.warn(format!(
                "the wave {id} stops: workflow {name} is not registered any more"
            ));
        }
    }

    /// Makes a wave durable, or forgets it when nothing of it will start.
    fn put_blood(&mut self, id: &BloodId) {
        let Some(blood) = self.bloods.get(id) else {
            return;
        };
        if blood.remaining.is_empty() {
            self.forget_blood(id);
        } else {
            self.out.put(Change::PutBlood(blood.clone()));
        }
    }

    /// Forgets waves that stopped and that nobody set going again in a long time.
    pub(crate) fn forget_old_waves(&mut self, now: Now) {
        let old = |blood: &&Blood| {
            blood.stopped && now.wall.duration_since(blood.created_at) > STOPPED_WAVE_KEPT
        };
        let old: Vec<BloodId> = self
            .bloods
            .values()
            .filter(old)
            .map(|b| b.id.clone())
            .collect();
        for id in old {
            self.forget_blood(&id);
        }
    }

    /// Forgets a wave.
    pub(crate) fn forget_blood(&mut self, id: &BloodId) {
        if self.bloods.remove(id).is_some() {
            self.out.put(Change::DeleteBlood(id.clone()));
        }
    }
}

/// A workflow of the wave that waits for none of it.
fn first_free(blood: &Blood) -> Option<WorkflowName> {
    let mut remaining = blood.remaining.iter();
    let free = remaining.find(|(_, before)| before.is_empty());
    free.map(|(name, _)| name.clone())
}
