//! A user's own workflows, checked before anything runs.

use std::collections::BTreeMap;
use std::path::Path;

use peerflow_simulations::planning::document_files;
use peerflow_simulations::{Playbook, Registration};
use peerflow_workflow::Document;

use crate::commands::workflow::show_diagnostics;
use crate::document_file::DocumentFile;
use crate::error::Error;
use crate::output::Output;

/// The documents of a folder, or the one of that path.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub(super) workflows: Vec<Registration>,
    /// Files of standalone coordinators.
    pub(super) coordinators: Vec<String>,
}

impl Documents {
    /// Reads and checks all; errors are shown as `workflow check` shows them.
    pub(super) fn read(output: &Output, path: &Path, book: &Playbook) -> Result<Self, Error> {
        let language = output.language;
        let usage = |text: String| Error::Usage(language.told(&text).into_owned());
        let files = document_files(path).map_err(|error| usage(error.to_string()))?;
        let mut found = Self::default();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut wrong = Vec::new();
        for file in files {
            let file = DocumentFile::open(&file, language)?;
            let document = match &file.read {
                Ok((Document::Workflow(document), _)) => document,
                Ok((Document::Coordinator(_), _)) => {
                    found.coordinators.push(file.shown());
                    continue;
                }
                Err(diagnostics) => {
                    show_diagnostics(output, &file, diagnostics);
                    wrong.push(file.shown());
                    continue;
                }
            };
            let workflow = document.workflow();
            book.check(workflow)
                .map_err(|error| usage(format!("{}: {error}", file.shown())))?;
            let name = workflow.name.to_string();
            if let Some(first) = names.insert(name.clone(), file.shown()) {
                return Err(Error::Usage(language.workflow_twice(
                    name,
                    first,
                    file.shown(),
                )));
            }
            found.workflows.push(Registration {
                workflow: name,
                xml: file.xml,
            });
        }
        if wrong.is_empty() {
            Ok(found)
        } else {
            Err(Error::Usage(language.document_refused(wrong.join(", "))))
        }
    }

    /// Says what a virtual cluster leaves out, and refuses one without workflows.
    pub(super) fn for_a_cluster(
        self,
        output: &Output,
        path: &Path,
    ) -> Result<Vec<Registration>, Error> {
        let language = output.language;
        if self.workflows.is_empty() {
            return Err(Error::Usage(language.no_workflow_in(path.display())));
        }
        for file in &self.coordinators {
            output.note(&language.note(language.coordinator_left_out(file)));
        }
        Ok(self.workflows)
    }
}
