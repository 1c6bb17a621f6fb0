//! The attributes of one start tag.

use crate::place::Span;
use crate::reporter::Reporter;
use crate::xml::characters::attribute_value;
use crate::xml::tree::Attribute;

/// Attributes that one element may have; none of the language has a tenth of it.
const MOST_ATTRIBUTES: usize = 256;

/// Reads the attributes from `source[start..end]`, what follows the name in a start tag. False when they are broken.
pub(super) fn read_attributes<'s>(
    source: &'s str,
    (start, end): (usize, usize),
    attributes: &mut Vec<Attribute<'s>>,
    reporter: &mut Reporter<'_>,
) -> bool {
    let first = attributes.len();
    let mut cursor = Cursor {
        source,
        at: start,
        end,
    };
    let mut sound = true;
    loop {
        let spaced = cursor.skip_blanks();
        if cursor.at >= end {
            return sound;
        }
        let name_at = cursor.at;
        let name = cursor.name();
        let name_span = Span::new(name_at, cursor.at.max(name_at + 1));
        if name.is_empty() {
            reporter.error(
                name_span,
                "an attribute's name should stand here",
                "write name=\"value\"",
            );
            return false;
        }
        if !spaced {
            reporter.error(
                name_span,
                "a blank is missing between two attributes",
                "write one before this name",
            );
            sound = false;
        }
        let Some((value_start, value_end)) = cursor.quoted(name, name_span, reporter) else {
            return false;
        };
        let raw = &source[value_start..value_end];
        let (value, value_sound) = attribute_value(raw, value_start, reporter);
        sound &= value_sound;
        if attributes[first..].iter().any(|other| other.name == name) {
            reporter.error(
                name_span,
                format!("attribute {name} stands here twice"),
                "remove one of them",
            );
            continue;
        }
        if attributes.len() - first >= MOST_ATTRIBUTES {
            reporter.error(
                name_span,
                format!("more than {MOST_ATTRIBUTES} attributes"),
                "remove some",
            );
            return false;
        }
        attributes.push(Attribute {
            name,
            name_span,
            value,
            value_span: Span::new(value_start, value_end),
        });
    }
}

struct Cursor<'s> {
    source: &'s str,
    at: usize,
    end: usize,
}

impl<'s> Cursor<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..self.end]
    }

    /// Skips white space; true when there was some.
    fn skip_blanks(&mut self) -> bool {
        let before = self.at;
        self.at += self
            .rest()
            .bytes()
            .take_while(u8::is_ascii_whitespace)
            .count();
        self.at > before
    }

    fn name(&mut self) -> &'s str {
        let rest = self.rest();
        let ends = |character: char| {
            character.is_whitespace() || matches!(character, '=' | '"' | '\'' | '<' | '/')
        };
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Reads `="value"`; the start and end of what stands between the quotes.
    fn quoted(
        &mut self,
        name: &str,
        name_span: Span,
        reporter: &mut Reporter<'_>,
    ) -> Option<(usize, usize)> {
        self.skip_blanks();
        if !self.rest().starts_with('=') {
            let message = format!("attribute {name} has no value");
            reporter.error(name_span, message, format!("write {name}=\"value\""));
            return None;
        }
        self.at += 1;
        self.skip_blanks();
        let at = self.at;
        let Some(quote) = self
            .rest()
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''))
        else {
            let message = format!("the value of attribute {name} is not in quotes");
            reporter.error(
                Span::new(at, at + 1),
                message,
                format!("write {name}=\"value\""),
            );
            return None;
        };
        let Some(length) = self.rest()[1..].find(quote) else {
            let message = format!("the value of attribute {name} is not closed");
            reporter.error(
                Span::new(at, at + 1),
                message,
                format!("write {quote} at its end"),
            );
            return None;
        };
        self.at = at + 1 + length + 1;
        Some((at + 1, at + 1 + length))
    }
}
