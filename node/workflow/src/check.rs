//! From the XML tree to checked types. One pass serves registration, where values keep their macros, and an
//! instance, where every macro is substituted first and every value checked again.

mod actions;
mod code;
mod coordinator;
mod email;
mod graph;
mod links;
mod macros;
mod monitors;
mod parameter_list;
mod steps;
mod transfer;
mod values;
mod workflow;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::expansion::{Segment, may_expand, segments};
use crate::parameters::{LogicalTime, Parameters};
use crate::place::Span;
use crate::reporter::{Reporter, Wrong, instead};
use crate::xml::{Content, Element};

pub(crate) use coordinator::check_standalone;
pub(crate) use workflow::check_workflow;

/// What becomes of macros.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode<'m> {
    /// They stay, and are checked and listed.
    Register,
    /// They are substituted.
    Resolve {
        parameters: &'m Parameters,
        time: &'m LogicalTime,
    },
}

/// Reads values out of elements, substitutes, and reports what is wrong.
#[derive(Debug)]
pub(crate) struct Checker<'s, 'm> {
    pub(crate) reporter: Reporter<'s>,
    mode: Mode<'m>,
    /// Parameters mentioned anywhere but in a coordinator's own list.
    pub(crate) needed: BTreeSet<String>,
    /// Those of them that nobody gave.
    pub(crate) missing: BTreeSet<String>,
    /// Whether there is anything to substitute.
    pub(crate) has_macros: bool,
    expanded: usize,
}

/// An attribute's value or an element's text.
#[derive(Clone, Debug)]
pub(crate) struct Value<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) span: Span,
    /// It still holds macros, so it cannot be judged yet.
    pub(crate) open: bool,
}

impl Value<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// What may stand in an element.
struct Shape {
    attributes: &'static [&'static str],
    children: &'static [&'static str],
    text: bool,
}

impl<'s, 'm> Checker<'s, 'm> {
    pub(crate) fn new(reporter: Reporter<'s>, mode: Mode<'m>) -> Self {
        Self {
            reporter,
            mode,
            needed: BTreeSet::new(),
            missing: BTreeSet::new(),
            has_macros: false,
            expanded: 0,
        }
    }

    /// An attribute's value.
    fn attribute<'t>(&mut self, element: Element<'t, '_>, name: &str) -> Option<Value<'t>> {
        let attribute = element.attribute(name)?;
        Some(self.expand(&attribute.value, attribute.value_span))
    }

