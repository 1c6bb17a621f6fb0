//! How tokens go through the control steps: start, fork, join, kill, end, and skipped actions.

use peerflow_model::{Outcome, Visit, VisitEvent, VisitId, VisitStatus};
use peerflow_workflow::{StepIndex, StepKind, StepName};

use super::laps::first_in_lap;
use super::reach::is_skipped;
use super::{Move, Run, Slot, Token};

/// How many tokens a run may have at once. A workflow that forks again and again without a join doubles them each time.
const MAX_TOKENS: usize = 100_000;

/// A token on its way to a step.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) step: StepIndex,
    /// Step and number of the visit that led here.
    pub(super) from: Option<(StepName, u32)>,
    /// Number the visit is to have; otherwise the next of its step.
    pub(super) number: Option<u32>,
    /// How many arrivals at a join it stands for.
    pub(super) count: u32,
}

impl Arrival {
    /// One token, led to `step` by the visit `from`.
    pub(super) fn at(step: StepIndex, from: Option<(StepName, u32)>) -> Self {
        Self {
            step,
            from,
            number: None,
            count: 1,
        }
    }
}

impl Run {
    /// Lets every token go as far as it can. Afterwards each stands at an action or waits at a join, or the outcome is
    /// decided.
    pub(super) fn settle(&mut self, mv: &mut Move<'_>) {
        if self.over() {
            return;
        }
        while self.instance.ending.is_none() {
            if let Some(arrival) = mv.arrivals.pop_front() {
                self.arrive(arrival, mv);
            } else if let Some(join) = self.joins.as_ref().and_then(|joins| joins.next_open()) {
                self.go_on_from_join(join, mv);
            } else if !self.untangle(mv) {
                break;
            }
        }
        if self.instance.ending.is_none() && self.tokens.is_empty() {
            let message = "nothing runs, is queued or waits, and no end was reached";
            self.decide(Outcome::Failed, message.to_owned(), mv);
        }
        while let Some(arrival) = mv.arrivals.pop_front() {
            self.bury(arrival, mv);
        }
        self.finish(mv);
    }

    /// A token comes to a step.
    fn arrive(&mut self, arrival: Arrival, mv: &mut Move<'_>) {
        if self.tokens.len() + mv.arrivals.len() >= MAX_TOKENS {
            mv.arrivals.clear();
            let message = format!(
                "more than {MAX_TOKENS} tokens at once, at step {:?}; put a join after its forks",
                self.name(arrival.step)
            );
            self.decide(Outcome::Failed, message, mv);
            return;
        }
        let workflow = self.workflow.clone();
        match &workflow.step(arrival.step).kind {
            StepKind::Start { to } => self.pass(&arrival, &[*to], mv),
            StepKind::Fork { paths } => self.pass(&arrival, paths, mv),
            StepKind::Join { .. } => self.arrive_at_join(&arrival, mv),
            StepKind::Kill { message } => {
                let message = if message.is_empty() {
                    format!("reached kill step {:?}", self.name(arrival.step))
                } else {
                    message.clone()
                };
                let slot = self.open_visit(&arrival, mv);
                self.turn(slot, VisitEvent::Succeeded, mv);
                self.change(slot, mv).message.clone_from(&message);
                self.decide(Outcome::Killed, message, mv);
            }
            StepKind::End => {
                self.pass(&arrival, &[], mv);
                self.decide(Outcome::Succeeded, String::new(), mv);
            }
            StepKind::Action(action) => {
                if is_skipped(&workflow, &self.instance.skip, arrival.step.0 as usize) {
                    self.skip(&arrival, action.ignore, action.ok, mv);
                } else {
                    let slot = self.open_visit(&arrival, mv);
                    self.add_token(slot, arrival.step);
                    self.make_ready(slot, mv);
                }
            }
        }
    }

    /// A step that is over as soon as it is reached.
    fn pass(&mut self, arrival: &Arrival, next: &[StepIndex], mv: &mut Move<'_>) {
        let slot = self.open_visit(arrival, mv);
        self.turn(slot, VisitEvent::Succeeded, mv);
        for &step in next {
            self.go_on(slot, step, mv);
        }
    }

    fn skip(&mut self, arrival: &Arrival, ignored: bool, ok: StepIndex, mv: &mut Move<'_>) {
        let slot = self.open_visit(arrival, mv);
        self.turn(slot, VisitEvent::Skipped, mv);
        let why = if ignored { "is-ignore" } else { "--skip" };
        self.change(slot, mv).message = format!("skipped by {why}");
        if self.circles.contains(&arrival.step) {
            let message = format!(
                "step {:?} is skipped and leads back to itself with nothing to run on the way",
                self.name(arrival.step)
            );
            self.decide(Outcome::Failed, message, mv);
        } else {
            self.go_on(slot, ok, mv);
        }
    }

