//! One run of an instance: its tokens, visits and attempts, from `start` to its end.
//!
//! A run knows nothing of other runs, queues, slots or peers: [`crate::Engine`] places what becomes ready and tells
//! the run what became of it. A run's live visits are its tokens, so a run is restored from its visits alone.

mod attempts;
mod doubt;
mod ending;
mod joins;
mod laps;
mod losses;
mod reach;
mod recover;
mod restore;
mod retry;
mod tokens;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use peerflow_model::{
    Attempt, AttemptId, Incarnation, Instance, InstanceEvent, NodeId, Visit, VisitEvent, VisitId,
    VisitStatus,
};
use peerflow_workflow::{Action, StepIndex, StepKind, StepName, Workflow};

use crate::event::Now;
pub(crate) use doubt::Doubt;
pub(crate) use ending::ENDED;
use joins::Joins;
pub(crate) use recover::recovery;
use tokens::Arrival;

/// What a run wants done after one move. The caller makes records durable, places what is ready, kills what must go.
#[derive(Debug, Default)]
pub(crate) struct RunEffects {
    /// Visits that changed; the latest state of each, once.
    pub(crate) visits: Vec<Visit>,
    /// Attempts that changed; the latest state of each, once.
    pub(crate) attempts: Vec<Attempt>,
    /// The instance record changed (its `ending`, status or message).
    pub(crate) instance_changed: bool,
    /// Visits of actions that now wait for a slot.
    pub(crate) ready: Vec<VisitId>,
    /// Visits that no longer do.
    pub(crate) withdrawn: Vec<VisitId>,
    /// Attempts to kill, with the reason.
    pub(crate) kills: Vec<(AttemptId, NodeId, String)>,
    /// Attempts that are over: their slots are free.
    pub(crate) freed: Vec<(AttemptId, NodeId)>,
    /// Tries that failed (with the number of failures of the visit so far) and visits that recovered from failures.
    pub(crate) notices: Vec<Notice>,
}

/// What mail may be due for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A try failed; it is the `failures`th of its visit, and its step has `retry-times` > 0.
    TryFailed { attempt: AttemptId, failures: u32 },
    /// A visit succeeded after `failures` failed tries.
    Recovered { attempt: AttemptId, failures: u32 },
    /// A data monitor warns without failing.
    DataExceeded { attempt: AttemptId, warning: String },
}

/// Why an attempt's end will never be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Gossip calls its node dead.
    Down,
    /// Its node's last grant is surely over. An action with `on-partition="hold"` outlives its grant: it may still
    /// run, so for it this says no more than `Down`.
    Certain,
    /// Its node says that it knows nothing of it: it does not run, whatever its `on-partition`.
    Gone,
}

/// One run of an instance. See the module's page.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) instance: Instance,
    pub(crate) workflow: Arc<Workflow>,
    /// All visits, in order of their sequence; a [`Slot`] is a position in it.
    visits: Vec<Visit>,
    /// Where the visit of a step and a number stands.
    slots: BTreeMap<(StepName, u32), Slot>,
    /// The live visits.
    tokens: BTreeMap<Slot, Token>,
    /// When, on the monotonic clock, something is due for a token.
    timers: BTreeSet<(Duration, Slot)>,
    /// What the joins wait for; absent in a workflow without joins and in a run whose outcome is decided.
    joins: Option<Box<Joins>>,
    /// Skipped actions that lead back to themselves with nothing to run on the way.
    circles: BTreeSet<StepIndex>,
}

/// Position of a visit in [`Run::visits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slot(u32);

/// What a live visit needs besides its record.
#[derive(Debug)]
struct Token {
    step: StepIndex,
    /// Its try whose end is not known.
    attempt: Option<Box<Attempt>>,
    /// The store went back, and no worker has told of `attempt` since.
    doubted: bool,
    /// When the next try is due, on the monotonic clock.
    retry: Option<Duration>,
    /// When the step's timeout has passed, on the monotonic clock.
    deadline: Option<Duration>,
}

/// One move of a run under way.
#[derive(Debug)]
struct Move<'e> {
    now: Now,
    effects: &'e mut RunEffects,
    /// Visits whose records changed.
    changed: BTreeSet<Slot>,
    /// Visits that became ready in this move.
    ready: BTreeSet<Slot>,
    /// Tokens on their way to a step.
    arrivals: VecDeque<Arrival>,
}

impl<'e> Move<'e> {
    fn new(now: Now, effects: &'e mut RunEffects) -> Self {
        Self {
            now,
            effects,
            changed: BTreeSet::new(),
            ready: BTreeSet::new(),
            arrivals: VecDeque::new(),
        }
    }
}

impl Run {
    /// A run that has no visits yet.
    fn blank(instance: Instance, workflow: Arc<Workflow>) -> Self {
        let joins = Joins::of(&workflow, &instance.skip);
        let circles = reach::circles(&workflow, &instance.skip);
        Self {
            instance,
            workflow,
            visits: Vec::new(),
            slots: BTreeMap::new(),
            tokens: BTreeMap::new(),
            timers: BTreeSet::new(),
            joins,
            circles,
        }
    }

