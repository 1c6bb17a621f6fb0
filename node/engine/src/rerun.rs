//! Running an instance again: run n+1, with the old parameters and logical time.

use std::sync::Arc;

use peerflow_model::{ActiveRun, Instance, InstanceStatus, RunId};

use crate::documents::Source;
use crate::engine::Engine;
use crate::event::Now;
use crate::request::{Answer, Refusal, RerunMode, RerunOf};
use crate::run::{Run, RunEffects, recovery};

impl Engine {
    /// Makes the next run of an instance that is over.
    ///
    /// # Errors
    /// When it is not over, or by the chosen definition the run cannot be made.
    pub(crate) fn rerun(
        &mut self,
        now: Now,
        latest: ActiveRun,
        mode: RerunMode,
        of: &RerunOf,
    ) -> Result<Answer, Refusal> {
        let last = &latest.instance;
        let id = last.id.instance.clone();
        let is_active = self.instances.active(&id).is_some();
        let outrun = self.reruns.get(&id).is_some_and(|run| *run > last.id.run);
        if is_active || outrun || !last.status.is_final() {
            return Err(Refusal::conflict(format!(
                "instance {id} is not over, or was run again meanwhile; look at it with `peerflow instance info {id}`"
            )));
        }
        let source = self.rerun_source(last, of)?;
        let mut instance = next_run(last, &source, now);
        let workflow = self
            .workflow_of(&instance, &source)
            .map_err(|unfit| Refusal::unfit(&last.workflow, unfit))?;
        if workflow.name != last.workflow {
            return Err(Refusal::invalid(format!(
                "the document is of workflow {}, the instance of {}",
                workflow.name, last.workflow
            )));
        }
        instance.priority = workflow.priority;
        let visits = match mode {
            RerunMode::FromStart => Vec::new(),
            RerunMode::Recover => {
                recovery(&instance, &workflow, &latest.visits, now).map_err(Refusal::conflict)?
            }
        };
        self.queue_order += 1;
        instance.queue_order = self.queue_order;
        let run = instance.id.run;
        if self.has_room(&last.workflow) {
            let mut effects = RunEffects::default();
            let run = Run::resume(instance, workflow, visits, false, now, &mut effects)
                .map_err(Refusal::conflict)?;
            self.add_run(now, run, source, effects);
        } else {
            self.queue_up(instance, source, visits);
        }
        self.reruns.insert(id.clone(), run);
        Ok(Answer::Instances(vec![id]))
    }

    /// The definition that the next run goes by.
    fn rerun_source(&self, last: &Instance, of: &RerunOf) -> Result<Arc<Source>, Refusal> {
        match of {
            RerunOf::Current => self
                .definitions
                .get(&last.workflow)
                .map(|definition| Arc::clone(&definition.source))
                .ok_or_else(|| Refusal::no_workflow(&last.workflow)),
            RerunOf::Recorded(definition) => Ok(Arc::new(Source::stored(
                last.definition,
                definition.clone(),
            ))),
        }
    }
}

/// The record of the run after `last`.
fn next_run(last: &Instance, source: &Source, now: Now) -> Instance {
    Instance {
        id: RunId {
            instance: last.id.instance.clone(),
            run: last.id.run + 1,
        },
        status: InstanceStatus::Waiting,
        ending: None,
        definition: source.hash,
        created_at: now.wall,
        started_at: None,
        ended_at: None,
        message: String::new(),
        ..last.clone()
    }
}
