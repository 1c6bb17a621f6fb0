//! Tries of a plan that go as the playbook says, as tasks of a simulated cluster do.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use peerflow_workflow::{Document, Workflow};

use super::documents;
use super::error::PlanError;
use super::player::{Played, PlayedResult, Player};
use crate::tasks::{Draw, Play, PlayError, PlayResult, Playbook};

/// What hangs goes on for so long, which is longer than any plan.
const FOR_EVER: Duration = Duration::from_secs(20_000 * 365 * 24 * 3600);

/// Plays what a [`Playbook`] says of the documents of a plan.
#[derive(Debug)]
pub struct Scripted {
    book: Playbook,
    seed: u64,
    workflows: HashMap<String, Workflow>,
    /// How many plays were drawn for each workflow, step, visit and try.
    drawn: HashMap<(String, String, u32, u32), u64>,
}

/// Why it cannot be told how tries go.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    #[error(transparent)]
    Documents(#[from] PlanError),
    #[error(transparent)]
    Play(#[from] PlayError),
}

impl Scripted {
    /// For the documents of that folder, or the one of that path; the same as in [`super::PlanOptions::documents`].
    ///
    /// # Errors
    /// When they cannot be read, or what `book` or a hint says does not fit one of them.
    pub fn read(documents: &Path, book: Playbook, seed: u64) -> Result<Self, ScriptError> {
        let mut workflows = HashMap::new();
        for found in documents::read(documents)? {
            if let Document::Workflow(document) = &found.document {
                let workflow = document.workflow();
                book.check(workflow)?;
                workflows.insert(workflow.name.to_string(), workflow.clone());
            }
        }
        Ok(Self {
            book,
            seed,
            workflows,
            drawn: HashMap::new(),
        })
    }

    fn draw(&mut self, workflow: &str, step: &str, visit: u32, attempt: u32) -> Option<Play> {
        let known = self.workflows.get(workflow)?;
        let key = (workflow.to_owned(), step.to_owned(), visit, attempt);
        let before = self.drawn.entry(key).or_default();
        let draw = Draw {
            seed: self.seed,
            workflow,
            step,
            visit,
            attempt,
            drawn_before: *before,
        };
        *before += 1;
        self.book.play(known, known.find(step)?, &draw).ok()
    }
}

impl Player for Scripted {
    /// A step that its documents do not have takes no time; there is none unless the documents changed meanwhile.
    fn play(&mut self, workflow: &str, step: &str, visit: u32, attempt: u32) -> Played {
        let Some(play) = self.draw(workflow, step, visit, attempt) else {
            return Played {
                takes: Duration::ZERO,
                result: PlayedResult::Succeeds,
            };
        };
        let (takes, result) = match play.result {
            PlayResult::Success => (play.takes, PlayedResult::Succeeds),
            PlayResult::Failure(_) => (play.takes, PlayedResult::Fails),
            PlayResult::Hang => (FOR_EVER, PlayedResult::Fails),
        };
        Played { takes, result }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(command: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let xml = format!(
            r#"<work-flow name="w"><start name="start" to="a"/>
<action name="a"><shell><command>{command}</command></shell><ok to="end"/></action><end name="end"/></work-flow>"#
        );
        std::fs::write(folder.path().join("w.xml"), xml).expect("a document");
        folder
    }

    fn play(command: &str) -> Played {
        let folder = folder(command);
        let scripted = Scripted::read(folder.path(), Playbook::default(), 1);
        scripted.expect("it reads").play("w", "a", 1, 1)
    }

    #[test]
    fn tries_go_as_their_hints_say() {
        let played = play("# simulate: takes 7m, fails");
        assert_eq!(played.takes, Duration::from_secs(420));
        assert_eq!(played.result, PlayedResult::Fails);
    }

    #[test]
    fn what_hangs_is_not_over_within_any_plan() {
        let years = Duration::from_secs(9_000 * 365 * 24 * 3600);
        assert!(play("# simulate: hangs").takes > years);
    }

    #[test]
    fn a_hint_that_cannot_be_read_is_told_before_the_plan() {
        let folder = folder("# simulate: takes ages");
        let told = Scripted::read(folder.path(), Playbook::default(), 1);
        assert!(matches!(told, Err(ScriptError::Play(_))), "{told:?}");
    }
}
