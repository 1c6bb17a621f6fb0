//! What waits for time: the next try of a visit, and the timeout of its step.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{AttemptId, Outcome, VisitEvent, VisitStatus};
use peerflow_workflow::{Action, Backoff};
use rand::Rng;
use rand::rngs::SmallRng;

use super::{Move, Notice, Run, RunEffects, Slot};
use crate::event::Now;

/// Longest time between tries under exponential backoff.
const MAX_BACKOFF: Duration = Duration::from_secs(60 * 60);

impl Run {
    /// Does what time has come for: tries that are due, timeouts that have passed.
    pub(crate) fn wake(&mut self, now: Now, _rng: &mut SmallRng, effects: &mut RunEffects) {
        let mut mv = Move::new(now, effects);
        while let Some(&(due, slot)) = self.timers.first()
            && due <= now.monotonic
        {
            self.timers.remove(&(due, slot));
            let token = self.token(slot);
            if token.deadline.is_some_and(|at| at <= now.monotonic) {
                self.time_out(slot, &mut mv);
            } else if token.retry.is_some_and(|at| at <= now.monotonic) {
                token.retry = None;
                self.turn(slot, VisitEvent::Requeued, &mut mv);
                self.make_ready(slot, &mut mv);
            }
        }
        self.conclude(mv);
    }

    /// When [`Run::wake`] is of use, on the scale of [`Now::monotonic`].
    pub(crate) fn next_wakeup(&self) -> Option<Duration> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// A try failed: another one follows now or later, or the step fails.
    pub(super) fn try_failed(
        &mut self,
        slot: Slot,
        attempt: AttemptId,
        message: String,
        rng: &mut SmallRng,
        mv: &mut Move<'_>,
    ) {
        let visit = self.change(slot, mv);
        visit.failures += 1;
        let failures = visit.failures;
        let number = attempt.attempt;
        let action = self.action_at(slot);
        let retry_times = action.retry_times;
        if retry_times > 0 {
            let notice = Notice::TryFailed { attempt, failures };
            mv.effects.notices.push(notice);
        }
        if failures > retry_times {
            self.fail(slot, message, mv);
            return;
        }
        let wait = wait_before_retry(action, failures, rng);
        self.change(slot, mv).message = if message.is_empty() {
            format!("try {number} failed")
        } else {
            format!("try {number} failed: {message}")
        };
        if wait.is_zero() {
            self.turn(slot, VisitEvent::Requeued, mv);
            self.make_ready(slot, mv);
        } else {
            self.turn(slot, VisitEvent::RetryScheduled, mv);
            self.change(slot, mv).retry_at = Some(later(mv.now.wall, wait));
            self.start_retry(slot, mv.now.monotonic.saturating_add(wait));
        }
    }

    /// The step's timeout has passed: its visit ends as killed, and the instance with it.
    pub(super) fn time_out(&mut self, slot: Slot, mv: &mut Move<'_>) {
        let timeout = self.action_at(slot).timeout.unwrap_or_default();
        let message = format!("timed out after {} s", timeout.as_secs_f64());
        let visit = self.at(slot);
        let name = visit.id.step.clone();
        if self.tokens[&slot].attempt.is_some() {
            self.change(slot, mv).message.clone_from(&message);
        } else {
            if visit.status == VisitStatus::Pending && !mv.ready.contains(&slot) {
                mv.effects.withdrawn.push(visit.id.clone());
            }
            self.close(slot, VisitEvent::Killed, message.clone(), mv);
        }
        self.decide(Outcome::Killed, format!("step {name:?} {message}"), mv);
    }

    /// Sets the timer of the step's timeout, from its first dispatch on; returns when it will have passed.
    pub(super) fn start_deadline(&mut self, slot: Slot, now: Now) -> Option<Duration> {
        if let Some(deadline) = self.tokens[&slot].deadline {
            return Some(deadline);
        }
        let timeout = self.action_at(slot).timeout?;
        let dispatched = self.at(slot).dispatched_at?;
        let left = timeout.saturating_sub(since(dispatched, now.wall));
        let deadline = now.monotonic.saturating_add(left);
        self.token(slot).deadline = Some(deadline);
        self.timers.insert((deadline, slot));
        Some(deadline)
    }

    /// The first dispatch did not count after all.
    pub(super) fn stop_deadline(&mut self, slot: Slot) {
        if let Some(deadline) = self.token(slot).deadline.take() {
            self.timers.remove(&(deadline, slot));
        }
    }

    /// The next try is not due any more.
    pub(super) fn stop_retry(&mut self, slot: Slot) {
        if let Some(due) = self.token(slot).retry.take() {
            self.timers.remove(&(due, slot));
        }
    }

    /// Sets the timer of the next try.
    fn start_retry(&mut self, slot: Slot, due: Duration) {
        self.token(slot).retry = Some(due);
        self.timers.insert((due, slot));
    }

    /// Sets the timer of the next try again after a restart. A clock that was set back does not make it wait longer
    /// than it could have had to wait at first.
    pub(super) fn resume_retry(&mut self, slot: Slot, now: Now) {
        let due = self.at(slot).retry_at.unwrap_or(now.wall);
        let longest = longest_wait(self.action_at(slot), self.at(slot).failures);
        let left = since(now.wall, due).min(longest);
        self.start_retry(slot, now.monotonic.saturating_add(left));
    }
}

/// How long to wait before the try that follows the `failures`th failure.
fn wait_before_retry(action: &Action, failures: u32, rng: &mut SmallRng) -> Duration {
    match action.backoff {
        Backoff::Fixed => action.interval,
        Backoff::Exponential => doubled(action, failures)
            .mul_f64(rng.random_range(0.8..1.2))
            .min(MAX_BACKOFF),
    }
}

/// The longest that [`wait_before_retry`] may say.
fn longest_wait(action: &Action, failures: u32) -> Duration {
    match action.backoff {
        Backoff::Fixed => action.interval,
        Backoff::Exponential => doubled(action, failures).mul_f64(1.2).min(MAX_BACKOFF),
    }
}

fn doubled(action: &Action, failures: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    action.interval.saturating_mul(factor).min(MAX_BACKOFF)
}

/// Time from `earlier` to `later`; zero when the clock was set back.
fn since(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// `wall` and `wait`; the last instant there is when that is past it.
fn later(wall: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| wall.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}
