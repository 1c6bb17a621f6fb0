//! A run in a store that went back: what may have gone on since waits for an operator.

use peerflow_model::{Epoch, VisitEvent, VisitId, VisitStatus};
use peerflow_workflow::StepKind;

use super::{Move, Run, Slot};

/// Why what waits is held.
const MAY_HAVE_RUN: &str =
    "the store went back: this may have run since; held for an operator: release it or let it fail";

/// What is in doubt in a store that went back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    /// Attempts of earlier epochs, as long as no worker tells of them.
    pub(crate) before: Epoch,
    /// Nobody has written down yet what else is: every action that waits for a node or its next try.
    pub(crate) fresh: bool,
}

impl Run {
    /// Doubts what may have gone on since: attempts until a worker tells of them; what waits is held at once.
    pub(super) fn doubt(&mut self, doubt: Doubt, mv: &mut Move<'_>) {
        let slots: Vec<Slot> = self.tokens.keys().copied().collect();
        for slot in slots {
            let token = self.token(slot);
            let attempt = token.attempt.as_ref();
            token.doubted = attempt.is_some_and(|attempt| attempt.epoch < doubt.before);
            let waits = matches!(
                self.at(slot).status,
                VisitStatus::Pending | VisitStatus::Waiting
            );
            if doubt.fresh && waits && self.is_action(slot) && self.instance.ending.is_none() {
                self.stop_retry(slot);
                self.turn(slot, VisitEvent::Held, mv);
                MAY_HAVE_RUN.clone_into(&mut self.change(slot, mv).message);
            }
        }
    }

    /// A worker told of the attempt: it is what the store says.
    pub(super) fn trust(&mut self, slot: Slot) {
        self.token(slot).doubted = false;
    }

    /// Visits that wait for an operator, or whose attempt is in doubt.
    pub(crate) fn in_doubt(&self) -> impl Iterator<Item = &VisitId> {
        let doubted =
            |slot: &Slot| self.at(*slot).status == VisitStatus::Lost || self.tokens[slot].doubted;
        let slots = self.tokens.keys().copied().filter(doubted);
        slots.map(|slot| &self.at(slot).id)
    }

    /// Whether the visit still waits for an operator, or its attempt is still in doubt.
    pub(crate) fn is_in_doubt(&self, visit: &VisitId) -> bool {
        let slot = self.slot(visit);
        let token = slot.and_then(|slot| self.tokens.get(&slot));
        token.is_some_and(|token| token.doubted)
            || slot.is_some_and(|slot| self.at(slot).status == VisitStatus::Lost)
    }

    /// Held visits, each with whether its attempt is surely over.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&VisitId, bool)> {
        let held = |slot: &Slot| self.at(*slot).status == VisitStatus::Lost;
        let slots = self.tokens.keys().copied().filter(held);
        slots.map(|slot| (&self.at(slot).id, self.tokens[&slot].attempt.is_none()))
    }

    fn is_action(&self, slot: Slot) -> bool {
        matches!(
            self.workflow.step(self.tokens[&slot].step).kind,
            StepKind::Action(_)
        )
    }
}
