//! The queues behind the workflows' instance limits.

use std::sync::Arc;

use peerflow_model::{Change, Instance, Outcome, Visit, VisitEvent};
use peerflow_workflow::WorkflowName;

use crate::creation::end_unstarted;
use crate::documents::Source;
use crate::engine::Engine;
use crate::event::Now;
use crate::instances::Waiting;
use crate::run::{ENDED, Run, RunEffects};

impl Engine {
    /// Whether an instance of `workflow` that is made now may run at once: nobody waits before it and the limit
    /// allows it (invariant 10).
    pub(crate) fn has_room(&self, workflow: &WorkflowName) -> bool {
        let (running, waiting) = self.instances.count(workflow);
        waiting == 0 && running < self.limit(workflow) && !self.is_overrun()
    }

    fn limit(&self, workflow: &WorkflowName) -> u32 {
        self.definitions
            .get(workflow)
            .map_or(1, |definition| definition.limit.max(1))
    }

    /// Puts an instance into its workflow's queue, of a recovery with the visits that it will begin with.
    pub(crate) fn queue_up(
        &mut self,
        mut instance: Instance,
        source: Arc<Source>,
        visits: Vec<Visit>,
    ) {
        if self.is_overrun() {
            self.delayed.insert(instance.workflow.clone());
        }
        instance.message = "waits for its turn under the workflow's instance limit".to_owned();
        self.out.put(Change::PutInstance(instance.clone()));
        for visit in &visits {
            self.out.put_visit(visit.clone());
        }
        self.instances.add_waiting(Waiting {
            instance,
            source,
            visits,
        });
    }

    /// Starts waiting instances of `workflow` as far as its limit allows.
    pub(crate) fn start_waiting(&mut self, now: Now, workflow: &WorkflowName) {
        loop {
            let (running, _) = self.instances.count(workflow);
            let Some(id) = self.instances.first_waiting(workflow) else {
                return;
            };
            if running >= self.limit(workflow) {
                return;
            }
            if self.is_overrun() {
                self.delayed.insert(workflow.clone());
                return;
            }
            let Some(waiting) = self.instances.remove_waiting(&id) else {
                return;
            };
            let workflow = match self.workflow_of(&waiting.instance, &waiting.source) {
                Ok(workflow) => workflow,
                Err(unfit) => {
                    self.end_waiting(now, waiting, Outcome::Failed, unfit.to_string());
                    continue;
                }
            };
            let mut effects = RunEffects::default();
            let (instance, visits) = (waiting.instance.clone(), waiting.visits.clone());
            match Run::resume(instance, workflow, visits, true, now, &mut effects) {
                Ok(run) => self.add_run(now, run, waiting.source, effects),
                Err(why) => self.end_waiting(now, waiting, Outcome::Failed, why),
            }
        }
    }

    /// Ends an instance that waited for its turn.
    pub(crate) fn end_waiting(
        &mut self,
        now: Now,
        waiting: Waiting,
        outcome: Outcome,
        message: String,
    ) {
        self.cut_short(now, waiting.visits);
        let mut instance = waiting.instance;
        end_unstarted(&mut instance, outcome, message, now.wall);
        self.out.put(Change::PutInstance(instance.clone()));
        self.conclude_later(instance);
    }

    /// Ends visits of an instance that has no run.
    pub(crate) fn cut_short(&mut self, now: Now, visits: Vec<Visit>) {
        for mut visit in visits {
            if let Ok(status) = visit.status.after(VisitEvent::Killed) {
                visit.status = status;
                visit.ended_at = Some(now.wall);
                visit.retry_at = None;
                ENDED.clone_into(&mut visit.message);
                self.out.put_visit(visit);
            }
        }
    }
}
