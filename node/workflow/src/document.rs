//! A document read from XML: its values still hold parameters, its structure is checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::{Checker, Mode, check_standalone, check_workflow};
use crate::definition::{Coordinator, Workflow};
use crate::diagnostic::{Diagnostics, Severity};
use crate::parameters::{LogicalTime, Parameters};
use crate::place::Span;
use crate::reporter::{Reporter, instead};
use crate::xml::{self, Tree};

/// Size limit of a document in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// A checked document of either root. A clone shares what it holds.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart as soon as it is read"
)]
pub enum Document {
    Workflow(WorkflowDocument),
    Coordinator(CoordinatorDocument),
}

const ROOTS: [&str; 3] = ["work-flow", "workflow", "coordinator"];

impl Document {
    /// Reads and checks `xml`. With the document come its warnings.
    ///
    /// # Errors
    /// All errors and warnings, in document order, when there is at least one error. After 200 of each the rest is
    /// only counted.
    pub fn parse(xml: &str) -> Result<(Self, Diagnostics), Diagnostics> {
        if xml.len() > MAX_DOCUMENT_BYTES {
            return Err(too_large(xml.len()));
        }
        let mut reporter = Reporter::new(xml, true);
        let tree = xml::read(xml, &mut reporter);
        let mut checker = Checker::new(reporter, Mode::Register);
        let document = Self::check(xml, &tree, &mut checker);
        let failed = checker.reporter.has_errors();
        let diagnostics = checker.reporter.finish();
        match document {
            Some(document) if !failed => Ok((document, diagnostics)),
            _ => Err(diagnostics),
        }
    }

    /// Reads and checks a file's content, which must be UTF-8, with or without a byte order mark.
    ///
    /// # Errors
    /// As [`Document::parse`]; also when the bytes are not UTF-8, with the place of the first that is not.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Diagnostics), Diagnostics> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(too_large(bytes.len()));
        }
        match std::str::from_utf8(bytes) {
            Ok(xml) => Self::parse(xml),
            Err(error) => {
                let valid = error.valid_up_to();
                let readable = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
                let mut reporter = Reporter::new(readable, true);
                let message = match bytes {
                    [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
                        "this file is UTF-16, not UTF-8".to_owned()
                    }
                    _ => format!("byte {:#04X} is not UTF-8", bytes[valid]),
                };
                reporter.error(Span::new(valid, valid), message, "save the file as UTF-8");
                Err(reporter.finish())
            }
        }
    }

    fn check(xml: &str, tree: &Tree<'_>, checker: &mut Checker<'_, '_>) -> Option<Self> {
        let root = tree.root()?;
        match root.name() {
            "work-flow" | "workflow" => {
                let workflow = Arc::new(check_workflow(checker, root));
                let needed = std::mem::take(&mut checker.needed);
                let needed = (!needed.is_empty()).then(|| Arc::new(needed));
                // Without macros every instance is the workflow itself, and the source is not needed again.
                let source = checker.has_macros.then(|| Arc::from(xml));
                Some(Self::Workflow(WorkflowDocument {
                    workflow,
                    source,
                    needed,
                }))
            }
            "coordinator" => Some(Self::Coordinator(check_standalone(checker, root))),
            other => {
                let nearest = checker.reporter.nearest(other, ROOTS);
                let message = format!("<{other}> is no document of this language");
                checker.reporter.error(
                    root.name_span(),
                    message,
                    instead(nearest, &["work-flow", "coordinator"]),
                );
                None
            }
        }
    }
}

fn too_large(length: usize) -> Diagnostics {
    let mut reporter = Reporter::new("", true);
    let message = format!("the document has {length} bytes, more than {MAX_DOCUMENT_BYTES}");
    reporter.error(
        Span::default(),
        message,
        "split it into several workflows, or keep data and programs in files",
    );
    reporter.finish()
}

/// A workflow whose values may still hold `${param:…}` and `${time.…}`. A clone shares what it holds.
#[derive(Clone, Debug)]
pub struct WorkflowDocument {
    workflow: Arc<Workflow>,
    /// The XML, kept only where an instance has something to substitute: it is far smaller than its tree, and
    /// reading it again takes microseconds.
    source: Option<Arc<str>>,
    needed: Option<Arc<BTreeSet<String>>>,
}

impl WorkflowDocument {
    /// The workflow before substitution: names, structure and coordinator are final, a typed attribute that
    /// holds a parameter has its default.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// Names of all parameters that the steps mention, outside the coordinator's own list.
    pub fn parameters_needed(&self) -> BTreeSet<String> {
        self.needed.as_deref().cloned().unwrap_or_default()
    }

    /// Names of the parameters that whoever starts it must give: those that its steps mention and its coordinator
    /// does not define, and those that the coordinator's list mentions without a definition above.
    pub fn parameters_to_give(&self) -> BTreeSet<String> {
        let mut names = self.parameters_needed();
        if let Some(coordinator) = &self.workflow.coordinator {
            for (name, _) in &coordinator.parameters {
                names.remove(name);
            }
            names.extend(coordinator.parameters_needed());
        }
        names
    }

    /// The workflow of one instance: every parameter and time macro substituted, every value checked.
    ///
    /// # Errors
    /// Names of all missing parameters, or what substituted values broke.
    pub fn resolve(
        &self,
        parameters: &Parameters,
        time: &LogicalTime,
    ) -> Result<Workflow, ResolveError> {
        self.resolve_shared(parameters, time)
            .map(Arc::unwrap_or_clone)
    }

    /// Like [`WorkflowDocument::resolve`]. Instances of a workflow without parameters and time macros share one.
    ///
    /// # Errors
    /// As [`WorkflowDocument::resolve`].
    pub fn resolve_shared(
        &self,
        parameters: &Parameters,
        time: &LogicalTime,
    ) -> Result<Arc<Workflow>, ResolveError> {
        let Some(source) = &self.source else {
            return Ok(Arc::clone(&self.workflow));
        };
        let mut reporter = Reporter::new(source, false);
        let tree = xml::read(source, &mut reporter);
        let mut checker = Checker::new(reporter, Mode::Resolve { parameters, time });
        let workflow = tree.root().map(|root| check_workflow(&mut checker, root));
        if !checker.missing.is_empty() {
            return Err(ResolveError::MissingParameters(
                checker.missing.into_iter().collect(),
            ));
        }
        let failed = checker.reporter.has_errors();
        match workflow {
            Some(workflow) if !failed => Ok(Arc::new(workflow)),
            _ => {
                let mut diagnostics = checker.reporter.finish();
                diagnostics
                    .0
                    .retain(|each| each.severity == Severity::Error);
                Err(ResolveError::Invalid(diagnostics))
            }
        }
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
