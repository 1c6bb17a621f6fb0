//! Which of several joins of a loop come first in a lap.
//!
//! Joins inside one loop can all reach each other, by way of the next lap. Where they wait only for each other, those
//! that the loop comes to first go on: inner joins before the outer one. Joins that no loop puts in order (a cycle
//! entered at several places) stay as they are.

use std::collections::BTreeSet;

use peerflow_workflow::{StepIndex, StepName, Workflow};

use super::reach::successor;

const NONE: usize = usize::MAX;

/// Of joins that only wait for each other, those that none of them reaches within a lap.
pub(super) fn first_in_lap(
    workflow: &Workflow,
    skip: &BTreeSet<StepName>,
    joins: impl Iterator<Item = StepIndex>,
) -> Vec<StepIndex> {
    let flow = Flow::of(workflow, skip);
    let mut joins: Vec<StepIndex> = joins.collect();
    let mut reached = vec![false; workflow.steps.len()];
    let mut path: Vec<usize> = joins.iter().map(|join| join.0 as usize).collect();
    while let Some(at) = path.pop() {
        for next in (0..).map_while(|nth| successor(workflow, skip, at, nth)) {
            if !flow.dominates(next, at) && !std::mem::replace(&mut reached[next], true) {
                path.push(next);
            }
        }
    }
    joins.retain(|join| !reached[join.0 as usize]);
    joins
}

/// The steps that can be reached from `start`, and their dominators (Cooper, Harvey and Kennedy).
struct Flow {
    /// Position of each step in reverse postorder.
    position: Vec<usize>,
    /// Position of the immediate dominator, by position.
    dominator: Vec<usize>,
}

impl Flow {
    fn of(workflow: &Workflow, skip: &BTreeSet<StepName>) -> Self {
        let order = reverse_postorder(workflow, skip);
        let mut position = vec![NONE; workflow.steps.len()];
        for (at, &step) in order.iter().enumerate() {
            position[step] = at;
        }
        let mut before = vec![Vec::new(); order.len()];
        for (at, &step) in order.iter().enumerate() {
            for next in (0..).map_while(|nth| successor(workflow, skip, step, nth)) {
                before[position[next]].push(at);
            }
        }
        let mut dominator = vec![NONE; order.len()];
        dominator[0] = 0;
        let mut settled = false;
        while !settled {
            settled = true;
            for at in 1..order.len() {
                let known = before[at].iter().copied().filter(|&p| dominator[p] != NONE);
                let new = known
                    .reduce(|one, other| meet(&dominator, one, other))
                    .unwrap_or(NONE);
                settled &= new == dominator[at];
                dominator[at] = new;
            }
        }
        Self {
            position,
            dominator,
        }
    }

    /// Whether every way from `start` to `step` leads over `over`: then an edge from `step` to `over` begins a lap.
    fn dominates(&self, over: usize, step: usize) -> bool {
        let (over, mut at) = (self.position[over], self.position[step]);
        if over == NONE || at == NONE {
            return false;
        }
        while at > over {
            at = self.dominator[at];
        }
        at == over
    }
}

/// The nearest dominator of both.
fn meet(dominator: &[usize], mut one: usize, mut other: usize) -> usize {
    while one != other {
        while one > other {
            one = dominator[one];
        }
        while other > one {
            other = dominator[other];
        }
    }
    one
}

fn reverse_postorder(workflow: &Workflow, skip: &BTreeSet<StepName>) -> Vec<usize> {
    let start = workflow.start.0 as usize;
    let mut seen = vec![false; workflow.steps.len()];
    seen[start] = true;
    let mut path = vec![(start, 0)];
    let mut order = Vec::new();
    while let Some((at, nth)) = path.last_mut() {
        if let Some(next) = successor(workflow, skip, *at, *nth) {
            *nth += 1;
            if !std::mem::replace(&mut seen[next], true) {
                path.push((next, 0));
            }
        } else {
            order.push(*at);
            path.pop();
        }
    }
    order.reverse();
    order
}
