//! Other XML files of a node, read with the same care as workflows: elements that know their places, without meaning yet.

use std::fmt;

use crate::diagnostic::{Diagnostics, Place};
use crate::place::Span;
use crate::reporter::Reporter;
use crate::xml::{self, Content, Element};

/// What an XML file holds, and what is wrong with it as XML.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The outermost element; absent when there is none.
    pub root: Option<OutlineElement>,
    /// Faults of the XML itself. They may quote what stands at their place, which may be a secret.
    pub faults: Diagnostics,
}

/// An element with everything in it. `Debug` shows its name only, for what it holds may be secret.
#[derive(Clone)]
pub struct OutlineElement {
    pub name: String,
    /// Its start tag.
    pub place: Place,
    pub attributes: Vec<OutlineAttribute>,
    pub children: Vec<Self>,
    /// The text directly in it, as written.
    pub text: String,
    /// Whether its start tag was broken, so that attributes may be missing.
    pub broken: bool,
}

/// An attribute, its entities resolved.
#[derive(Clone)]
pub struct OutlineAttribute {
    pub name: String,
    pub value: String,
    pub name_place: Place,
    /// What stands between the quotes.
    pub value_place: Place,
}

impl Outline {
    /// Reads a file's content. What is broken is in the faults, and reading goes on where it can.
    pub fn read(xml: &str) -> Self {
        let mut reporter = Reporter::new(xml, true);
        let tree = xml::read(xml, &mut reporter);
        let mut root = tree.root().map(|root| outlined(root, &reporter));
        let faults = reporter.finish();
        if let Some(root) = &mut root {
            root.mark_broken(&faults);
        }
        Self { root, faults }
    }
}

impl OutlineElement {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&OutlineAttribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    fn mark_broken(&mut self, faults: &Diagnostics) {
        let tag = self.place.offset..self.place.offset + self.place.length;
        self.broken = faults
            .0
            .iter()
            .any(|fault| tag.contains(&fault.place.offset));
        for child in &mut self.children {
            child.mark_broken(faults);
        }
    }
}

impl fmt::Debug for OutlineElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutlineElement")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OutlineAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutlineAttribute")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Elements nest at most 64 deep, as the reader sees to.
fn outlined(element: Element<'_, '_>, reporter: &Reporter<'_>) -> OutlineElement {
    let place = |span: Span| reporter.places().place(span);
    let mut text = String::new();
    let mut children = Vec::new();
    for content in element.contents() {
        match content {
            Content::Element(child) => children.push(outlined(child, reporter)),
            Content::Text(part, _) | Content::CharacterData(part, _) => text.push_str(part),
        }
    }
    let attributes = element
        .attributes()
        .iter()
        .map(|attribute| OutlineAttribute {
            name: attribute.name.to_owned(),
            value: attribute.value.clone().into_owned(),
            name_place: place(attribute.name_span),
            value_place: place(attribute.value_span),
        })
        .collect();
    OutlineElement {
        name: element.name().to_owned(),
        place: place(element.span()),
        attributes,
        children,
        text,
        broken: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_values_know_their_places() {
        let outline = Outline::read("<a>\n  <b c=\"1&amp;2\">x<![CDATA[<]]></b>\n</a>");
        assert!(outline.faults.0.is_empty(), "{}", outline.faults);
        let root = outline.root.unwrap();
        let child = &root.children[0];
        assert_eq!((child.place.line, child.place.column), (2, 3));
        assert_eq!(child.text, "x<");
        let attribute = child.attribute("c").unwrap();
        assert_eq!(attribute.value, "1&2");
        assert_eq!(attribute.value_place.column, 9);
        assert!(!child.broken);
    }

    #[test]
    fn only_the_element_with_the_broken_tag_is_marked() {
        let outline = Outline::read("<a><b c=1/><b c=\"2\"/></a>");
        let root = outline.root.unwrap();
        let broken: Vec<bool> = root.children.iter().map(|child| child.broken).collect();
        assert_eq!(broken, [true, false]);
        assert!(!root.broken);
    }

    #[test]
    fn debug_shows_no_values() {
        let outline = Outline::read("<a password=\"hunter2\">hunter2</a>");
        assert!(!format!("{outline:?}").contains("hunter2"));
    }
}