    /// An attribute's value; an error when it is missing or blank.
    fn required<'t>(
        &mut self,
        element: Element<'t, '_>,
        name: &str,
        example: &str,
    ) -> Option<Value<'t>> {
        match self.attribute(element, name) {
            Some(value) if !value.is_blank() => Some(value),
            Some(value) => {
                let message = format!("{name} of <{}> is empty", element.name());
                self.reporter
                    .error(value.span, message, format!("write {name}=\"{example}\""));
                None
            }
            None => {
                let message = format!("<{}> has no {name}", element.name());
                self.missing(element, message, format!("write {name}=\"{example}\""));
                None
            }
        }
    }

    /// An attribute's value read by `parse`; `default` when it is absent, empty or still holds macros.
    fn typed<T>(
        &mut self,
        element: Element<'_, '_>,
        name: &str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> T {
        let Some(value) = self.attribute(element, name) else {
            return default;
        };
        if value.open || value.is_blank() {
            return default;
        }
        match parse(value.text.trim()) {
            Ok(parsed) => parsed,
            Err(wrong) => {
                let message = format!("{name} of <{}>: {}", element.name(), wrong.message);
                self.reporter.error(value.span, message, wrong.help);
                default
            }
        }
    }

    /// An attribute that is read before any instance exists, so it cannot hold macros.
    fn fixed<'t>(&mut self, element: Element<'t, '_>, name: &str) -> Option<(&'t str, Span)> {
        let attribute = element.attribute(name)?;
        let ours = |segment| matches!(segment, Segment::Parameter { .. } | Segment::Time { .. });
        if may_expand(&attribute.value) && segments(&attribute.value).any(ours) {
            let message = format!(
                "{name} of <{}> cannot hold a parameter or a time",
                element.name()
            );
            self.reporter.error(
                attribute.value_span,
                message,
                "it is read before any instance exists; write it out",
            );
            return None;
        }
        Some((&attribute.value, attribute.value_span))
    }

    /// The text of an element as it stands, without the text of its children.
    fn raw_text<'t>(&mut self, element: Element<'t, '_>) -> (Cow<'t, str>, Span) {
        let pieces = element.contents().filter_map(|content| match content {
            Content::Text(text, span) | Content::CharacterData(text, span) => Some((text, span)),
            Content::Element(_) => None,
        });
        let mut spoken = pieces.clone().filter(|(text, _)| !text.trim().is_empty());
        let Some((first, first_span)) = spoken.next() else {
            return (Cow::Borrowed(""), element.span());
        };
        let Some((_, mut last_span)) = spoken.next() else {
            return (Cow::Borrowed(first), first_span);
        };
        for (_, span) in spoken {
            last_span = span;
        }
        let whole: String = pieces.map(|(text, _)| text).collect();
        (
            Cow::Owned(whole),
            Span::new(first_span.start as usize, last_span.end()),
        )
    }

    /// The text of an element without blanks at its ends, substituted.
    fn text<'t>(&mut self, element: Element<'t, '_>) -> Value<'t> {
        match self.raw_text(element) {
            (Cow::Borrowed(text), span) => {
                let trimmed = text.trim();
                let span = if span.length as usize == text.len() {
                    within(text, trimmed, span)
                } else {
                    span
                };
                self.expand(trimmed, span)
            }
            (Cow::Owned(text), span) => {
                let value = self.expand(text.trim(), span);
                Value {
                    text: Cow::Owned(value.text.into_owned()),
                    span,
                    open: value.open,
                }
            }
        }
    }

    /// The text of an element; an error when it is blank.
    fn required_text<'t>(&mut self, element: Element<'t, '_>, what: &str) -> Value<'t> {
        let value = self.text(element);
        if value.is_blank() {
            let name = element.name();
            self.missing(
                element,
                format!("<{name}> is empty"),
                format!("write {what} between <{name}> and </{name}>"),
            );
        }
        value
    }

    /// The only child of this name; an error for each further one.
    fn child<'t, 'x>(&mut self, element: Element<'t, 'x>, name: &str) -> Option<Element<'t, 'x>> {
        self.child_of(element, &[name])
    }

    /// The only child with one of these names; an error for each further one.
    fn child_of<'t, 'x>(
        &mut self,
        element: Element<'t, 'x>,
        names: &[&str],
    ) -> Option<Element<'t, 'x>> {
        let mut found = element
            .children()
            .filter(|child| names.contains(&child.name()));
        let first = found.next()?;
        for further in found {
            let message = format!(
                "<{}> can have one <{}>, this is a further one",
                element.name(),
                further.name()
            );
            self.reporter
                .error(further.name_span(), message, "remove one of them");
        }
        Some(first)
    }

    /// The only child with one of these names; an error when there is none.
    fn required_child<'t, 'x>(
        &mut self,
        element: Element<'t, 'x>,
        names: &[&str],
        example: &str,
    ) -> Option<Element<'t, 'x>> {
        let found = self.child_of(element, names);
        if found.is_none() {
            let wanted = names.first().copied().unwrap_or_default();
            self.missing(
                element,
                format!("<{}> has no <{wanted}>", element.name()),
                format!("write {example} in it"),
            );
        }
        found
    }

    /// Reports something that is missing, unless the XML was broken and it may only have been lost.
    fn missing(
        &mut self,
        element: Element<'_, '_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if !element.broken() {
            self.reporter.error(element.span(), message, help);
        }
    }

    /// Warns of attributes, children and text that mean nothing in this element.
    fn shape(&mut self, element: Element<'_, '_>, shape: &Shape) {
        if !self.reporter.wants_warnings() {
            return;
        }
        self.known_attributes(element, shape.attributes);
        for content in element.contents() {
            match content {
                Content::Element(child) if !shape.children.contains(&child.name()) => {
                    let nearest = self
                        .reporter
                        .nearest(child.name(), shape.children.iter().copied());
                    let message = format!(
                        "<{}> means nothing in <{}>; it is ignored",
                        child.name(),
                        element.name()
                    );
                    self.reporter.warning(
                        child.name_span(),
                        message,
                        instead(nearest, shape.children),
                    );
                }
                Content::Text(text, span) | Content::CharacterData(text, span)
                    if !shape.text && !text.trim().is_empty() =>
                {
                    let message =
                        format!("text in <{}> means nothing; it is ignored", element.name());
                    let span = if span.length as usize == text.len() {
                        within(text, text.trim(), span)
                    } else {
                        span
                    };
                    self.reporter.warning(
                        span,
                        message,
                        "remove it, or put it into the element it belongs to",
                    );
                }
                Content::Element(_) | Content::Text(..) | Content::CharacterData(..) => {}
            }
        }
    }
}

impl Checker<'_, '_> {
    /// Warns of attributes that mean nothing in this element.
    fn known_attributes(&mut self, element: Element<'_, '_>, known: &'static [&'static str]) {
        for attribute in element.attributes() {
            let name = attribute.name;
            if !known.contains(&name) && !is_xml_business(name) {
                let nearest = self.reporter.nearest(name, known.iter().copied());
                let message = format!(
                    "<{}> knows no attribute {name}; it is ignored",
                    element.name()
                );
                self.reporter
                    .warning(attribute.name_span, message, instead(nearest, known));
            }
        }
    }
}

/// Name spaces and schema hints concern XML tools, not the language.
fn is_xml_business(name: &str) -> bool {
    name == "xmlns"
        || name.starts_with("xmlns:")
        || name.starts_with("xml:")
        || name.starts_with("xsi:")
}

/// The span of `part`, a slice of `whole`, when `whole` stands in the source as it is; else the span of `whole`.
fn within(whole: &str, part: &str, span: Span) -> Span {
    if span.length as usize != whole.len() {
        return span;
    }
    let offset = (part.as_ptr() as usize)
        .saturating_sub(whole.as_ptr() as usize)
        .min(whole.len());
    let start = span.start as usize + offset;
    Span::new(start, start + part.len().min(whole.len() - offset))
}
