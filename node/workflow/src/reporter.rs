//! Collects diagnostics while a document is read.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::place::{Places, Span};

/// Diagnostics kept of each severity. A document with more faults is told how many there are, not each.
const KEPT: usize = 200;

/// Names compared for "did you mean" in one document, so that ten thousand wrong names in a huge document stay cheap.
const COMPARISONS: usize = 100_000;

/// What is wrong with a value and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Collects diagnostics with their places.
#[derive(Debug)]
pub(crate) struct Reporter<'s> {
    places: Places<'s>,
    kept: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    comparisons_left: usize,
    wants_warnings: bool,
}

impl<'s> Reporter<'s> {
    pub(crate) fn new(source: &'s str, wants_warnings: bool) -> Self {
        Self {
            places: Places::new(source),
            kept: Vec::new(),
            errors: 0,
            warnings: 0,
            comparisons_left: COMPARISONS,
            wants_warnings,
        }
    }

    pub(crate) fn places(&self) -> &Places<'s> {
        &self.places
    }

    /// Whether warnings are collected at all; where not, the work of finding them can be saved.
    pub(crate) fn wants_warnings(&self) -> bool {
        self.wants_warnings
    }

    /// Whether a further error is only counted, so that its help need not be found.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= KEPT
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    pub(crate) fn error(
        &mut self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.errors += 1;
        if self.errors <= KEPT {
            self.keep(Severity::Error, span, message.into(), help.into());
        }
    }

    pub(crate) fn warning(
        &mut self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if !self.wants_warnings {
            return;
        }
        self.warnings += 1;
        if self.warnings <= KEPT {
            self.keep(Severity::Warning, span, message.into(), help.into());
        }
    }

    pub(crate) fn wrong(&mut self, span: Span, wrong: Wrong) {
        self.error(span, wrong.message, wrong.help);
    }

    fn keep(&mut self, severity: Severity, span: Span, message: String, help: String) {
        self.kept.push(Diagnostic {
            severity,
            place: self.places.place(span),
            message,
            help,
        });
    }

    /// The one of `known` that `name` was probably meant to be.
    pub(crate) fn nearest<'k>(
        &mut self,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<&'k str> {
        let length = name.chars().count();
        if length > 64 || self.comparisons_left == 0 {
            return None;
        }
        let limit = (length / 3).max(1) + usize::from(length > 3);
        let mut best: Option<(usize, &str)> = None;
        for candidate in known {
            if self.comparisons_left == 0 {
                break;
            }
            self.comparisons_left -= 1;
            if candidate.chars().count().abs_diff(length) > limit {
                continue;
            }
            let distance =
                strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
            if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }

    /// All that was collected, in document order.
    pub(crate) fn finish(mut self) -> Diagnostics {
        self.kept
            .sort_by_key(|each| (each.place.offset, each.severity));
        let cut = [
            (self.errors, Severity::Error, "errors"),
            (self.warnings, Severity::Warning, "warnings"),
        ];
        for (count, severity, word) in cut {
            if count > KEPT {
                let place = self.kept.last().map(|each| each.place).unwrap_or_default();
                let message = format!("{} more {word} are not shown", count - KEPT);
                let help = "mend those above and check again".to_owned();
                self.kept.push(Diagnostic {
                    severity,
                    place,
                    message,
                    help,
                });
            }
        }
        Diagnostics(self.kept)
    }
}

/// Help text for a name that is not known: the nearest known one, or all of them.
pub(crate) fn instead(nearest: Option<&str>, known: &[&str]) -> String {
    match (nearest, known) {
        (Some(name), _) => format!("did you mean {name}?"),
        (None, []) => "remove it".to_owned(),
        (None, known) => format!("known here: {}", known.join(", ")),
    }
}
