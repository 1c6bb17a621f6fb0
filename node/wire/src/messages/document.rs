//! What is wrong with a document.

use peerflow_workflow::{Diagnostic, Place, Severity};
use serde::{Deserialize, Serialize};

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosticMessage {
    /// Otherwise it is a warning.
    pub is_error: bool,
    /// Counted from 1.
    pub line: u32,
    /// Counted in characters from 1.
    pub column: u32,
    /// In bytes.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
    pub message: String,
    pub help: String,
}

impl From<Diagnostic> for DiagnosticMessage {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            is_error: diagnostic.severity == Severity::Error,
            line: diagnostic.place.line,
            column: diagnostic.place.column,
            offset: diagnostic.place.offset as u64,
            length: diagnostic.place.length as u64,
            message: diagnostic.message,
            help: diagnostic.help,
        }
    }
}

impl From<DiagnosticMessage> for Diagnostic {
    fn from(message: DiagnosticMessage) -> Self {
        // No document is as large as a 32-bit address space, so a place that does not fit names nothing.
        let position = |bytes: u64| usize::try_from(bytes).unwrap_or(0);
        Self {
            severity: if message.is_error {
                Severity::Error
            } else {
                Severity::Warning
            },
            place: Place {
                line: message.line,
                column: message.column,
                offset: position(message.offset),
                length: position(message.length),
            },
            message: message.message,
            help: message.help,
        }
    }
}
