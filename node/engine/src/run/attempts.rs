//! Tries of a visit: given to a node and reported on.

use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptEvent, AttemptId, AttemptStatus, Epoch, IllegalMove, Incarnation, NodeId,
    Outcome, VisitEvent, VisitId, VisitStatus,
};
use peerflow_workflow::OnPartition;
use rand::rngs::SmallRng;

use super::ending::ENDED;
use super::{Move, Notice, Run, RunEffects, Slot};
use crate::event::{AttemptResult, Now, Report};

/// What is known of an attempt's end.
pub(super) struct End {
    pub(super) event: AttemptEvent,
    pub(super) exit_code: Option<i32>,
    pub(super) message: String,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Timestamp,
}

impl End {
    pub(super) fn lost(message: String, now: Now) -> Self {
        Self {
            event: AttemptEvent::Lost,
            exit_code: None,
            message,
            started_at: None,
            ended_at: now.wall,
        }
    }
}

impl Run {
    /// Gives a pending visit to a node. Returns the attempt, and what is left of the step's timeout.
    ///
    /// # Errors
    /// When the visit is unknown or does not wait for a slot.
    pub(crate) fn assign(
        &mut self,
        visit: &VisitId,
        node: NodeId,
        incarnation: Incarnation,
        epoch: Epoch,
        now: Now,
        effects: &mut RunEffects,
    ) -> Result<(Attempt, Option<Duration>), IllegalMove> {
        let Some(slot) = self.slot(visit) else {
            return Err(IllegalMove {
                what: "visit",
                from: "unknown".to_owned(),
                event: format!("{:?}", VisitEvent::Assigned),
            });
        };
        self.at(slot).status.after(VisitEvent::Assigned)?;
        let mut mv = Move::new(now, effects);
        self.turn(slot, VisitEvent::Assigned, &mut mv);
        let visit = self.change(slot, &mut mv);
        visit.attempt += 1;
        visit.node = Some(node.clone());
        visit.dispatched_at = visit.dispatched_at.or(Some(now.wall));
        visit.message.clear();
        let attempt = Attempt {
            id: AttemptId {
                visit: visit.id.clone(),
                attempt: visit.attempt,
            },
            node,
            incarnation,
            epoch,
            status: AttemptStatus::Assigned,
            assigned_at: now.wall,
            started_at: None,
            ended_at: None,
            exit_code: None,
            message: String::new(),
        };
        self.token(slot).attempt = Some(Box::new(attempt.clone()));
        mv.effects.attempts.push(attempt.clone());
        let left = self
            .start_deadline(slot, now)
            .map(|deadline| deadline.saturating_sub(now.monotonic));
        self.conclude(mv);
        Ok((attempt, left))
    }

    /// A worker tells of an attempt. Nothing happens when its end is known already, or it is not of this run.
    pub(crate) fn report(
        &mut self,
        attempt: &AttemptId,
        report: Report,
        now: Now,
        rng: &mut SmallRng,
        effects: &mut RunEffects,
    ) {
        let Some(slot) = self.slot_of_live(attempt) else {
            return;
        };
        let mut mv = Move::new(now, effects);
        self.trust(slot);
        match report {
            Report::Started { at } => self.started(slot, at, &mut mv),
            Report::Refused { reason } => self.refused(slot, reason, &mut mv),
            Report::Ended {
                result,
                exit_code,
                message,
                started_at,
                ended_at,
                readings: _,
                warning,
            } => {
                if let Some(warning) = warning {
                    let attempt = attempt.clone();
                    let notice = Notice::DataExceeded { attempt, warning };
                    mv.effects.notices.push(notice);
                }
                let end = End {
                    event: event_of(result),
                    exit_code,
                    message,
                    started_at,
                    ended_at,
                };
                self.ended(slot, result, end, rng, &mut mv);
            }
        }
        self.conclude(mv);
    }

