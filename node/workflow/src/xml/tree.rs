//! The tree: nodes in document order in one vector, so that reading a document takes few allocations.

use std::borrow::Cow;

use crate::place::Span;

/// A document read from XML.
#[derive(Debug, Default)]
pub(crate) struct Tree<'s> {
    pub(super) nodes: Vec<Node<'s>>,
    pub(super) attributes: Vec<Attribute<'s>>,
    /// The XML was broken somewhere, so what the tree lacks may well stand in the document.
    pub(crate) broken: bool,
}

#[derive(Debug)]
pub(super) struct Node<'s> {
    pub(super) content: NodeContent<'s>,
    /// Of an element its start tag.
    pub(super) span: Span,
    /// Index of the first node that is not below this one.
    pub(super) end: usize,
}

#[derive(Debug)]
pub(super) enum NodeContent<'s> {
    Element {
        name: &'s str,
        first_attribute: usize,
        attribute_count: usize,
    },
    Text(Cow<'s, str>),
    CharacterData(Cow<'s, str>),
}

/// An attribute, its value with entities resolved and white space normalised.
#[derive(Debug)]
pub(crate) struct Attribute<'s> {
    pub(crate) name: &'s str,
    pub(crate) name_span: Span,
    pub(crate) value: Cow<'s, str>,
    /// What stands between the quotes.
    pub(crate) value_span: Span,
}

impl<'s> Tree<'s> {
    /// The outermost element.
    pub(crate) fn root(&self) -> Option<Element<'_, 's>> {
        let first = self.nodes.first()?;
        matches!(first.content, NodeContent::Element { .. }).then_some(Element {
            tree: self,
            index: 0,
        })
    }
}

/// An element of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'t, 's> {
    tree: &'t Tree<'s>,
    index: usize,
}

/// What can stand inside an element.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'t, 's> {
    Element(Element<'t, 's>),
    /// Text with entities resolved and line ends normalised.
    Text(&'t str, Span),
    /// The inside of a CDATA section.
    CharacterData(&'t str, Span),
}

impl<'t, 's> Element<'t, 's> {
    fn node(self) -> &'t Node<'s> {
        &self.tree.nodes[self.index]
    }

    pub(crate) fn name(self) -> &'t str {
        match &self.node().content {
            NodeContent::Element { name, .. } => name,
            NodeContent::Text(_) | NodeContent::CharacterData(_) => "",
        }
    }

    /// The whole start tag.
    pub(crate) fn span(self) -> Span {
        self.node().span
    }

    /// The name in the start tag.
    pub(crate) fn name_span(self) -> Span {
        let start = self.span().start as usize + 1;
        Span::new(start, start + self.name().len())
    }

    pub(crate) fn attributes(self) -> &'t [Attribute<'s>] {
        match &self.node().content {
            NodeContent::Element {
                first_attribute,
                attribute_count,
                ..
            } => &self.tree.attributes[*first_attribute..first_attribute + attribute_count],
            NodeContent::Text(_) | NodeContent::CharacterData(_) => &[],
        }
    }

    pub(crate) fn attribute(self, name: &str) -> Option<&'t Attribute<'s>> {
        self.attributes()
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(crate) fn contents(self) -> impl Iterator<Item = Content<'t, 's>> + Clone {
        let tree = self.tree;
        let end = self.node().end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let index = next;
            let node = &tree.nodes[index];
            next = node.end;
            Some(match &node.content {
                NodeContent::Element { .. } => Content::Element(Element { tree, index }),
                NodeContent::Text(text) => Content::Text(text, node.span),
                NodeContent::CharacterData(text) => Content::CharacterData(text, node.span),
            })
        })
    }

    pub(crate) fn children(self) -> impl Iterator<Item = Self> + Clone {
        self.contents().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(..) | Content::CharacterData(..) => None,
        })
    }

    /// Whether the XML around it was broken, so that something missing may only have been lost.
    pub(crate) fn broken(self) -> bool {
        self.tree.broken
    }
}
