//! A run goes on after a restart or a takeover, from what was made durable of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use peerflow_model::{ActiveRun, Attempt, InstanceStatus, Visit, VisitStatus};
use peerflow_workflow::{StepIndex, StepKind, Workflow};

use super::{Doubt, Move, Run, RunEffects, Slot};
use crate::event::Now;

impl Run {
    /// The run as its persisted visits and attempts say. Timers are set again, what waits for a slot is listed as
    /// ready, running attempts stay as they are; when the outcome is decided they are to be killed, again. `doubt`: the
    /// store went back.
    ///
    /// # Errors
    /// When the records do not fit each other or the workflow.
    pub(crate) fn restore(
        active: ActiveRun,
        workflow: Arc<Workflow>,
        doubt: Option<Doubt>,
        now: Now,
        effects: &mut RunEffects,
    ) -> Result<Self, String> {
        let id = active.instance.id.clone();
        if active.instance.status != InstanceStatus::Running {
            return Err(format!(
                "run {id} is {:?} and cannot go on",
                active.instance.status
            ));
        }
        let mut run = Self::blank(active.instance, workflow);
        let mut attempts: BTreeMap<_, _> = active
            .attempts
            .into_iter()
            .filter(|attempt| !attempt.status.is_final())
            .map(|attempt| (attempt.id.clone(), attempt))
            .collect();
        let steps = steps_by_name(&run.workflow);
        let mut live = Vec::new();
        for visit in active.visits {
            let over = visit.status.is_final();
            let step = steps.get(visit.id.step.as_str()).copied();
            let slot = run.add_visit(visit);
            if !over {
                let step = step.ok_or_else(|| {
                    format!("step {:?} is not in the workflow", run.at(slot).id.step)
                })?;
                live.push((slot, step));
            }
        }
        let mut mv = Move::new(now, effects);
        for (slot, step) in live {
            let visit = run.at(slot);
            let attempt = attempts.remove(&peerflow_model::AttemptId {
                visit: visit.id.clone(),
                attempt: visit.attempt,
            });
            run.restore_token(slot, step, attempt, &mut mv)?;
        }
        if let Some(doubt) = doubt {
            run.doubt(doubt, &mut mv);
        }
        if run.instance.ending.is_some() {
            run.cut_short(&mut mv);
        }
        run.conclude(mv);
        Ok(run)
    }

    fn restore_token(
        &mut self,
        slot: Slot,
        step: StepIndex,
        attempt: Option<Attempt>,
        mv: &mut Move<'_>,
    ) -> Result<(), String> {
        let visit = self.at(slot);
        let fits = match (&self.workflow.step(step).kind, visit.status) {
            (StepKind::Action(_), VisitStatus::Running) => attempt.is_some(),
            (StepKind::Action(_), VisitStatus::Lost) => true,
            (StepKind::Action(_), _) => attempt.is_none(),
            (StepKind::Join { .. }, status) => status == VisitStatus::Waiting,
            _ => false,
        };
        if !fits {
            return Err(misfit(visit));
        }
        let status = visit.status;
        let is_join = matches!(self.workflow.step(step).kind, StepKind::Join { .. });
        self.add_token(slot, step);
        if is_join {
            return Ok(());
        }
        self.token(slot).attempt = attempt.map(Box::new);
        self.start_deadline(slot, mv.now);
        match status {
            VisitStatus::Pending => self.make_ready(slot, mv),
            VisitStatus::Waiting => self.resume_retry(slot, mv.now),
            VisitStatus::Running
            | VisitStatus::Lost
            | VisitStatus::Succeeded
            | VisitStatus::Failed
            | VisitStatus::Killed
            | VisitStatus::Skipped => {}
        }
        Ok(())
    }
}

fn misfit(visit: &Visit) -> String {
    format!(
        "visit {} is {:?}, which does not fit its step or its attempts",
        visit.id, visit.status
    )
}

/// Where each step stands.
pub(super) fn steps_by_name(workflow: &Workflow) -> BTreeMap<String, StepIndex> {
    (0_u32..)
        .zip(&workflow.steps)
        .map(|(at, step)| (step.name.as_str().to_owned(), StepIndex(at)))
        .collect()
}
