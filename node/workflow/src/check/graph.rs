//! The graph that the steps make: what can be reached, and whether it can go round without doing anything.

use crate::check::Checker;
use crate::definition::{StepIndex, StepKind, Workflow};
use crate::xml::Element;

/// Judges the graph. `moving`: some target is a parameter, so what cannot be reached now may be later.
pub(super) fn check_graph(
    checker: &mut Checker<'_, '_>,
    workflow: &Workflow,
    elements: &[Element<'_, '_>],
    moving: bool,
) {
    let graph = Graph::new(workflow);
    check_entries(checker, workflow, elements);
    if let Some(cycle) = graph.cycle(|kind| !matches!(kind, StepKind::Action(_))) {
        let message = format!(
            "steps that go round without any action: {}",
            names(workflow, &cycle)
        );
        checker.reporter.error(
            elements[cycle[0]].span(),
            message,
            "put an action into the loop, or lead out of it",
        );
    } else if checker.reporter.wants_warnings() {
        let passive = |kind: &StepKind| !matches!(kind, StepKind::Action(action) if !action.ignore);
        if let Some(cycle) = graph.cycle(passive) {
            let message = format!(
                "steps that go round with ignored actions only: {}",
                names(workflow, &cycle)
            );
            checker.reporter.warning(
                elements[cycle[0]].span(),
                message,
                "they never do anything; lead out of the loop",
            );
        }
    }
    if !checker.reporter.wants_warnings() || moving {
        return;
    }
    let reached = graph.reached();
    for (at, step) in workflow.steps.iter().enumerate() {
        if !reached[at] {
            let message = format!("nothing leads to {}, so it never runs", step.name);
            checker.reporter.warning(
                elements[at].span(),
                message,
                "lead to it with to=\"…\", or remove it",
            );
        }
    }
    let ends = |step: usize| {
        matches!(
            workflow.steps[step].kind,
            StepKind::End | StepKind::Kill { .. }
        )
    };
    if !(0..workflow.steps.len()).any(|step| reached[step] && ends(step)) {
        let span = elements[workflow.start.0 as usize].span();
        checker.reporter.warning(
            span,
            "no end can be reached from the start",
            "lead to an <end> somewhere",
        );
    }
    check_joins(checker, workflow, elements, &graph);
}

/// Nothing may lead back to the start.
fn check_entries(checker: &mut Checker<'_, '_>, workflow: &Workflow, elements: &[Element<'_, '_>]) {
    for (at, step) in workflow.steps.iter().enumerate() {
        if targets(&step.kind).any(|to| to == workflow.start) {
            let message = format!("{} leads back to the start", step.name);
            checker.reporter.error(
                elements[at].span(),
                message,
                "lead to the step behind the start instead",
            );
        }
    }
}

fn check_joins(
    checker: &mut Checker<'_, '_>,
    workflow: &Workflow,
    elements: &[Element<'_, '_>],
    graph: &Graph<'_>,
) {
    let mut arriving = vec![0_usize; workflow.steps.len()];
    for &to in &graph.targets {
        arriving[to as usize] += 1;
    }
    for (at, step) in workflow.steps.iter().enumerate() {
        if matches!(step.kind, StepKind::Join { .. }) && arriving[at] == 1 {
            let message = format!("only one way leads to the join {}", step.name);
            checker.reporter.warning(
                elements[at].span(),
                message,
                "lead all branches to it, or leave it out",
            );
        }
    }
}

fn names(workflow: &Workflow, cycle: &[usize]) -> String {
    let mut names: Vec<&str> = cycle
        .iter()
        .take(8)
        .map(|&at| workflow.steps[at].name.as_str())
        .collect();
    if cycle.len() > names.len() {
        names.push("…");
    }
    names.extend(cycle.first().map(|&at| workflow.steps[at].name.as_str()));
    names.join(" → ")
}

/// Where a step of this kind can go on.
fn targets(kind: &StepKind) -> impl Iterator<Item = StepIndex> + '_ {
    let (one, other, many): (_, _, &[StepIndex]) = match kind {
        StepKind::Start { to } | StepKind::Join { to } => (Some(*to), None, &[]),
        StepKind::Fork { paths } => (None, None, paths),
        StepKind::Kill { .. } | StepKind::End => (None, None, &[]),
        StepKind::Action(action) => (Some(action.ok), action.error, &[]),
    };
    one.into_iter().chain(other).chain(many.iter().copied())
}

/// Edges of all steps in one vector: those of step n are `targets[first[n]..first[n + 1]]`.
struct Graph<'w> {
    workflow: &'w Workflow,
    first: Vec<usize>,
    targets: Vec<u32>,
}

impl<'w> Graph<'w> {
    fn new(workflow: &'w Workflow) -> Self {
        let mut first = Vec::with_capacity(workflow.steps.len() + 1);
        let mut all = Vec::with_capacity(workflow.steps.len() * 2);
        for step in &workflow.steps {
            first.push(all.len());
            all.extend(targets(&step.kind).map(|to| to.0));
        }
        first.push(all.len());
        Self {
            workflow,
            first,
            targets: all,
        }
    }

    fn of(&self, step: usize) -> &[u32] {
        &self.targets[self.first[step]..self.first[step + 1]]
    }

    fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.workflow.steps.len()];
        let mut open = vec![self.workflow.start.0 as usize];
        while let Some(step) = open.pop() {
            if !std::mem::replace(&mut reached[step], true) {
                open.extend(self.of(step).iter().map(|&to| to as usize));
            }
        }
        reached
    }

    /// A cycle that has only steps whose kind is `passive`, in order. Depth first without recursion: a workflow may
    /// be a chain of any length.
    fn cycle(&self, passive: impl Fn(&StepKind) -> bool) -> Option<Vec<usize>> {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            Not,
            OnPath,
            Done,
        }
        let count = self.workflow.steps.len();
        let mut seen = vec![Seen::Not; count];
        for root in 0..count {
            if seen[root] != Seen::Not || !passive(&self.workflow.steps[root].kind) {
                continue;
            }
            let mut path = vec![(root, 0)];
            seen[root] = Seen::OnPath;
            while let Some((step, edge)) = path.last_mut() {
                let Some(&to) = self.of(*step).get(*edge) else {
                    seen[*step] = Seen::Done;
                    path.pop();
                    continue;
                };
                *edge += 1;
                let to = to as usize;
                if !passive(&self.workflow.steps[to].kind) {
                    continue;
                }
                match seen[to] {
                    Seen::Done => {}
                    Seen::Not => {
                        seen[to] = Seen::OnPath;
                        path.push((to, 0));
                    }
                    Seen::OnPath => {
                        let from = path.iter().position(|(step, _)| *step == to).unwrap_or(0);
                        return Some(path[from..].iter().map(|(step, _)| *step).collect());
                    }
                }
            }
        }
        None
    }
}
