//! Reads XML events into a tree. What is broken is reported with its place, and reading goes on where it can.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::SyntaxError;
use quick_xml::events::Event;

use crate::place::{BYTE_ORDER_MARK, Span};
use crate::reporter::Reporter;
use crate::xml::attributes::read_attributes;
use crate::xml::characters::{
    AMPERSAND_HELP, normalise_line_ends, refuse_control_characters, resolve_reference,
};
use crate::xml::tree::{Node, NodeContent, Tree};

/// How deep elements may nest. The language itself needs five; HTML inside `<email>` some more.
const DEEPEST: usize = 64;

/// Reads `source`; every fault of the XML itself is in `reporter` afterwards.
pub(crate) fn read<'s>(source: &'s str, reporter: &mut Reporter<'_>) -> Tree<'s> {
    let base = if source.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let mut reader = Reader::from_str(&source[base..]);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut building = Building {
        source,
        tree: Tree::default(),
        open: Vec::new(),
        reporter,
        root_seen: false,
        pending: None,
    };
    if refuse_control_characters(source, building.reporter) {
        building.tree.broken = true;
    }
    let mut start = base;
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = base + usize::try_from(reader.error_position()).unwrap_or(0);
                building.syntax_error(&error, at);
                break;
            }
        };
        let end = base + usize::try_from(reader.buffer_position()).unwrap_or(0);
        if matches!(event, Event::Eof) || !building.take(event, (start, end)) {
            break;
        }
        start = end;
    }
    building.finish()
}

struct Building<'s, 'r, 'p> {
    source: &'s str,
    tree: Tree<'s>,
    /// Indices of the elements that are open.
    open: Vec<usize>,
    reporter: &'r mut Reporter<'p>,
    root_seen: bool,
    /// Text whose end is not reached yet: references cut it into pieces.
    pending: Option<(Cow<'s, str>, Span)>,
}

impl<'s> Building<'s, '_, '_> {
    /// Takes one event that covers `source[start..end]`; false when reading must stop.
    fn take(&mut self, event: Event<'_>, (start, end): (usize, usize)) -> bool {
        let span = Span::new(start, end);
        match event {
            Event::Text(_) => self.text(start, end),
            Event::GeneralRef(reference) => {
                match resolve_reference(&reference, span, self.reporter) {
                    Some(character) => self.append(Cow::Owned(character.to_string()), span),
                    None => self.tree.broken = true,
                }
            }
            Event::CData(_) => {
                self.flush_text();
                let inner = Span::new(start + "<![CDATA[".len(), end.saturating_sub("]]>".len()));
                let text = normalise_line_ends(&self.source[inner.start as usize..inner.end()]);
                self.character_data(NodeContent::CharacterData(text), inner);
            }
            Event::Start(tag) => return self.start(tag.name().as_ref().len(), (start, end), false),
            Event::Empty(tag) => return self.start(tag.name().as_ref().len(), (start, end), true),
            Event::End(tag) => self.end(tag.name().as_ref(), span),
            Event::Decl(declaration) => self.declaration(&declaration, span),
            Event::DocType(_) => {
                self.reporter.error(
                    span,
                    "a document type definition (DTD) is refused",
                    "remove <!DOCTYPE …>; write entities as numbers, such as &#160;",
                );
                self.tree.broken = true;
            }
            Event::Comment(_) | Event::PI(_) | Event::Eof => {}
        }
        true
    }

    fn text(&mut self, start: usize, end: usize) {
        let raw = &self.source[start..end];
        if let Some(at) = raw.find('&') {
            let span = Span::new(start + at, start + at + 1);
            self.reporter
                .error(span, "& cannot stand alone in text", AMPERSAND_HELP);
            self.tree.broken = true;
        }
        if self.open.is_empty() {
            let blank = raw.trim();
            if !blank.is_empty() {
                let at = start + (raw.len() - raw.trim_start().len());
                self.outside(Span::new(at, at + blank.len()));
            }
            return;
        }
        self.append(normalise_line_ends(raw), Span::new(start, end));
    }

    fn outside(&mut self, span: Span) {
        let help = if self.root_seen {
            "remove it"
        } else {
            "a document begins with <work-flow name=\"…\">"
        };
        self.reporter
            .error(span, "text outside the outermost element", help);
        self.tree.broken = true;
    }

    fn append(&mut self, piece: Cow<'s, str>, span: Span) {
        if self.open.is_empty() {
            self.outside(span);
            return;
        }
        match &mut self.pending {
            Some((text, whole)) => {
                text.to_mut().push_str(&piece);
                *whole = Span::new(whole.start as usize, span.end());
            }
            None => self.pending = Some((piece, span)),
        }
    }

    fn flush_text(&mut self) {
        if let Some((text, span)) = self.pending.take() {
            self.character_data(NodeContent::Text(text), span);
        }
    }

    fn character_data(&mut self, content: NodeContent<'s>, span: Span) {
        if self.open.is_empty() {
            self.outside(span);
            return;
        }
        let end = self.tree.nodes.len() + 1;
        self.tree.nodes.push(Node { content, span, end });
    }

