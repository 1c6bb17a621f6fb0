//! Refusals, in words that say what to do.

use peerflow_workflow::{ResolveError, WorkflowName};

use crate::documents::Unfit;
use crate::request::{Refusal, RefusalKind};

impl Refusal {
    pub(crate) fn not_found(message: String) -> Self {
        Self {
            kind: RefusalKind::NotFound,
            message,
        }
    }

    pub(crate) fn conflict(message: String) -> Self {
        Self {
            kind: RefusalKind::Conflict,
            message,
        }
    }

    pub(crate) fn invalid(message: String) -> Self {
        Self {
            kind: RefusalKind::Invalid,
            message,
        }
    }

    pub(crate) fn no_workflow(name: &WorkflowName) -> Self {
        Self::not_found(format!(
            "no workflow {name} is registered; add it with `peerflow workflow add`"
        ))
    }

    /// An instance of `workflow` cannot be made.
    pub(crate) fn unfit(workflow: &WorkflowName, unfit: Unfit) -> Self {
        let message = format!("workflow {workflow}: {unfit}");
        let kind = match unfit {
            Unfit::Document(diagnostics) | Unfit::Resolve(ResolveError::Invalid(diagnostics)) => {
                RefusalKind::InvalidDocument(diagnostics)
            }
            Unfit::Resolve(ResolveError::MissingParameters(names)) => {
                RefusalKind::MissingParameters(names)
            }
        };
        Self { kind, message }
    }
}
