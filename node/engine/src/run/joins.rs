//! What the joins of a run wait for: for each join, how many live tokens can still reach it.

use std::collections::BTreeSet;

use peerflow_workflow::{StepIndex, StepName, Workflow};

use super::Slot;
use super::reach::Reach;

/// Tallies of live tokens, kept up to date token by token. Joins are known by their ordinals.
#[derive(Debug)]
pub(super) struct Joins {
    reach: Reach,
    /// Live tokens at actions that can reach each join.
    work: Vec<u32>,
    /// Other waiting joins that can reach each join.
    joins: Vec<u32>,
    /// The visit at which arrivals wait at each join.
    waiting: Vec<Option<Slot>>,
    /// A bit for each join at which arrivals wait.
    waiting_bits: Vec<u64>,
    /// Joins with arrivals that nothing can reach: they go on.
    open: BTreeSet<usize>,
    /// Joins with arrivals that only other waiting joins can reach.
    stuck: BTreeSet<usize>,
}

impl Joins {
    /// Of a run of `workflow` in which `skip` is skipped; `None` when it has no join.
    pub(super) fn of(workflow: &Workflow, skip: &BTreeSet<StepName>) -> Option<Box<Self>> {
        let reach = Reach::of(workflow, skip)?;
        let room = reach.words() * 64;
        Some(Box::new(Self {
            work: vec![0; room],
            joins: vec![0; room],
            waiting: vec![None; reach.len()],
            waiting_bits: vec![0; reach.words()],
            reach,
            open: BTreeSet::new(),
            stuck: BTreeSet::new(),
        }))
    }

    /// A token came to `step`; at a join it waits as visit `slot`.
    pub(super) fn enter(&mut self, step: StepIndex, slot: Slot) {
        if let Some(join) = self.reach.ordinal(step) {
            self.waiting[join] = Some(slot);
            self.waiting_bits[join / 64] |= 1 << (join % 64);
            self.file(join);
        }
        self.tally(step, |count| *count += 1);
    }

    /// The token that came to `step` is gone.
    pub(super) fn leave(&mut self, step: StepIndex) {
        if let Some(join) = self.reach.ordinal(step) {
            self.waiting[join] = None;
            self.waiting_bits[join / 64] &= !(1 << (join % 64));
            self.file(join);
        }
        self.tally(step, |count| *count -= 1);
    }

    /// The visit at which arrivals wait at that join.
    pub(super) fn waiting(&self, step: StepIndex) -> Option<Slot> {
        self.waiting[self.reach.ordinal(step)?]
    }

    /// A join that goes on, if one does.
    pub(super) fn next_open(&self) -> Option<Slot> {
        self.open.first().and_then(|&join| self.waiting[join])
    }

    /// When no join is open: those that wait for each other, or for such joins, and for nothing else.
    pub(super) fn stuck(&self) -> impl Iterator<Item = StepIndex> {
        self.stuck.iter().map(|&join| self.reach.join(join))
    }

    /// Those of [`Joins::stuck`] that can reach another of them and be reached by it.
    pub(super) fn mutually_stuck(&self) -> Vec<StepIndex> {
        let mutual = |&one: &usize| {
            let step = self.reach.join(one);
            self.stuck.iter().any(|&other| {
                one != other
                    && self.reach.reaches(step, other)
                    && self.reach.reaches(self.reach.join(other), one)
            })
        };
        let joins = self.stuck.iter().copied().filter(mutual);
        joins.map(|join| self.reach.join(join)).collect()
    }

    /// Changes the tallies of all joins that `step` reaches, itself excepted: a token waiting at a join reaches that
    /// join only by passing through it.
    fn tally(&mut self, step: StepIndex, change: impl Fn(&mut u32)) {
        let own = self.reach.ordinal(step);
        for word in 0..self.reach.words() {
            let mut bits = self.reach.word(step, word);
            if let Some(own) = own
                && own / 64 == word
            {
                bits &= !(1 << (own % 64));
            }
            let counts = if own.is_some() {
                &mut self.joins
            } else {
                &mut self.work
            };
            let counts = &mut counts[word * 64..word * 64 + 64];
            // Rows of workflows with many joins in a row are full: no need to look for the bits.
            if bits == u64::MAX {
                counts.iter_mut().for_each(&change);
            } else {
                each_bit(bits, |bit| change(&mut counts[bit]));
            }
            each_bit(bits & self.waiting_bits[word], |bit| {
                self.file(word * 64 + bit);
            });
        }
    }

    /// Puts a join where its tallies say.
    fn file(&mut self, join: usize) {
        let idle = self.waiting[join].is_some() && self.work[join] == 0;
        if idle && self.joins[join] == 0 {
            self.open.insert(join);
        } else {
            self.open.remove(&join);
        }
        if idle && self.joins[join] > 0 {
            self.stuck.insert(join);
        } else {
            self.stuck.remove(&join);
        }
    }
}

fn each_bit(mut bits: u64, mut f: impl FnMut(usize)) {
    while bits != 0 {
        f(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}
