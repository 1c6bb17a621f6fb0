//! Where it stands what a task does: in its workflow, in a file, in what was observed, or nowhere.

use std::time::Duration;

use peerflow_workflow::{Step, StepIndex, StepKind, Workflow};

use super::behaviour::Behaviour;
use super::given::Given;
use super::hints;
use super::past::{self, Past};
use super::play::{Draw, Play, PlayResult, Purpose};

/// Exit code of failures for which none is said.
const FAILURE: i32 = 1;

/// One past try of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    /// From its start to its end.
    pub took: Duration,
    /// Its exit code when it failed.
    pub failed: Option<i32>,
}

/// What tasks do. Looked for in this order, each thing by itself: hints in the workflow's own texts, what is given in a
/// file, what was observed, the default.
#[derive(Clone, Debug, PartialEq)]
pub struct Playbook {
    given: Given,
    past: Past,
    default_takes: (Duration, Duration),
}

/// Why it cannot be told what tasks do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// A hint in a workflow cannot be read.
    #[error(
        "workflow {workflow:?}, step {step:?} (line {line}): the hint \"simulate: {hint}\" cannot be read: {problem}"
    )]
    Hint {
        workflow: String,
        step: String,
        /// Where the step begins in its document, counted from 1.
        line: u32,
        hint: String,
        /// What was expected.
        problem: String,
    },
    /// A file of durations is no such file.
    #[error("the file of durations cannot be read: {problem}")]
    Sheet { problem: String },
    /// A file of past instances is no such file.
    #[error("the file of past instances cannot be read: {problem}")]
    Past { problem: String },
    /// What a file of durations says of a step cannot be read.
    #[error("in the file of durations, step {step:?} of {workflow:?}: {problem}")]
    Row {
        workflow: String,
        step: String,
        problem: String,
    },
    /// A file of durations names a step that its workflow does not have.
    #[error(
        "the file of durations names step {step:?} of {workflow:?}, which has no such action; correct its name"
    )]
    NoSuchStep { workflow: String, step: String },
}

impl Default for Playbook {
    fn default() -> Self {
        Self {
            given: Given::default(),
            past: Past::new(),
            default_takes: (Duration::from_secs(1), Duration::from_secs(30)),
        }
    }
}

impl Playbook {
    /// With bounds of the time that a task takes of which nothing is known, in place of 1 s and 30 s.
    #[must_use]
    pub fn with_default_takes(mut self, from: Duration, to: Duration) -> Self {
        self.default_takes = (from.min(to), from.max(to));
        self
    }

    /// With what a TOML file gives: `[[step]]` with `workflow`, `step`, `takes`, `fails` and the like.
    ///
    /// # Errors
    /// When the text is no such file, with the step that is wrong.
    pub fn with_given(mut self, toml: &str) -> Result<Self, PlayError> {
        self.given = Given::read(toml)?;
        Ok(self)
    }

    /// With past tries of steps, as JSON of instances with their steps: one of them is drawn for each new try.
    ///
    /// # Errors
    /// When the text is something else, or holds no try that ended.
    pub fn with_past(mut self, json: &str) -> Result<Self, PlayError> {
        self.past = past::read(json)?;
        Ok(self)
    }

    /// Whether all hints of a workflow can be read and what is given for it fits.
    ///
    /// # Errors
    /// The first hint that cannot be read, or the first step given that the workflow does not have.
    pub fn check(&self, workflow: &Workflow) -> Result<(), PlayError> {
        for step in &workflow.steps {
            hint(workflow, step)?;
        }
        if self.given.is_empty() {
            return Ok(());
        }
        let is_action = |name: &str| {
            let found = workflow.find(name);
            found.is_some_and(|at| matches!(workflow.step(at).kind, StepKind::Action(_)))
        };
        match self
            .given
            .steps_of(workflow.name.as_str())
            .find(|name| !is_action(name))
        {
            Some(step) => Err(PlayError::NoSuchStep {
                workflow: workflow.name.to_string(),
                step: step.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// What a task of a step does.
    ///
    /// # Errors
    /// When a hint of the step cannot be read; [`Self::check`] finds it before.
    pub fn play(
        &self,
        workflow: &Workflow,
        step: StepIndex,
        draw: &Draw<'_>,
    ) -> Result<Play, PlayError> {
        let step = workflow.step(step);
        let said = hint(workflow, step)?
            .or(self.given.of(workflow.name.as_str(), step.name.as_str()))
            // Completes what the last of them says of its first tries.
            .or(Behaviour::default());
        let past = self.past.get(&(workflow.name.clone(), step.name.clone()));
        let observed = past
            .filter(|past| !past.is_empty())
            .and_then(|past| past.get(draw.index(Purpose::Observed, past.len())));
        let takes = match (said.takes, observed) {
            (Some(bounds), _) => draw.evenly(bounds.from, bounds.to),
            (None, Some(observed)) => observed.took,
            (None, None) => draw.doubling(self.default_takes.0, self.default_takes.1),
        };
        Ok(Play {
            takes,
            result: result(said, observed, draw),
            lines: said.prints.unwrap_or(0),
            ignores_term: said.ignores_term.unwrap_or(false),
        })
    }
}

fn result(said: Behaviour, observed: Option<&Observed>, draw: &Draw<'_>) -> PlayResult {
    let tries_before =
        (draw.visit.saturating_sub(1)).saturating_add(draw.attempt.saturating_sub(1));
    let exit = said.exit.unwrap_or(FAILURE);
    if said.fails_first.is_some_and(|first| tries_before < first) {
        return PlayResult::Failure(exit);
    }
    if said
        .hangs
        .is_some_and(|share| draw.share(Purpose::Hangs) < share)
    {
        return PlayResult::Hang;
    }
    match (said.fails, observed.and_then(|observed| observed.failed)) {
        (Some(share), _) if draw.share(Purpose::Fails) < share => PlayResult::Failure(exit),
        (None, Some(code)) => PlayResult::Failure(said.exit.unwrap_or(code)),
        (Some(_), _) | (None, None) => PlayResult::Success,
    }
}

fn hint(workflow: &Workflow, step: &Step) -> Result<Behaviour, PlayError> {
    hints::read(step).map_err(|bad| PlayError::Hint {
        workflow: workflow.name.to_string(),
        step: step.name.to_string(),
        line: step.place.line,
        hint: bad.hint,
        problem: bad.problem,
    })
}