    /// Starts a waiting instance: visits from `start` on. The instance becomes running.
    pub(crate) fn begin(
        instance: Instance,
        workflow: Arc<Workflow>,
        now: Now,
        effects: &mut RunEffects,
    ) -> Self {
        let mut run = Self::blank(instance, workflow);
        let mut mv = Move::new(now, effects);
        run.leave_queue(&mut mv);
        mv.arrivals.push_back(Arrival::at(run.workflow.start, None));
        run.conclude(mv);
        run
    }

    /// The instance goes from waiting to running.
    fn leave_queue(&mut self, mv: &mut Move<'_>) {
        self.instance.status = self
            .instance
            .status
            .after(InstanceEvent::Started)
            .expect("only a waiting instance begins");
        self.instance.started_at = Some(mv.now.wall);
        self.instance.message.clear();
        mv.effects.instance_changed = true;
    }

    /// Whether the instance has reached its final status.
    pub(crate) fn over(&self) -> bool {
        self.instance.status.is_final()
    }

    /// A visit's record.
    pub(crate) fn visit(&self, id: &VisitId) -> Option<&Visit> {
        self.slot(id).map(|slot| self.at(slot))
    }

    /// The action of a visit, and its step; `None` when the visit is unknown, over, or no action's.
    pub(crate) fn action(&self, id: &VisitId) -> Option<(StepIndex, &Action)> {
        let step = self.tokens.get(&self.slot(id)?)?.step;
        match &self.workflow.step(step).kind {
            StepKind::Action(action) => Some((step, action)),
            StepKind::Start { .. }
            | StepKind::Fork { .. }
            | StepKind::Join { .. }
            | StepKind::Kill { .. }
            | StepKind::End => None,
        }
    }

    /// Attempts whose end is not known, with where they run; those of held visits too.
    pub(crate) fn live_attempts(&self) -> impl Iterator<Item = (&AttemptId, &NodeId, Incarnation)> {
        self.tokens
            .values()
            .filter_map(|token| token.attempt.as_deref())
            .map(|attempt| (&attempt.id, &attempt.node, attempt.incarnation))
    }

    /// Why all attempts of the run are to be killed; `None` while its outcome is not decided.
    fn kill_reason(&self) -> Option<&str> {
        self.instance
            .ending
            .as_ref()
            .map(|ending| ending.message.as_str())
    }

    fn slot(&self, id: &VisitId) -> Option<Slot> {
        if id.run != self.instance.id {
            return None;
        }
        self.slots.get(&(id.step.clone(), id.visit)).copied()
    }

    fn at(&self, slot: Slot) -> &Visit {
        &self.visits[slot.0 as usize]
    }

    /// The visit's record, to be changed; it will be made durable.
    fn change(&mut self, slot: Slot, mv: &mut Move<'_>) -> &mut Visit {
        mv.changed.insert(slot);
        &mut self.visits[slot.0 as usize]
    }

    fn token(&mut self, slot: Slot) -> &mut Token {
        self.tokens
            .get_mut(&slot)
            .expect("a visit that is not over has a token")
    }

    /// The action a token stands at.
    fn action_at(&self, slot: Slot) -> &Action {
        match &self.workflow.step(self.tokens[&slot].step).kind {
            StepKind::Action(action) => action,
            other => panic!("a {} has no tries", other.type_name()),
        }
    }

    /// Moves a visit through the table of states.
    fn turn(&mut self, slot: Slot, event: VisitEvent, mv: &mut Move<'_>) {
        let now = mv.now.wall;
        let visit = self.change(slot, mv);
        visit.status = visit
            .status
            .after(event)
            .expect("a run moves its visits by the table");
        if visit.status.is_final() {
            visit.ended_at = Some(now);
        }
        if visit.status != VisitStatus::Waiting {
            visit.retry_at = None;
        }
    }

    /// Makes a visit's record; of a token the caller takes care.
    fn add_visit(&mut self, visit: Visit) -> Slot {
        let slot =
            Slot(u32::try_from(self.visits.len()).expect("a run has fewer than 2^32 visits"));
        self.slots
            .insert((visit.id.step.clone(), visit.id.visit), slot);
        self.visits.push(visit);
        slot
    }

    /// Ends a live visit.
    fn close(&mut self, slot: Slot, event: VisitEvent, message: String, mv: &mut Move<'_>) {
        self.turn(slot, event, mv);
        self.change(slot, mv).message = message;
        let token = self
            .tokens
            .remove(&slot)
            .expect("a visit that is not over has a token");
        assert!(
            token.attempt.is_none(),
            "a visit ended while the end of its attempt was not known"
        );
        for due in [token.retry, token.deadline].into_iter().flatten() {
            self.timers.remove(&(due, slot));
        }
        if let Some(joins) = &mut self.joins {
            joins.leave(token.step);
        }
    }

    /// An action's visit waits for a slot from now on.
    fn make_ready(&mut self, slot: Slot, mv: &mut Move<'_>) {
        debug_assert_eq!(self.at(slot).status, VisitStatus::Pending);
        mv.ready.insert(slot);
    }

    /// Lets the tokens run as far as they can and hands over what is to be done.
    fn conclude(&mut self, mut mv: Move<'_>) {
        self.settle(&mut mv);
        for slot in mv.changed {
            mv.effects.visits.push(self.at(slot).clone());
        }
        for slot in mv.ready {
            let visit = self.at(slot);
            if visit.status == VisitStatus::Pending {
                mv.effects.ready.push(visit.id.clone());
            }
        }
    }
}
