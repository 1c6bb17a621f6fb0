//! Entities, line ends and characters that XML forbids.

use std::borrow::Cow;

use crate::place::Span;
use crate::reporter::Reporter;

/// HTML's names that people write by habit, with what XML understands.
const HTML_NAMES: [(&str, &str); 8] = [
    ("nbsp", "&#160;"),
    ("copy", "&#169;"),
    ("mdash", "&#8212;"),
    ("ndash", "&#8211;"),
    ("hellip", "&#8230;"),
    ("laquo", "&#171;"),
    ("raquo", "&#187;"),
    ("times", "&#215;"),
];

pub(super) const AMPERSAND_HELP: &str =
    "write &amp; for an ampersand, or put the text into <![CDATA[ … ]]>";

/// Line ends as XML has them: CR LF and a lone CR become LF.
pub(super) fn normalise_line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What the reference `&name;` stands for.
pub(super) fn resolve_reference(
    name: &str,
    span: Span,
    reporter: &mut Reporter<'_>,
) -> Option<char> {
    match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let Some(number) = name.strip_prefix('#') else {
        let help = HTML_NAMES
            .iter()
            .find(|(html, _)| *html == name)
            .map_or_else(
                || AMPERSAND_HELP.to_owned(),
                |(_, number)| {
                    format!(
                        "write {number}; XML knows only &lt; &gt; &amp; &quot; &apos; and numbers"
                    )
                },
            );
        reporter.error(span, format!("unknown entity &{name};"), help);
        return None;
    };
    let code = match number.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => number.parse(),
    };
    let character = code
        .ok()
        .and_then(char::from_u32)
        .filter(|&character| is_allowed(character));
    if character.is_none() {
        reporter.error(
            span,
            format!("&{name}; is no character"),
            "write a character's number, such as &#160; or &#xA0;",
        );
    }
    character
}

fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r')
        || (character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}'))
}

/// Reports the first control character, which no XML document may hold.
pub(super) fn refuse_control_characters(source: &str, reporter: &mut Reporter<'_>) -> bool {
    let found = source
        .bytes()
        .position(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'));
    let Some(at) = found else { return false };
    reporter.error(
        Span::new(at, at + 1),
        format!(
            "the control character U+{:04X} cannot stand in XML",
            source.as_bytes()[at]
        ),
        "remove it, or save the file as UTF-8 if it is in another encoding",
    );
    true
}

/// An attribute's value: references resolved, every white space character a blank, as XML has it.
pub(super) fn attribute_value<'s>(
    raw: &'s str,
    start: usize,
    reporter: &mut Reporter<'_>,
) -> (Cow<'s, str>, bool) {
    if !raw
        .bytes()
        .any(|byte| matches!(byte, b'&' | b'<' | b'\t' | b'\n' | b'\r'))
    {
        return (Cow::Borrowed(raw), true);
    }
    let mut value = String::with_capacity(raw.len());
    let mut sound = true;
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '<', '\t', '\n', '\r']) {
        value.push_str(&rest[..at]);
        let offset = start + (raw.len() - rest.len()) + at;
        let tail = &rest[at..];
        let taken = match tail.as_bytes()[0] {
            b'&' => reference(tail, offset, &mut value, &mut sound, reporter),
            b'<' => {
                reporter.error(
                    Span::new(offset, offset + 1),
                    "< cannot stand in an attribute value",
                    "write &lt; for it, or close the value with a quote before",
                );
                // What follows is most likely markup behind a forgotten quote: one report is enough.
                return (Cow::Owned(value), false);
            }
            b'\r' if tail.starts_with("\r\n") => {
                value.push(' ');
                2
            }
            _ => {
                value.push(' ');
                1
            }
        };
        rest = &tail[taken..];
    }
    value.push_str(rest);
    (Cow::Owned(value), sound)
}

/// Resolves the reference at the start of `tail`; returns the bytes taken.
fn reference(
    tail: &str,
    offset: usize,
    value: &mut String,
    sound: &mut bool,
    reporter: &mut Reporter<'_>,
) -> usize {
    let name_end =
        tail[1..].find(|character: char| !(character.is_alphanumeric() || character == '#'));
    let end = name_end.map_or(tail.len(), |end| end + 1);
    if end > 1 && tail[end..].starts_with(';') {
        match resolve_reference(&tail[1..end], Span::new(offset, offset + end + 1), reporter) {
            Some(character) => value.push(character),
            None => *sound = false,
        }
        return end + 1;
    }
    *sound = false;
    reporter.error(
        Span::new(offset, offset + 1),
        "& cannot stand alone in an attribute value",
        AMPERSAND_HELP,
    );
    value.push('&');
    1
}
