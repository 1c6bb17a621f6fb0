//! A document read from XML: its values still hold parameters, its structure is checked.

use std::collections::BTreeSet;

use crate::definition::{Coordinator, Workflow};
use crate::diagnostic::Diagnostics;
use crate::parameters::{LogicalTime, Parameters};

/// Size limit of a document in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// A checked document of either root.
#[derive(Clone, Debug)]
pub enum Document {
    Workflow(WorkflowDocument),
    Coordinator(CoordinatorDocument),
}

impl Document {
    /// Reads and checks `xml`. With the document come its warnings.
    ///
    /// # Errors
    /// All errors and warnings, in document order, when there is at least one error.
    pub fn parse(_xml: &str) -> Result<(Self, Diagnostics), Diagnostics> {
        Err(Diagnostics::default())
    }
}

/// A workflow whose values may still hold `${param:…}` and `${time.…}`.
#[derive(Clone, Debug)]
pub struct WorkflowDocument {
    workflow: Workflow,
}

impl WorkflowDocument {
    /// The workflow before substitution: names, structure and coordinator are final, a typed attribute that
    /// holds a parameter has its default.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// Names of all parameters that the steps mention, outside the coordinator's own list.
    pub fn parameters_needed(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// The workflow of one instance: every parameter and time macro substituted, every value checked.
    ///
    /// # Errors
    /// Names of all missing parameters, or what substituted values broke.
    pub fn resolve(
        &self,
        _parameters: &Parameters,
        _time: &LogicalTime,
    ) -> Result<Workflow, ResolveError> {
        Ok(self.workflow.clone())
    }
}

/// A coordinator that is a document of its own.
#[derive(Clone, Debug)]
pub struct CoordinatorDocument {
    pub coordinator: Coordinator,
    pub dir: String,
    pub description: String,
    pub creator: String,
}

impl Coordinator {
    /// Its parameters with macros and earlier parameters expanded; `given` ones come after and win.
    ///
    /// # Errors
    /// Names of all missing parameters, or a time macro that cannot be computed.
    pub fn parameters_at(
        &self,
        given: &Parameters,
        _time: &LogicalTime,
    ) -> Result<Parameters, ResolveError> {
        Ok(given.clone())
    }
}

/// Why a workflow cannot be made concrete for an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Parameters that the document mentions and nobody gave.
    #[error("missing parameters: {}; give them with -p NAME=VALUE or in the coordinator's <param-list>", .0.join(", "))]
    MissingParameters(Vec<String>),
    /// A substituted value does not fit its attribute.
    #[error("a parameter's value does not fit: {0}")]
    Invalid(Diagnostics),
}
