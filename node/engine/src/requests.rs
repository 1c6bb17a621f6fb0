//! What is asked for, and the answers.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{Change, InstanceId, Outcome, TriggerKind, VisitId};
use peerflow_workflow::{CoordinatorName, StepName, WorkflowName};

use crate::coordinators::standalone;
use crate::creation::Order;
use crate::engine::Engine;
use crate::event::Now;
use crate::instances::Active;
use crate::request::{Answer, Refusal, Request};

impl Engine {
    /// Does what is asked for.
    pub(crate) fn answer(&mut self, now: Now, request: Request) -> Result<Answer, Refusal> {
        match request {
            Request::PutDocument {
                xml,
                files,
                origin,
                expected,
                sent: _,
            } => self.put_document(now, xml, files, &origin, expected),
            Request::DeleteWorkflow { name } => self.delete_workflow(now, &name),
            Request::DeleteCoordinator { name } => self.delete_coordinator(now, &name),
            Request::Trigger {
                workflow,
                blood: true,
                skip,
            } => self.start_blood(now, workflow, skip),
            Request::Trigger {
                workflow,
                blood: false,
                skip,
            } => self.trigger(now, workflow, skip),
            Request::TriggerCoordinator { name } => self.trigger_coordinator(now, &name),
            Request::Run { workflow, params } => self.run_once(now, workflow, params),
            Request::Reset { key } => self.reset(now, &key),
            Request::ResetAll => Ok(self.reset_all(now)),
            Request::SetEnabled { key, enabled } => self.set_enabled(now, &key, enabled),
            Request::Kill { instance } => self.kill(now, &instance),
            Request::DeleteInstance { instance } => self.delete_instance(instance),
            Request::Rerun { latest, mode, of } => self.rerun(now, *latest, mode, &of),
            Request::Release { visit, run_again } => self.release(now, &visit, run_again),
            Request::ReleaseAll { run_again } => Ok(self.release_all(now, run_again)),
            Request::ReleaseInstance { instance } => self.release_instance(now, &instance),
            Request::SetSetting { key, value } => self.set_setting(now, &key, &value),
            Request::PutLink {
                link,
                origin,
                expected,
                sent,
            } => self.put_link(now, *link, &origin, expected, sent),
            Request::DeleteLink { key, force } => self.delete_link(key, force),
        }
    }

    /// The coordinator that stands in a workflow.
    pub(crate) fn coordinator_of(
        &self,
        workflow: &WorkflowName,
    ) -> Option<peerflow_model::CoordinatorKey> {
        self.definitions.get(workflow)?.coordinator.clone()
    }

    fn trigger(
        &mut self,
        now: Now,
        workflow: WorkflowName,
        skip: BTreeSet<StepName>,
    ) -> Result<Answer, Refusal> {
        let key = self.coordinator_of(&workflow);
        let order = Order {
            skip,
            ..Order::fired(workflow, TriggerKind::Trigger, now.wall, key.clone())
        };
        let prepared = self.prepare(order)?;
        if let Some(key) = key {
            self.note_fired(now, &key);
        }
        Ok(Answer::Instances(vec![self.make(now, prepared)]))
    }

    fn trigger_coordinator(&mut self, now: Now, name: &CoordinatorName) -> Result<Answer, Refusal> {
        let key = standalone(name);
        self.known(&key)?;
        let workflows = self
            .coordinators
            .entry(&key)
            .map(|entry| entry.coordinator.triggers.clone())
            .unwrap_or_default();
        let mut prepared = Vec::new();
        for workflow in workflows {
            let fired_by = Some(key.clone());
            let order = Order::fired(workflow, TriggerKind::Trigger, now.wall, fired_by);
            prepared.push(self.prepare(order)?);
        }
        self.note_fired(now, &key);
        let made = prepared.into_iter().map(|one| self.make(now, one));
        Ok(Answer::Instances(made.collect()))
    }

    fn run_once(
        &mut self,
        now: Now,
        workflow: WorkflowName,
        params: BTreeMap<String, String>,
    ) -> Result<Answer, Refusal> {
        let order = Order {
            parameters_of: self.coordinator_of(&workflow),
            given: params,
            ..Order::fired(workflow, TriggerKind::Run, now.wall, None)
        };
        let prepared = self.prepare(order)?;
        Ok(Answer::Instances(vec![self.make(now, prepared)]))
    }

    fn kill(&mut self, now: Now, id: &InstanceId) -> Result<Answer, Refusal> {
        if let Some(waiting) = self.instances.remove_waiting(id) {
            let message = "killed while it waited".to_owned();
            self.end_waiting(now, waiting, Outcome::Killed, message);
            return Ok(Answer::Done(format!("instance {id} is killed")));
        }
        let Some(running) = self.instances.running(id) else {
            return Err(Refusal::not_found(format!(
                "no instance {id} is waiting or running"
            )));
        };
        if running.run.instance.ending.is_some() {
            return Ok(Answer::Done(format!("instance {id} is ending already")));
        }
        let run = running.run.instance.id.clone();
        self.with_run(now, &run, |run, _rng, effects| {
            run.kill("killed by a user".to_owned(), now, effects);
        });
        Ok(Answer::Done(format!("instance {id} is being killed")))
    }

    fn delete_instance(&mut self, instance: InstanceId) -> Result<Answer, Refusal> {
        match self.instances.active(&instance) {
            Some(Active::Waiting(_)) => {
                return Err(Refusal::conflict(format!(
                    "instance {instance} is waiting; kill it first"
                )));
            }
            Some(Active::Running(_)) => {
                return Err(Refusal::conflict(format!(
                    "instance {instance} is running; kill it first"
                )));
            }
            None => {}
        }
        // A wave that goes on needs no record of its first instance.
        if self.bloods.get(&instance).is_some_and(|wave| wave.stopped) {
            self.forget_blood(&instance);
        }
        let done = format!("instance {instance} is deleted");
        self.out.put(Change::DeleteInstance(instance));
        Ok(Answer::Done(done))
    }

    fn release(&mut self, now: Now, visit: &VisitId, run_again: bool) -> Result<Answer, Refusal> {
        let released = self.with_run(now, &visit.run, |run, rng, effects| {
            run.release(visit, run_again, now, rng, effects)
        });
        match released {
            Some(Ok(())) if run_again => Ok(Answer::Done(format!("visit {visit} runs again"))),
            Some(Ok(())) => Ok(Answer::Done(format!("visit {visit} is given up"))),
            Some(Err(why)) => Err(Refusal::conflict(why)),
            None => Err(Refusal::not_found(format!(
                "no run {} is under way",
                visit.run
            ))),
        }
    }
}
