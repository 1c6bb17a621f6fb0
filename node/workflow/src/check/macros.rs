//! Parameters and time macros in values: checked and listed at registration, substituted for an instance.

use std::borrow::Cow;

use crate::check::{Checker, Mode, Value, within};
use crate::expansion::{Segment, may_expand, segments};
use crate::place::Span;
use crate::time::TimeMacro;

/// Bytes that substitution may add to one document, so that a long value mentioned often cannot fill the memory.
const MOST_EXPANDED: usize = 64 * 1024 * 1024;

impl Checker<'_, '_> {
    /// Substitutes or, at registration, checks and notes the macros of `text`.
    pub(super) fn expand<'t>(&mut self, text: &'t str, span: Span) -> Value<'t> {
        if !may_expand(text) {
            return Value {
                text: Cow::Borrowed(text),
                span,
                open: false,
            };
        }
        let mut open = false;
        let mut out = String::new();
        for segment in segments(text) {
            match segment {
                Segment::Literal(raw) | Segment::Other { raw, .. } => out.push_str(raw),
                Segment::Unclosed { raw } => {
                    let place = within(text, raw, span);
                    self.reporter.warning(
                        place,
                        "a macro without its closing brace stays as it is",
                        "write } after it",
                    );
                    out.push_str(raw);
                }
                Segment::Parameter { name, raw } => {
                    self.has_macros = true;
                    open = true;
                    self.parameter(name, within(text, raw, span), &mut out);
                }
                Segment::Time { body, raw } => {
                    self.has_macros = true;
                    open = true;
                    self.time(body, within(text, raw, span), &mut out);
                }
            }
        }
        match self.mode {
            Mode::Register => Value {
                text: Cow::Borrowed(text),
                span,
                open,
            },
            Mode::Resolve { .. } => {
                self.expanded = self.expanded.saturating_add(out.len());
                if self.expanded > MOST_EXPANDED {
                    let message = format!(
                        "the parameters' values make the document longer than {MOST_EXPANDED} bytes"
                    );
                    self.reporter.error(span, message, "give shorter values");
                    out.clear();
                }
                Value {
                    text: Cow::Owned(out),
                    span,
                    open: false,
                }
            }
        }
    }

    fn parameter(&mut self, name: &str, span: Span, out: &mut String) {
        if name.is_empty() {
            self.reporter
                .error(span, "a parameter without a name", "write ${param:NAME}");
            return;
        }
        match self.mode {
            Mode::Register => {
                if !self.needed.contains(name) {
                    self.needed.insert(name.to_owned());
                }
            }
            Mode::Resolve { parameters, .. } => match parameters.get(name) {
                Some(value)
                    if self.expanded.saturating_add(out.len() + value.len()) <= MOST_EXPANDED =>
                {
                    out.push_str(value);
                }
                Some(_) => self.expanded = MOST_EXPANDED,
                None => {
                    self.missing.insert(name.to_owned());
                }
            },
        }
    }

    fn time(&mut self, body: &str, span: Span, out: &mut String) {
        let parsed = TimeMacro::parse(body);
        let written = match (parsed, self.mode) {
            (Ok(_), Mode::Register) => return,
            (Ok(time_macro), Mode::Resolve { time, .. }) => time_macro.at(time),
            (Err(wrong), _) => Err(wrong),
        };
        match written {
            Ok(text) => out.push_str(&text),
            Err(wrong) => self.reporter.wrong(span, wrong),
        }
    }
}
