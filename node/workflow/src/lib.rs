//! The workflow language: XML documents to types with positions, checks, parameters, time macros and schedules.
//!
//! Pure: no async, no input or output. The reference of the language is `docs/workflow-xml.md`.

mod check;
mod definition;
mod diagnostic;
mod document;
mod expansion;
mod name;
mod outline;
mod parameters;
mod place;
mod report;
mod reporter;
mod schedule;
mod time;
mod xml;

pub use definition::{
    Action, Backoff, Command, Coordinator, DataMonitor, DatabaseLink, Email, FileExecutor,
    FileLocation, FileMonitor, FileSource, FileTarget, Host, InlineDatabase, MailLevel, Metadata,
    Misfire, OnPartition, Outcome, Reading, Script, Sql, Step, StepIndex, StepKind, TableSource,
    TableTarget, TextFormat, Transfer, TransferSource, TransferTarget, Work, Workflow,
};
pub use diagnostic::{Diagnostic, Diagnostics, Place, Severity};
pub use document::{
    CoordinatorDocument, Document, MAX_DOCUMENT_BYTES, ResolveError, WorkflowDocument,
};
pub use name::{CoordinatorName, StepName, WorkflowName};
pub use outline::{Outline, OutlineAttribute, OutlineElement};
pub use parameters::{LogicalTime, MAX_PARAMETER_BYTES, Parameters};
pub use schedule::{Schedule, ScheduleError, ScheduleWords};
