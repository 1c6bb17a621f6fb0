//! What the joins of a run wait for: for each join, how many live tokens can still reach it.

use std::collections::BTreeSet;

use peerflow_workflow::{StepIndex, StepName, Workflow};

use super::Slot;
use super::reach::Reach;

/// Tallies of live tokens, kept up to date token by token.
#[derive(Debug)]
pub(super) struct Joins {
    reach: Reach,
    /// By ordinal of the join.
    tallies: Vec<Tally>,
    /// Joins with arrivals that nothing can reach: they go on.
    open: BTreeSet<usize>,
    /// Joins with arrivals that only other waiting joins can reach.
    stuck: BTreeSet<usize>,
}

/// What one join waits for.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// The visit at which arrivals wait.
    waiting: Option<Slot>,
    /// Live tokens at actions that can reach it.
    work: u32,
    /// Other waiting joins that can reach it.
    joins: u32,
}

impl Joins {
    /// Of a run of `workflow` in which `skip` is skipped; `None` when it has no join.
    pub(super) fn of(workflow: &Workflow, skip: &BTreeSet<StepName>) -> Option<Box<Self>> {
        let reach = Reach::of(workflow, skip)?;
        Some(Box::new(Self {
            tallies: vec![Tally::default(); reach.len()],
            reach,
            open: BTreeSet::new(),
            stuck: BTreeSet::new(),
        }))
    }

    /// A token came to `step`; at a join it waits as visit `slot`.
    pub(super) fn enter(&mut self, step: StepIndex, slot: Slot) {
        let join = self.reach.ordinal(step);
        if let Some(join) = join {
            self.tallies[join].waiting = Some(slot);
            self.file(join);
        }
        self.each_reached(step, |tally| {
            if join.is_some() {
                tally.joins += 1;
            } else {
                tally.work += 1;
            }
        });
    }

    /// The token that came to `step` is gone.
    pub(super) fn leave(&mut self, step: StepIndex) {
        let join = self.reach.ordinal(step);
        if let Some(join) = join {
            self.tallies[join].waiting = None;
            self.file(join);
        }
        self.each_reached(step, |tally| {
            if join.is_some() {
                tally.joins -= 1;
            } else {
                tally.work -= 1;
            }
        });
    }

    /// The visit at which arrivals wait at that join.
    pub(super) fn waiting(&self, step: StepIndex) -> Option<Slot> {
        self.tallies[self.reach.ordinal(step)?].waiting
    }

    /// A join that goes on, if one does.
    pub(super) fn next_open(&self) -> Option<Slot> {
        self.open
            .first()
            .and_then(|&join| self.tallies[join].waiting)
    }

    /// When no join is open: those that wait for each other, or for such joins, and for nothing else.
    pub(super) fn stuck(&self) -> impl Iterator<Item = (StepIndex, Slot)> {
        self.stuck
            .iter()
            .filter_map(|&join| Some((self.reach.join(join), self.tallies[join].waiting?)))
    }

    /// Whether two joins can reach each other.
    pub(super) fn mutual(&self, one: StepIndex, other: StepIndex) -> bool {
        match (self.reach.ordinal(one), self.reach.ordinal(other)) {
            (Some(a), Some(b)) => self.reach.reaches(one, b) && self.reach.reaches(other, a),
            _ => false,
        }
    }

    /// Changes the tallies of all joins that `step` reaches, itself excepted: a token waiting at a join reaches that
    /// join only by passing through it.
    fn each_reached(&mut self, step: StepIndex, change: impl Fn(&mut Tally)) {
        for word in 0..self.reach.words() {
            let mut bits = self.reach.word(step, word);
            while bits != 0 {
                let join = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if self.reach.join(join) == step {
                    continue;
                }
                change(&mut self.tallies[join]);
                if self.tallies[join].waiting.is_some() {
                    self.file(join);
                }
            }
        }
    }

    /// Puts a join where its tally says.
    fn file(&mut self, join: usize) {
        let tally = self.tallies[join];
        let idle = tally.waiting.is_some() && tally.work == 0;
        if idle && tally.joins == 0 {
            self.open.insert(join);
        } else {
            self.open.remove(&join);
        }
        if idle && tally.joins > 0 {
            self.stuck.insert(join);
        } else {
            self.stuck.remove(&join);
        }
    }
}
