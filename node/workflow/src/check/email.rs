//! `<email>`: HTML, written as markup inside the XML or as text.

use crate::check::{Checker, within};
use crate::definition::Email;
use crate::expansion::{Segment, may_expand, segments};
use crate::place::Span;
use crate::xml::{Content, Element};

/// Elements that HTML never closes.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

pub(super) fn check_email(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Email {
    let html = element.children().find(|child| child.name() == "html");
    let alone = element.children().count() == 1 && element.contents().all(is_blank_or_element);
    let body = match html {
        Some(html) if alone => html,
        _ => element,
    };
    checker.known_attributes(element, &[]);
    let mut out = String::new();
    if body.children().next().is_some() {
        write_contents(checker, body, &mut out);
    } else {
        // Text alone is HTML in CDATA or in entities.
        let (text, span) = checker.raw_text(body);
        write_html(checker, &text, span, &mut out);
    }
    let html = out.trim().to_owned();
    if html.is_empty() {
        checker.missing(element, "this mail is empty", "write <html>…</html> in it");
    }
    Email { html }
}

fn is_blank_or_element(content: Content<'_, '_>) -> bool {
    match content {
        Content::Element(_) => true,
        Content::Text(text, _) | Content::CharacterData(text, _) => text.trim().is_empty(),
    }
}

/// Writes the markup inside `element`. The tree is as deep as the reader allows, so recursion is safe.
fn write_contents(checker: &mut Checker<'_, '_>, element: Element<'_, '_>, out: &mut String) {
    for content in element.contents() {
        match content {
            // HTML has no entities in a style sheet.
            Content::Text(text, span) if element.name() == "style" => {
                write_html(checker, text, span, out)
            }
            Content::Text(text, span) => write_escaped(checker, text, span, out),
            Content::CharacterData(text, span) => write_html(checker, text, span, out),
            Content::Element(child) => {
                out.push('<');
                out.push_str(child.name());
                for attribute in child.attributes() {
                    out.push(' ');
                    out.push_str(attribute.name);
                    out.push_str("=\"");
                    write_escaped(checker, &attribute.value, attribute.value_span, out);
                    out.push('"');
                }
                out.push('>');
                if !VOID.contains(&child.name()) {
                    write_contents(checker, child, out);
                    out.push_str("</");
                    out.push_str(child.name());
                    out.push('>');
                }
            }
        }
    }
}

/// Writes the author's own HTML: only what is substituted is escaped, so that no value can break it.
fn write_html(checker: &mut Checker<'_, '_>, text: &str, span: Span, out: &mut String) {
    if !may_expand(text) {
        out.push_str(text);
        return;
    }
    for segment in segments(text) {
        match segment {
            Segment::Literal(raw) | Segment::Other { raw, .. } => out.push_str(raw),
            Segment::Parameter { raw, .. }
            | Segment::Time { raw, .. }
            | Segment::Unclosed { raw } => {
                let value = checker.expand(raw, within(text, raw, span));
                escape(&value.text, out);
            }
        }
    }
}

fn write_escaped(checker: &mut Checker<'_, '_>, text: &str, span: Span, out: &mut String) {
    if may_expand(text) {
        let value = checker.expand(text, span);
        escape(&value.text, out);
    } else {
        escape(text, out);
    }
}

/// Appends `text` so that HTML shows it as it is.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}
