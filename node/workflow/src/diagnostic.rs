//! Errors and warnings about a document, each with its place.

use std::fmt;

/// A place in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted from 1.
    pub line: u32,
    /// Counted in characters from 1.
    pub column: u32,
    /// Byte offset.
    pub offset: usize,
    /// Length in bytes of what the place covers; 0 for a point.
    pub length: usize,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The document is refused.
    Error,
    /// The document works, but hardly as its author meant.
    Warning,
}

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub place: Place,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead; empty where nothing is known.
    pub help: String,
}

/// All that is wrong with a document, in document order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Whether anything in it refuses the document.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|each| each.severity == Severity::Error)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, each) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(
                f,
                "{}:{}: {}",
                each.place.line, each.place.column, each.message
            )?;
            if !each.help.is_empty() {
                write!(f, " ({})", each.help)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
