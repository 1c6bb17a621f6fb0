//! How a run ends: its outcome is decided, what still runs is killed, and once all of that is over, so is the run.

use peerflow_model::{Ending, InstanceEvent, Outcome, VisitEvent, VisitStatus};

use super::{Move, Run, RunEffects, Slot};
use crate::event::Now;

/// Message of visits that were cut short by the end of their instance.
pub(crate) const ENDED: &str = "instance ended";

impl Run {
    /// A person or program kills the instance. Nothing happens when its outcome is decided.
    pub(crate) fn kill(&mut self, message: String, now: Now, effects: &mut RunEffects) {
        if self.over() {
            return;
        }
        let mut mv = Move::new(now, effects);
        self.decide(Outcome::Killed, message, &mut mv);
        self.conclude(mv);
    }

    /// The outcome is known; the first one wins. Tokens that do not run end here. Those that run are killed; a held
    /// one, whose attempt may still run somewhere, stays until its end is known or an operator says so.
    pub(super) fn decide(&mut self, outcome: Outcome, message: String, mv: &mut Move<'_>) {
        if self.over() || self.instance.ending.is_some() {
            return;
        }
        self.instance.ending = Some(Ending { outcome, message });
        mv.effects.instance_changed = true;
        self.cut_short(mv);
    }

    /// Ends all tokens that have no attempt and asks for the others to be killed.
    pub(super) fn cut_short(&mut self, mv: &mut Move<'_>) {
        self.timers.clear();
        self.joins = None;
        let reason = self.kill_reason().unwrap_or_default().to_owned();
        let reason = if reason.is_empty() {
            ENDED.to_owned()
        } else {
            format!("{ENDED}: {reason}")
        };
        let slots: Vec<Slot> = self.tokens.keys().copied().collect();
        for slot in slots {
            let token = self.token(slot);
            (token.retry, token.deadline) = (None, None);
            if let Some(attempt) = &self.tokens[&slot].attempt {
                let kill = (attempt.id.clone(), attempt.node.clone(), reason.clone());
                mv.effects.kills.push(kill);
                continue;
            }
            let visit = self.at(slot);
            if visit.status == VisitStatus::Pending && !mv.ready.contains(&slot) {
                mv.effects.withdrawn.push(visit.id.clone());
            }
            self.close(slot, VisitEvent::Killed, ENDED.to_owned(), mv);
        }
    }

    /// Gives the instance its final status once its outcome is decided and every attempt is known to be over.
    pub(super) fn finish(&mut self, mv: &mut Move<'_>) {
        if !self.tokens.is_empty() {
            return;
        }
        let Some(ending) = self.instance.ending.take() else {
            return;
        };
        self.instance.status = self
            .instance
            .status
            .after(InstanceEvent::Ended(ending.outcome))
            .expect("a run that ends was running");
        self.instance.message = ending.message;
        self.instance.ended_at = Some(mv.now.wall);
        mv.effects.instance_changed = true;
    }
}
