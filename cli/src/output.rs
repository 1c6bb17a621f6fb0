//! Where answers are printed, and how: format, language, width, colour.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::args::Format;
use crate::error::Error;
use crate::language::Language;

/// What is known of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// Columns and rows; absent where it is no terminal.
    pub(crate) size: Option<(u16, u16)>,
    pub(crate) colour: bool,
}

impl Terminal {
    /// Standard output as it is now.
    pub(crate) fn of_stdout() -> Self {
        if !io::stdout().is_terminal() {
            return Self {
                size: None,
                colour: false,
            };
        }
        Self {
            size: Some(size_of_stdout()),
            colour: colour_wanted(),
        }
    }

    /// Its width in columns, where it is a terminal.
    pub(crate) fn width(self) -> Option<u16> {
        self.size.map(|(width, _)| width)
    }
}

fn size_of_stdout() -> (u16, u16) {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map_or(
        (80, 24),
        |(terminal_size::Width(width), terminal_size::Height(height))| (width, height),
    )
}

/// `NO_COLOR` (no-color.org) and a dumb terminal switch colour off.
fn colour_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Prints answers. Broken pipes are silence: whoever read has seen enough, and the exit code still tells the outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) language: Language,
    pub(crate) terminal: Terminal,
}

impl Output {
    /// Whether people read it.
    pub(crate) fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    /// Prints an answer: as it came, or as `table` shows it.
    pub(crate) fn show(&self, raw: &Value, table: impl FnOnce() -> String) -> Result<(), Error> {
        match self.format {
            Format::Table => self.text(&table()),
            Format::Json | Format::Yaml => self.raw(raw),
        }
    }

    /// Prints an answer as JSON or YAML; as JSON where a table was asked for.
    pub(crate) fn raw(&self, raw: &Value) -> Result<(), Error> {
        self.text(&match self.format {
            Format::Yaml => {
                serde_yaml_ng::to_string(raw).map_err(|error| Error::Answer(error.to_string()))?
            }
            Format::Table | Format::Json => serde_json::to_string_pretty(raw)
                .map_err(|error| Error::Answer(error.to_string()))?,
        })
    }

    /// Prints text to standard output, and a line break where it has none at its end.
    pub(crate) fn text(&self, text: &str) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        match write!(out, "{text}{end}").and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::Failed(self.language.cannot_print(&error)))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Says something beside the answer, on standard error.
    pub(crate) fn note(&self, text: &str) {
        // Nobody can be told that standard error is gone.
        drop(writeln!(io::stderr().lock(), "{text}"));
    }
}