    /// A pending visit's step fails without a try, as if its tries were used up.
    pub(crate) fn fail_visit(
        &mut self,
        visit: &VisitId,
        message: String,
        now: Now,
        effects: &mut RunEffects,
    ) {
        let pending = self
            .slot(visit)
            .filter(|&slot| self.at(slot).status == VisitStatus::Pending);
        if let Some(slot) = pending {
            let mut mv = Move::new(now, effects);
            mv.effects.withdrawn.push(visit.clone());
            self.fail(slot, message, &mut mv);
            self.conclude(mv);
        }
    }

    /// Says what a pending visit waits for. Nothing changes when it says so already.
    pub(crate) fn explain(&mut self, visit: &VisitId, message: &str, effects: &mut RunEffects) {
        let Some(slot) = self.slot(visit) else {
            return;
        };
        let visit = &mut self.visits[slot.0 as usize];
        if visit.status == VisitStatus::Pending && visit.message != message {
            message.clone_into(&mut visit.message);
            effects.visits.push(visit.clone());
        }
    }

    /// The visit whose try `attempt` is, when the end of that is not known.
    pub(super) fn slot_of_live(&self, attempt: &AttemptId) -> Option<Slot> {
        let slot = self.slot(&attempt.visit)?;
        let live = self.tokens.get(&slot)?.attempt.as_deref()?;
        (live.id == *attempt).then_some(slot)
    }

    pub(super) fn node(&self, slot: Slot) -> &str {
        self.at(slot).node.as_ref().map_or("", NodeId::as_str)
    }

    fn started(&mut self, slot: Slot, at: Timestamp, mv: &mut Move<'_>) {
        self.unhold(slot, mv);
        let attempt = self.token(slot).attempt.as_mut().expect("it is live");
        if attempt.status == AttemptStatus::Running {
            return;
        }
        attempt.status = attempt
            .status
            .after(AttemptEvent::Started)
            .expect("a live attempt may start");
        attempt.started_at = Some(at);
        mv.effects.attempts.push(Attempt::clone(attempt));
        let visit = self.change(slot, mv);
        visit.started_at = visit.started_at.or(Some(at));
    }

    /// The worker did not take it: back to the queue, as if it had not been given to that node.
    fn refused(&mut self, slot: Slot, reason: String, mv: &mut Move<'_>) {
        let attempt = self.token(slot).attempt.as_ref().expect("it is live");
        if attempt.status != AttemptStatus::Assigned {
            return;
        }
        let message = format!("refused by {}: {reason}", attempt.node);
        self.end_attempt(slot, End::lost(message.clone(), mv.now), mv);
        if self.instance.ending.is_some() {
            let message = self.killed_message(slot, String::new());
            self.close(slot, VisitEvent::Killed, message, mv);
            return;
        }
        let visit = self.change(slot, mv);
        visit.message = message;
        if visit.failures == 0 && visit.losses == 0 && visit.started_at.is_none() {
            visit.dispatched_at = None;
            self.stop_deadline(slot);
        }
        self.turn(slot, VisitEvent::Requeued, mv);
        self.make_ready(slot, mv);
    }

    fn ended(
        &mut self,
        slot: Slot,
        result: AttemptResult,
        end: End,
        rng: &mut SmallRng,
        mv: &mut Move<'_>,
    ) {
        if self.instance.ending.is_some() {
            self.ended_late(slot, result, end, mv);
            return;
        }
        let message = end.message.clone();
        match result {
            AttemptResult::Succeeded => {
                let attempt = self.end_attempt(slot, end, mv);
                let failures = self.at(slot).failures;
                if failures > 0 {
                    let notice = Notice::Recovered { attempt, failures };
                    mv.effects.notices.push(notice);
                }
                self.succeed(slot, message, mv);
            }
            // Nobody asked for a kill here, so one is a failure like any other.
            AttemptResult::Failed | AttemptResult::Killed => {
                let attempt = self.end_attempt(slot, end, mv);
                self.try_failed(slot, attempt, message, rng, mv);
            }
            AttemptResult::TimedOut => {
                self.end_attempt(slot, end, mv);
                self.time_out(slot, mv);
            }
            AttemptResult::Revoked | AttemptResult::Moved
                if self.action_at(slot).on_partition == OnPartition::Hold =>
            {
                self.hold(slot, true, message, mv);
            }
            AttemptResult::Moved => self.try_moved(slot, end, mv),
            AttemptResult::Revoked => self.try_lost(slot, end, mv),
        }
    }