    fn start(&mut self, name_length: usize, (start, end): (usize, usize), empty: bool) -> bool {
        self.flush_text();
        let span = Span::new(start, end);
        let name_end = start + 1 + name_length;
        let name = &self.source[start + 1..name_end];
        if self.open.is_empty() && self.root_seen {
            let message = format!("a second outermost element <{name}>");
            self.reporter.error(
                span,
                message,
                "a document has one; put each into a file of its own",
            );
            self.tree.broken = true;
            return false;
        }
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        {
            self.reporter.error(
                span,
                format!("<{name} is no element"),
                "write &lt; for a less-than sign",
            );
            self.tree.broken = true;
            return false;
        }
        if self.open.len() >= DEEPEST {
            let message = format!("elements nest deeper than {DEEPEST}");
            self.reporter
                .error(span, message, "close elements before opening others");
            self.tree.broken = true;
            return false;
        }
        self.root_seen = true;
        let first_attribute = self.tree.attributes.len();
        let inner_end = if empty {
            end - "/>".len()
        } else {
            end - ">".len()
        };
        let range = (name_end, inner_end.max(name_end));
        if !read_attributes(self.source, range, &mut self.tree.attributes, self.reporter) {
            self.tree.broken = true;
        }
        let attribute_count = self.tree.attributes.len() - first_attribute;
        let index = self.tree.nodes.len();
        let content = NodeContent::Element {
            name,
            first_attribute,
            attribute_count,
        };
        self.tree.nodes.push(Node {
            content,
            span,
            end: index + 1,
        });
        if !empty {
            self.open.push(index);
        }
        true
    }

    fn end(&mut self, name: &str, span: Span) {
        self.flush_text();
        let Some(&innermost) = self.open.last() else {
            self.reporter.error(
                span,
                format!("</{name}> closes nothing"),
                "remove it, or open the element before",
            );
            self.tree.broken = true;
            return;
        };
        if self.name_of(innermost) == name {
            self.close_down_to(self.open.len() - 1);
            return;
        }
        self.tree.broken = true;
        let expected = self.name_of(innermost);
        let opened = self
            .reporter
            .places()
            .place(self.tree.nodes[innermost].span);
        let message = format!(
            "</{name}> where </{expected}> was expected, which opened at {}:{}",
            opened.line, opened.column
        );
        self.reporter
            .error(span, message, format!("write </{expected}> before it"));
        if let Some(outer) = self
            .open
            .iter()
            .rposition(|&index| self.name_of(index) == name)
        {
            self.close_down_to(outer);
        }
    }

    fn name_of(&self, index: usize) -> &'s str {
        match self.tree.nodes[index].content {
            NodeContent::Element { name, .. } => name,
            NodeContent::Text(_) | NodeContent::CharacterData(_) => "",
        }
    }

    fn close_down_to(&mut self, depth: usize) {
        let end = self.tree.nodes.len();
        for index in self.open.drain(depth..) {
            self.tree.nodes[index].end = end;
        }
    }

    fn declaration(&mut self, declaration: &quick_xml::events::BytesDecl<'_>, span: Span) {
        let Some(Ok(encoding)) = declaration.encoding() else {
            return;
        };
        if !["utf-8", "utf8", "us-ascii", "ascii"]
            .iter()
            .any(|known| encoding.eq_ignore_ascii_case(known))
        {
            let message = format!("the encoding {encoding} is not read");
            self.reporter.error(
                span,
                message,
                "save the file as UTF-8 and write encoding=\"UTF-8\"",
            );
        }
    }

    fn syntax_error(&mut self, error: &quick_xml::Error, at: usize) {
        let at = at.min(self.source.len());
        let length = self.source[at..].chars().next().map_or(0, char::len_utf8);
        let (message, help) = match error {
            quick_xml::Error::Syntax(syntax) => syntax_words(*syntax),
            other => (other.to_string(), String::new()),
        };
        self.reporter
            .error(Span::new(at, at + length), message, help);
        self.tree.broken = true;
    }

    fn finish(mut self) -> Tree<'s> {
        self.flush_text();
        if let Some(&innermost) = self.open.last()
            && !self.tree.broken
        {
            let name = self.name_of(innermost);
            let span = self.tree.nodes[innermost].span;
            let help = format!("write </{name}> where it ends");
            self.reporter
                .error(span, format!("<{name}> is never closed"), help);
        }
        self.tree.broken |= !self.open.is_empty();
        self.close_down_to(0);
        if !self.root_seen && !self.reporter.has_errors() {
            let help = "a document begins with <work-flow name=\"…\"> or <coordinator name=\"…\">";
            self.reporter
                .error(Span::new(0, 0), "the document is empty", help);
        }
        self.tree
    }
}

fn syntax_words(error: SyntaxError) -> (String, String) {
    let (message, help) = match error {
        SyntaxError::InvalidBangMarkup => (
            "<! begins neither a comment nor CDATA",
            "write <!-- … --> or <![CDATA[ … ]]>",
        ),
        SyntaxError::UnclosedPI => (
            "a processing instruction is never closed",
            "write ?> where it ends",
        ),
        SyntaxError::UnclosedXmlDecl => (
            "the XML declaration is never closed",
            "write ?> where it ends",
        ),
        SyntaxError::UnclosedComment => ("a comment is never closed", "write --> where it ends"),
        SyntaxError::UnclosedDoctype => (
            "a document type definition (DTD) is refused",
            "remove <!DOCTYPE …>",
        ),
        SyntaxError::UnclosedCData => {
            ("a CDATA section is never closed", "write ]]> where it ends")
        }
        SyntaxError::UnclosedTag => (
            "a tag is never closed",
            "write > where it ends, or &lt; for a less-than sign",
        ),
        SyntaxError::UnclosedSingleQuotedAttributeValue => {
            ("an attribute value is never closed", "write ' at its end")
        }
        SyntaxError::UnclosedDoubleQuotedAttributeValue => {
            ("an attribute value is never closed", "write \" at its end")
        }
    };
    (message.to_owned(), help.to_owned())
}
