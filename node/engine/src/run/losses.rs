//! Lost nodes, and held visits: see `on-partition` of the language.

use peerflow_model::{AttemptEvent, AttemptId, VisitEvent, VisitId, VisitStatus};
use peerflow_workflow::OnPartition;
use rand::rngs::SmallRng;

use super::attempts::End;
use super::ending::ENDED;
use super::{Loss, Move, Run, RunEffects, Slot};
use crate::event::Now;

/// After how many losses of one visit its step fails.
const MAX_LOSSES: u32 = 3;

impl Run {
    /// A node that was silent still runs this attempt: a held visit runs again.
    pub(crate) fn found(&mut self, attempt: &AttemptId, now: Now, effects: &mut RunEffects) {
        let Some(slot) = self.slot_of_live(attempt) else {
            return;
        };
        let mut mv = Move::new(now, effects);
        self.trust(slot);
        self.unhold(slot, &mut mv);
        self.conclude(mv);
    }

    /// A node is lost, and its attempt with it as far as `loss` and the action's `on-partition` say. A lost try starts
    /// a new one without using `retry-times`; the third loss of a visit fails its step. A held visit waits for
    /// [`Run::release`]; its attempt counts as live until it is `Gone` or released. Once the outcome is decided an
    /// attempt is over only when it surely is: `Down` changes nothing then.
    pub(crate) fn lose(
        &mut self,
        attempt: &AttemptId,
        loss: Loss,
        now: Now,
        _rng: &mut SmallRng,
        effects: &mut RunEffects,
    ) {
        let Some(slot) = self.slot_of_live(attempt) else {
            return;
        };
        let mut mv = Move::new(now, effects);
        let policy = self.action_at(slot).on_partition;
        let doubted = self.tokens[&slot].doubted;
        let surely = match loss {
            Loss::Down => false,
            Loss::Certain => policy != OnPartition::Hold,
            Loss::Gone => true,
        };
        let message = format!("node {} is lost", self.node(slot));
        if self.instance.ending.is_some() {
            if surely {
                self.end_attempt(slot, End::lost(message.clone(), now), &mut mv);
                self.change(slot, &mut mv).losses += 1;
                let message = self.killed_message(slot, format!("{ENDED}; {message}"));
                self.close(slot, VisitEvent::Killed, message, &mut mv);
            }
        } else if policy == OnPartition::Hold {
            self.hold(slot, surely, message, &mut mv);
        } else if doubted && (surely || policy == OnPartition::Rerun) {
            // It may have ended, and others after it, in what the store has lost.
            let message = format!("{message}, and the store went back");
            self.hold(slot, surely, message, &mut mv);
        } else if surely || policy == OnPartition::Rerun {
            self.try_lost(slot, End::lost(message, now), &mut mv);
        }
        self.conclude(mv);
    }

    /// An operator's word on a held visit: it is over; run it again, or let its step fail.
    ///
    /// # Errors
    /// When the visit is unknown or not held.
    pub(crate) fn release(
        &mut self,
        visit: &VisitId,
        run_again: bool,
        now: Now,
        _rng: &mut SmallRng,
        effects: &mut RunEffects,
    ) -> Result<(), String> {
        let held = self
            .slot(visit)
            .filter(|&slot| self.at(slot).status == VisitStatus::Lost);
        let Some(slot) = held else {
            return Err(format!("visit {visit} is not held"));
        };
        let mut mv = Move::new(now, effects);
        if self.tokens[&slot].attempt.is_some() {
            let message = format!("node {} is lost; released by an operator", self.node(slot));
            self.end_attempt(slot, End::lost(message, now), &mut mv);
            self.change(slot, &mut mv).losses += 1;
        }
        if self.instance.ending.is_some() {
            self.close(slot, VisitEvent::Killed, ENDED.to_owned(), &mut mv);
        } else if run_again {
            self.turn(slot, VisitEvent::Requeued, &mut mv);
            self.change(slot, &mut mv).message = "run again by an operator".to_owned();
            self.make_ready(slot, &mut mv);
        } else {
            let message = match self.node(slot) {
                "" => "given up by an operator".to_owned(),
                node => format!("node {node} is lost; given up by an operator"),
            };
            self.fail(slot, message, &mut mv);
        }
        self.conclude(mv);
        Ok(())
    }

    /// A held attempt gave a sign of life.
    pub(super) fn unhold(&mut self, slot: Slot, mv: &mut Move<'_>) {
        if self.at(slot).status == VisitStatus::Lost {
            self.turn(slot, VisitEvent::Found, mv);
            self.change(slot, mv).message.clear();
        }
    }

    /// The try is lost; another one follows, or after too many losses the step fails.
    pub(super) fn try_lost(&mut self, slot: Slot, end: End, mv: &mut Move<'_>) {
        let message = end.message.clone();
        let end = End {
            event: AttemptEvent::Lost,
            ..end
        };
        self.end_attempt(slot, end, mv);
        let visit = self.change(slot, mv);
        visit.losses += 1;
        visit.message.clone_from(&message);
        if visit.losses >= MAX_LOSSES {
            let message =
                format!("lost {MAX_LOSSES} times with its node; the last time: {message}");
            self.fail(slot, message, mv);
        } else {
            self.turn(slot, VisitEvent::Requeued, mv);
            self.make_ready(slot, mv);
        }
    }

    /// The try was ended by its node, which stops or drains: another one follows, and nobody is to blame.
    pub(super) fn try_moved(&mut self, slot: Slot, end: End, mv: &mut Move<'_>) {
        let message = end.message.clone();
        self.end_attempt(slot, end, mv);
        self.change(slot, mv).message = message;
        self.turn(slot, VisitEvent::Requeued, mv);
        self.make_ready(slot, mv);
    }

    /// The visit waits for an operator. When the attempt is `surely` over, it is lost.
    pub(super) fn hold(&mut self, slot: Slot, surely: bool, message: String, mv: &mut Move<'_>) {
        if surely {
            self.end_attempt(slot, End::lost(message.clone(), mv.now), mv);
            self.change(slot, mv).losses += 1;
        }
        if self.at(slot).status == VisitStatus::Running {
            self.turn(slot, VisitEvent::Held, mv);
        }
        let message = format!("{message}; held for an operator: release it or let it fail");
        if self.at(slot).message != message {
            self.change(slot, mv).message = message;
        }
    }
}
