//! What leads where in a workflow, by its document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peerflow_model::VisitStatus;
use peerflow_workflow::{Document, StepIndex, StepKind, StepName, Workflow};

/// The steps of a registered document. Its values may still hold parameters, its structure is final.
#[derive(Debug)]
pub(super) struct Graph {
    workflow: Arc<Workflow>,
    by_name: BTreeMap<StepName, StepIndex>,
}

impl Graph {
    /// Of a workflow's document; `None` where it is none.
    pub(super) fn read(xml: &str) -> Option<Self> {
        let Ok((Document::Workflow(document), _warnings)) = Document::parse(xml) else {
            return None;
        };
        let workflow = Arc::new(document.workflow().clone());
        let names = workflow.steps.iter().map(|step| step.name.clone());
        let by_name = names.zip((0..).map(StepIndex)).collect();
        Some(Self { workflow, by_name })
    }

    /// How many instances may run at once.
    pub(super) fn limit(&self) -> usize {
        self.workflow.instance_limit as usize
    }

    /// Whether `step` is the entry.
    pub(super) fn is_start(&self, step: &StepName) -> bool {
        self.by_name.get(step) == Some(&self.workflow.start)
    }

    /// Whether `step` goes on to several others.
    pub(super) fn is_fork(&self, step: &StepName) -> bool {
        matches!(self.kind(step), Some(StepKind::Fork { .. }))
    }

    /// Whether `step` is a join.
    pub(super) fn is_join(&self, step: &StepName) -> bool {
        matches!(self.kind(step), Some(StepKind::Join { .. }))
    }

    /// Whether a visit of `from` that stands so goes on to `to`.
    pub(super) fn leads(&self, from: &StepName, status: VisitStatus, to: &StepName) -> bool {
        let (Some(kind), Some(&to)) = (self.kind(from), self.by_name.get(to)) else {
            return false;
        };
        match (kind, status) {
            (StepKind::Action(action), VisitStatus::Failed) => action.error == Some(to),
            (StepKind::Action(action), VisitStatus::Succeeded | VisitStatus::Skipped) => {
                action.ok == to
            }
            (
                StepKind::Start { to: next } | StepKind::Join { to: next },
                VisitStatus::Succeeded,
            ) => *next == to,
            (StepKind::Fork { paths }, VisitStatus::Succeeded) => paths.contains(&to),
            _ => false,
        }
    }

    /// All steps that come to `join` by at least one edge; a step in `skip` never takes its `error`.
    pub(super) fn reaching(
        &self,
        join: &StepName,
        skip: &BTreeSet<StepName>,
    ) -> BTreeSet<StepName> {
        let mut before: BTreeMap<StepIndex, Vec<StepIndex>> = BTreeMap::new();
        for (at, step) in (0..).map(StepIndex).zip(&self.workflow.steps) {
            for next in successors(&step.kind, skip.contains(&step.name)) {
                before.entry(next).or_default().push(at);
            }
        }
        let mut found = BTreeSet::new();
        let mut open: Vec<StepIndex> = self.by_name.get(join).copied().into_iter().collect();
        while let Some(at) = open.pop() {
            for &from in before.get(&at).into_iter().flatten() {
                if found.insert(self.workflow.step(from).name.clone()) {
                    open.push(from);
                }
            }
        }
        found
    }

    fn kind(&self, step: &StepName) -> Option<&StepKind> {
        let index = self.by_name.get(step)?;
        Some(&self.workflow.step(*index).kind)
    }
}

fn successors(kind: &StepKind, skipped: bool) -> Vec<StepIndex> {
    match kind {
        StepKind::Start { to } | StepKind::Join { to } => vec![*to],
        StepKind::Fork { paths } => paths.clone(),
        StepKind::Kill { .. } | StepKind::End => Vec::new(),
        StepKind::Action(action) if skipped || action.ignore => vec![action.ok],
        StepKind::Action(action) => [Some(action.ok), action.error]
            .into_iter()
            .flatten()
            .collect(),
    }
}
