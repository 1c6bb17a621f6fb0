//! How far runs are, on standard error.

use std::io::{IsTerminal, Write, stderr};

/// A line that is written over again and again, on a terminal only.
#[derive(Debug)]
pub(super) struct Line {
    shown: bool,
    is_terminal: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            shown: false,
            is_terminal: stderr().is_terminal(),
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Shows `text` in place of what it showed before.
    pub(super) fn show(&mut self, text: &str) {
        if self.is_terminal {
            // Nobody can be told that standard error is gone.
            drop(write!(stderr().lock(), "\r\x1b[K{text}"));
            self.shown = true;
        }
    }

    /// Takes it away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            drop(write!(stderr().lock(), "\r\x1b[K"));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}