    /// An attempt ended after the outcome was decided: the record says how, but nothing goes on. What would have gone
    /// on is recorded as killed, so that a recovery goes on there.
    fn ended_late(&mut self, slot: Slot, result: AttemptResult, end: End, mv: &mut Move<'_>) {
        let message = end.message.clone();
        self.end_attempt(slot, end, mv);
        match result {
            AttemptResult::Succeeded => self.succeed(slot, message, mv),
            AttemptResult::Failed => {
                let visit = self.change(slot, mv);
                visit.failures += 1;
                let more_tries = visit.failures <= self.action_at(slot).retry_times;
                if more_tries {
                    let message = format!("{ENDED}; {message}");
                    self.close(slot, VisitEvent::Killed, message, mv);
                } else {
                    self.fail(slot, message, mv);
                }
            }
            AttemptResult::Killed
            | AttemptResult::TimedOut
            | AttemptResult::Revoked
            | AttemptResult::Moved => {
                let message = self.killed_message(slot, message);
                self.close(slot, VisitEvent::Killed, message, mv);
            }
        }
    }

    /// Why a visit ends as killed: what its record says already (a timeout), or `otherwise`.
    pub(super) fn killed_message(&self, slot: Slot, otherwise: String) -> String {
        let visit = self.at(slot);
        if visit.status == VisitStatus::Running && !visit.message.is_empty() {
            visit.message.clone()
        } else if otherwise.is_empty() {
            ENDED.to_owned()
        } else {
            otherwise
        }
    }

    fn succeed(&mut self, slot: Slot, message: String, mv: &mut Move<'_>) {
        let ok = self.action_at(slot).ok;
        self.close(slot, VisitEvent::Succeeded, message, mv);
        self.go_on(slot, ok, mv);
    }

    /// The tries of a step are used up: on by `error`, or the instance fails.
    pub(super) fn fail(&mut self, slot: Slot, message: String, mv: &mut Move<'_>) {
        let error = self.action_at(slot).error;
        let name = self.at(slot).id.step.clone();
        self.close(slot, VisitEvent::Failed, message.clone(), mv);
        match error {
            Some(step) => self.go_on(slot, step, mv),
            None if message.is_empty() => {
                self.decide(Outcome::Failed, format!("step {name:?} failed"), mv);
            }
            None => {
                let message = format!("step {name:?} failed: {message}");
                self.decide(Outcome::Failed, message, mv);
            }
        }
    }

    /// Records the end of a visit's live attempt; its slot is free.
    pub(super) fn end_attempt(&mut self, slot: Slot, end: End, mv: &mut Move<'_>) -> AttemptId {
        let token = self.token(slot);
        token.doubted = false;
        let attempt = token.attempt.take().expect("it is live");
        let mut attempt = *attempt;
        attempt.status = attempt
            .status
            .after(end.event)
            .expect("a live attempt may end");
        attempt.started_at = attempt.started_at.or(end.started_at);
        attempt.ended_at = Some(end.ended_at);
        attempt.exit_code = end.exit_code;
        attempt.message = end.message;
        if let Some(at) = attempt.started_at {
            let visit = self.change(slot, mv);
            visit.started_at = visit.started_at.or(Some(at));
        }
        let id = attempt.id.clone();
        mv.effects.freed.push((id.clone(), attempt.node.clone()));
        mv.effects.attempts.push(attempt);
        id
    }
}

fn event_of(result: AttemptResult) -> AttemptEvent {
    match result {
        AttemptResult::Succeeded => AttemptEvent::Succeeded,
        AttemptResult::Failed => AttemptEvent::Failed,
        AttemptResult::Killed | AttemptResult::TimedOut => AttemptEvent::Killed,
        AttemptResult::Revoked | AttemptResult::Moved => AttemptEvent::Lost,
    }
}