    fn arrive_at_join(&mut self, arrival: &Arrival, mv: &mut Move<'_>) {
        let waiting = self
            .joins
            .as_ref()
            .and_then(|joins| joins.waiting(arrival.step));
        if let Some(slot) = waiting {
            self.turn(slot, VisitEvent::Arrived, mv);
            self.change(slot, mv).arrivals += arrival.count;
        } else {
            let slot = self.open_visit(arrival, mv);
            self.turn(slot, VisitEvent::Arrived, mv);
            self.add_token(slot, arrival.step);
        }
    }

    /// A join that nothing more can reach consumes what has arrived.
    fn go_on_from_join(&mut self, slot: Slot, mv: &mut Move<'_>) {
        let step = self.tokens[&slot].step;
        let StepKind::Join { to } = self.workflow.step(step).kind else {
            panic!("arrivals wait at joins only");
        };
        self.close(slot, VisitEvent::Succeeded, String::new(), mv);
        self.go_on(slot, to, mv);
    }

    /// Where joins wait for nothing but each other: lets the first of the lap go on, or fails the instance. Whether
    /// there was anything to do.
    fn untangle(&mut self, mv: &mut Move<'_>) -> bool {
        let Some(joins) = &self.joins else {
            return false;
        };
        if joins.stuck().next().is_none() {
            return false;
        }
        let first = first_in_lap(&self.workflow, &self.instance.skip, joins.stuck());
        let slots: Vec<Slot> = first.iter().filter_map(|&j| joins.waiting(j)).collect();
        if slots.is_empty() {
            let mutual = joins.mutually_stuck();
            let names: Vec<&str> = mutual.iter().map(|&join| self.name(join)).collect();
            let message = format!("joins wait only for each other: {}", names.join(", "));
            self.decide(Outcome::Failed, message, mv);
        }
        for slot in slots {
            self.go_on_from_join(slot, mv);
        }
        true
    }

    /// Sends a token on from a visit.
    pub(super) fn go_on(&self, from: Slot, to: StepIndex, mv: &mut Move<'_>) {
        let id = &self.at(from).id;
        mv.arrivals
            .push_back(Arrival::at(to, Some((id.step.clone(), id.visit))));
    }

    /// Records a token that comes to a step of a run whose outcome is decided, so that a recovery goes on there.
    fn bury(&mut self, arrival: Arrival, mv: &mut Move<'_>) {
        let slot = self.open_visit(&arrival, mv);
        self.turn(slot, VisitEvent::Killed, mv);
        self.change(slot, mv).message = super::ending::ENDED.to_owned();
    }

    fn open_visit(&mut self, arrival: &Arrival, mv: &mut Move<'_>) -> Slot {
        let step = self.workflow.step(arrival.step);
        let number = arrival
            .number
            .unwrap_or_else(|| self.last_number(&step.name) + 1);
        let visit = Visit {
            id: VisitId {
                run: self.instance.id.clone(),
                step: step.name.clone(),
                visit: number,
            },
            sequence: self.visits.last().map_or(0, |visit| visit.sequence) + 1,
            step_type: step.kind.type_name().to_owned(),
            status: VisitStatus::Pending,
            from: arrival.from.clone(),
            arrivals: arrival.count,
            attempt: 0,
            failures: 0,
            losses: 0,
            node: None,
            created_at: mv.now.wall,
            dispatched_at: None,
            started_at: None,
            ended_at: None,
            retry_at: None,
            message: String::new(),
        };
        let slot = self.add_visit(visit);
        mv.changed.insert(slot);
        slot
    }

    /// The largest number of a step's visits so far.
    fn last_number(&self, step: &StepName) -> u32 {
        self.slots
            .range((step.clone(), 0)..=(step.clone(), u32::MAX))
            .next_back()
            .map_or(0, |((_, number), _)| *number)
    }

    /// Makes a visit a token of the run.
    pub(super) fn add_token(&mut self, slot: Slot, step: StepIndex) {
        let token = Token {
            step,
            attempt: None,
            doubted: false,
            retry: None,
            deadline: None,
        };
        self.tokens.insert(slot, token);
        if let Some(joins) = &mut self.joins {
            joins.enter(step, slot);
        }
    }

    /// A step's name.
    pub(super) fn name(&self, step: StepIndex) -> &str {
        self.workflow.step(step).name.as_str()
    }
}
