//! Problems (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use peerflow_workflow::{Diagnostic, Diagnostics, Severity};

/// Why a request was not done, as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Stable: `urn:peerflow:problem:` and a name, such as `not-found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request and what to do.
    pub detail: String,
    /// Of a bad document: its errors, in document order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<DocumentFault>,
    /// Of a bad document: its warnings, in document order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<DocumentFault>,
    /// Parameters that nobody gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Problem {
    /// The last part of its type, such as `not-found`.
    pub fn name(&self) -> &str {
        self.kind.rsplit(':').next().unwrap_or_default()
    }
}

/// An error or warning about a document, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentFault {
    /// Counted from 1.
    pub line: u32,
    /// Counted in characters from 1.
    pub column: u32,
    /// Byte offset into the document.
    #[serde(default)]
    pub offset: usize,
    /// Bytes that the place covers; 0 for a point.
    #[serde(default)]
    pub length: usize,
    pub message: String,
    /// What to write instead; empty where nothing is known.
    #[serde(default)]
    pub help: String,
}

impl DocumentFault {
    /// Errors and warnings, apart.
    pub fn split(diagnostics: &Diagnostics) -> (Vec<Self>, Vec<Self>) {
        let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics
            .0
            .iter()
            .partition(|each| each.severity == Severity::Error);
        (
            errors.into_iter().map(Self::from).collect(),
            warnings.into_iter().map(Self::from).collect(),
        )
    }
}

impl From<&Diagnostic> for DocumentFault {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            line: diagnostic.place.line,
            column: diagnostic.place.column,
            offset: diagnostic.place.offset,
            length: diagnostic.place.length,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        }
    }
}
