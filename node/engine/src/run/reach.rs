//! Which joins can be reached from which steps, and which skipped steps go round in circles.

use std::collections::BTreeSet;

use peerflow_workflow::{StepIndex, StepKind, StepName, Workflow};

/// The joins that can be reached from each step by at least one edge: one bit for each join.
#[derive(Debug)]
pub(super) struct Reach {
    /// All joins, in order; a join's ordinal is its position here.
    joins: Vec<StepIndex>,
    /// Row of each step; steps that reach each other share one.
    row_of: Vec<u32>,
    /// Words of a row.
    words: usize,
    rows: Vec<u64>,
}

impl Reach {
    /// Of a workflow in which `skip` is skipped; `None` when it has no join.
    pub(super) fn of(workflow: &Workflow, skip: &BTreeSet<StepName>) -> Option<Self> {
        let joins: Vec<StepIndex> = (0_u32..)
            .zip(&workflow.steps)
            .filter(|(_, step)| matches!(step.kind, StepKind::Join { .. }))
            .map(|(at, _)| StepIndex(at))
            .collect();
        if joins.is_empty() {
            return None;
        }
        let words = joins.len().div_ceil(64);
        let mut reach = Self {
            joins,
            row_of: vec![u32::MAX; workflow.steps.len()],
            words,
            rows: Vec::new(),
        };
        let successor = |step: usize, nth| successor(workflow, skip, step, nth);
        components(workflow.steps.len(), successor, |members| {
            reach.add_component(members, successor);
        });
        Some(reach)
    }

    /// Adds steps that reach each other; all they lead to has been added.
    fn add_component(
        &mut self,
        members: &[usize],
        successor: impl Fn(usize, usize) -> Option<usize>,
    ) {
        if let [only] = members
            && let (Some(next), None) = (successor(*only, 0), successor(*only, 1))
            && next != *only
            && self.ordinal(step_index(next)).is_none()
        {
            self.row_of[*only] = self.row_of[next];
            return;
        }
        let row = self.rows.len() / self.words;
        self.rows.resize(self.rows.len() + self.words, 0);
        for &member in members {
            self.row_of[member] = u32::try_from(row).expect("no more rows than steps");
        }
        for &member in members {
            for next in (0..).map_while(|nth| successor(member, nth)) {
                if let Some(join) = self.ordinal(step_index(next)) {
                    self.rows[row * self.words + join / 64] |= 1 << (join % 64);
                }
                let from = self.row_of[next] as usize;
                if from != row {
                    for word in 0..self.words {
                        self.rows[row * self.words + word] |= self.rows[from * self.words + word];
                    }
                }
            }
        }
    }

    /// How many joins there are.
    pub(super) fn len(&self) -> usize {
        self.joins.len()
    }

    /// Words of a step's row.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Bits of the joins `64 * word ..` that `step` reaches.
    pub(super) fn word(&self, step: StepIndex, word: usize) -> u64 {
        self.rows[self.row_of[step.0 as usize] as usize * self.words + word]
    }

    /// Whether `step` reaches the join `ordinal`.
    pub(super) fn reaches(&self, step: StepIndex, ordinal: usize) -> bool {
        self.word(step, ordinal / 64) >> (ordinal % 64) & 1 == 1
    }

    /// Position of a join among the joins; `None` for other steps.
    pub(super) fn ordinal(&self, step: StepIndex) -> Option<usize> {
        self.joins.binary_search(&step).ok()
    }

    /// The join of that ordinal.
    pub(super) fn join(&self, ordinal: usize) -> StepIndex {
        self.joins[ordinal]
    }
}

/// Skipped actions that lead back to themselves through nothing but skipped actions, forks and joins: a token there
/// would go round for ever.
pub(super) fn circles(workflow: &Workflow, skip: &BTreeSet<StepName>) -> BTreeSet<StepIndex> {
    let mut circles = BTreeSet::new();
    if !(0..workflow.steps.len()).any(|step| is_skipped(workflow, skip, step)) {
        return circles;
    }
    let instant = |step: usize| {
        !matches!(workflow.steps[step].kind, StepKind::Action(_))
            || is_skipped(workflow, skip, step)
    };
    let successor =
        |step: usize, nth| successor(workflow, skip, step, nth).filter(|_| instant(step));
    components(workflow.steps.len(), successor, |members| {
        let round = members.len() > 1
            || (0..)
                .map_while(|nth| successor(members[0], nth))
                .any(|next| next == members[0]);
        if round {
            let skipped = members
                .iter()
                .filter(|&&step| is_skipped(workflow, skip, step));
            circles.extend(skipped.map(|&step| step_index(step)));
        }
    });
    circles
}

/// Where a step goes on; edges are counted from 0. A skipped action never takes its `error`.
pub(super) fn successor(
    workflow: &Workflow,
    skip: &BTreeSet<StepName>,
    step: usize,
    nth: usize,
) -> Option<usize> {
    let next = match &workflow.steps[step].kind {
        StepKind::Start { to } | StepKind::Join { to } => (nth == 0).then_some(*to),
        StepKind::Fork { paths } => paths.get(nth).copied(),
        StepKind::Kill { .. } | StepKind::End => None,
        StepKind::Action(action) => match nth {
            0 => Some(action.ok),
            1 if !is_skipped(workflow, skip, step) => action.error,
            _ => None,
        },
    };
    next.map(|next| next.0 as usize)
}

/// Whether the step is an action that counts as succeeded without running.
pub(super) fn is_skipped(workflow: &Workflow, skip: &BTreeSet<StepName>, step: usize) -> bool {
    let step = &workflow.steps[step];
    match &step.kind {
        StepKind::Action(action) => action.ignore || skip.contains(&step.name),
        StepKind::Start { .. }
        | StepKind::Fork { .. }
        | StepKind::Join { .. }
        | StepKind::Kill { .. }
        | StepKind::End => false,
    }
}

fn step_index(step: usize) -> StepIndex {
    StepIndex(u32::try_from(step).expect("a document has fewer than 2^32 steps"))
}

/// Tarjan's strongly connected components, without recursion. `emit` gets each after all that it leads to.
fn components(
    len: usize,
    successor: impl Fn(usize, usize) -> Option<usize>,
    mut emit: impl FnMut(&[usize]),
) {
    const UNSEEN: usize = usize::MAX;
    const DONE: usize = usize::MAX - 1;
    let mut order = vec![UNSEEN; len];
    let mut low = vec![0; len];
    let mut seen = 0;
    let mut open = Vec::new();
    let mut path = Vec::new();
    for root in 0..len {
        if order[root] != UNSEEN {
            continue;
        }
        path.push((root, 0));
        while let Some((at, nth)) = path.last_mut() {
            let at = *at;
            if *nth == 0 {
                order[at] = seen;
                low[at] = seen;
                seen += 1;
                open.push(at);
            }
            if let Some(next) = successor(at, *nth) {
                *nth += 1;
                match order[next] {
                    UNSEEN => path.push((next, 0)),
                    DONE => {}
                    earlier => low[at] = low[at].min(earlier),
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[at]);
            }
            if low[at] == order[at] {
                let first = open
                    .iter()
                    .rposition(|&member| member == at)
                    .expect("a root is on the stack");
                for &member in &open[first..] {
                    order[member] = DONE;
                }
                emit(&open[first..]);
                open.truncate(first);
            }
        }
    }
}
