//! What is wrong in a file, and where.

use std::fmt;

/// Characters of a value that a message repeats.
const SHOWN_CHARACTERS: usize = 100;

/// A place in a file that cannot be read as rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// Line of the file, from 1.
    pub line: u64,
    /// Column of the table, from 1.
    pub column: Option<usize>,
    /// The value there, cut for people.
    pub value: Option<String>,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(value) = &self.value {
            write!(f, ": value `{value}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// A value for people: its first hundred characters, on one line.
pub fn shown(value: &[u8]) -> String {
    // A character has at most four bytes, so the rest needs no look.
    let beginning = &value[..value.len().min(SHOWN_CHARACTERS * 4 + 4)];
    let text = String::from_utf8_lossy(beginning);
    let mut out = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == SHOWN_CHARACTERS {
            out.push('…');
            break;
        }
        if character.is_control() {
            out.extend(character.escape_debug());
        } else {
            out.push(character);
        }
    }
    out
}
