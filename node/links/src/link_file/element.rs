//! One `<link>` of a file.

use std::collections::BTreeMap;

use peerflow_model::{LinkKind, LinkSettings};
use peerflow_workflow::{OutlineElement, Place};

use super::Reading;
use crate::error::LinkPart;
use crate::new_link::NewLink;
use crate::secrets::{PASSWORD, Secrets};
use crate::system::nearest;

const DATABASE_ATTRIBUTES: [&str; 6] = ["name", "type", "jdbc-url", "username", "password", "desc"];
const FILE_ATTRIBUTES: [&str; 7] = [
    "name", "type", "host", "port", "username", "password", "desc",
];

impl Reading {
    pub(super) fn root(&mut self, root: &OutlineElement) {
        let wanted = match self.kind {
            LinkKind::Database => "db-links",
            LinkKind::File => "file-links",
        };
        if root.name != wanted {
            let message = format!("the outermost element is not <{wanted}>");
            let help = format!("write <{wanted}> … </{wanted}>");
            self.error(root.place, message, help);
            self.file.broken = self.file.diagnostics.0.last().cloned();
            return;
        }
        for child in &root.children {
            self.child_of_root(child);
        }
    }

    fn child_of_root(&mut self, child: &OutlineElement) {
        if child.name == "link" {
            self.link(child);
        } else {
            self.error(
                child.place,
                "only <link> stands here",
                "did you mean <link …/>?",
            );
        }
    }

    fn link(&mut self, element: &OutlineElement) {
        let before = self.file.diagnostics.0.len();
        let mut link = NewLink {
            kind: self.kind,
            name: attribute(element, "name"),
            settings: LinkSettings {
                system: attribute(element, "type"),
                jdbc_url: attribute(element, "jdbc-url"),
                host: attribute(element, "host"),
                port: self.port(element),
                username: attribute(element, "username"),
                description: attribute(element, "desc"),
                properties: BTreeMap::new(),
            },
            secrets: Secrets::new(),
        };
        let password = attribute(element, "password");
        if !password.is_empty() {
            link.secrets.set(PASSWORD, password);
        }
        self.attributes(element);
        let mut inner = Vec::new();
        for child in &element.children {
            match child.name.as_str() {
                "properties" => self.properties(child, &mut link, &mut inner),
                // One before was not closed, which is reported: this one is sound by itself.
                "link" => inner.push(child),
                _ => self.error(
                    child.place,
                    "only <properties> stands in a link",
                    "remove it",
                ),
            }
        }
        let sound = self.file.diagnostics.0.len() == before && !element.broken;
        let name = link.name.clone();
        match link.check() {
            Ok(draft) if sound => {
                for warning in &draft.warnings {
                    let link = crate::link_words(draft.kind, &draft.name);
                    self.warning(element.place, format!("{link}: {warning}"));
                }
                self.keep(draft, element.place);
            }
            // What is missing may stand in the part that could not be read.
            Err(_) if element.broken => self.pass_over(&name, before, element.place),
            Ok(_) => self.pass_over(&name, before, element.place),
            Err(error) => {
                let place = place_of(element, &error.part);
                self.error(place, error.to_string(), "");
                self.pass_over(&name, before, element.place);
            }
        }
        for link in inner {
            self.link(link);
        }
    }

    fn port(&mut self, element: &OutlineElement) -> Option<u16> {
        let attribute = element.attribute("port")?;
        let text = attribute.value.trim();
        if text.is_empty() {
            return None;
        }
        match text.parse() {
            Ok(port) if port > 0 => Some(port),
            Ok(_) | Err(_) => {
                self.error(
                    attribute.value_place,
                    "the port is no number from 1 to 65535",
                    "write port=\"22\"",
                );
                None
            }
        }
    }

    /// Reports attributes that no link has.
    fn attributes(&mut self, element: &OutlineElement) {
        let known: &[&str] = match self.kind {
            LinkKind::Database => &DATABASE_ATTRIBUTES,
            LinkKind::File => &FILE_ATTRIBUTES,
        };
        for attribute in &element.attributes {
            if known.contains(&attribute.name.as_str()) {
                continue;
            }
            let help = match nearest(&attribute.name, known.iter().copied()) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("known here: {}", known.join(", ")),
            };
            // Behind a quote that closed too early a password looks like a name.
            self.error(
                attribute.name_place,
                "no attribute of this name is known here",
                help,
            );
        }
    }

    fn properties<'e>(
        &mut self,
        element: &'e OutlineElement,
        link: &mut NewLink,
        inner: &mut Vec<&'e OutlineElement>,
    ) {
        for child in &element.children {
            if child.name == "link" {
                inner.push(child);
                continue;
            }
            let name = attribute(child, "name");
            if child.name != "property" || name.trim().is_empty() || child.broken {
                self.error(
                    child.place,
                    "only properties with a name stand here",
                    "write <property name=\"…\">value</property>",
                );
                continue;
            }
            let value = match child.attribute("value") {
                Some(value) => value.value.as_str(),
                None => child.text.trim(),
            };
            let name = name.trim().to_owned();
            if link
                .settings
                .properties
                .insert(name, value.to_owned())
                .is_some()
            {
                self.error(
                    child.place,
                    "a property of this name stands above already",
                    "remove one of them",
                );
            }
        }
    }
}

fn attribute(element: &OutlineElement, name: &str) -> String {
    element
        .attribute(name)
        .map(|attribute| attribute.value.clone())
        .unwrap_or_default()
}

/// The value that an error is about; the start tag where it is missing.
fn place_of(element: &OutlineElement, part: &LinkPart) -> Place {
    let name = match part {
        LinkPart::Name => "name",
        LinkPart::Type => "type",
        LinkPart::JdbcUrl => "jdbc-url",
        LinkPart::Host => "host",
        LinkPart::Port => "port",
        LinkPart::Username => "username",
        LinkPart::Password => "password",
        LinkPart::Description => "desc",
        LinkPart::Property(name) => return property_place(element, name),
        LinkPart::Sealed | LinkPart::Unsupported | LinkPart::Connection => "name",
    };
    element
        .attribute(name)
        .map_or(element.place, |attribute| attribute.value_place)
}

fn property_place(element: &OutlineElement, name: &str) -> Place {
    let properties = element.children.iter().flat_map(|child| &child.children);
    let named = |child: &&OutlineElement| {
        let written = attribute(child, "name");
        written.trim() == name || crate::files::property_name(&written) == name
    };
    properties
        .into_iter()
        .find(named)
        .map_or(element.place, |property| property.place)
}
