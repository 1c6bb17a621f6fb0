//! `config/db_links.xml` and `config/file_links.xml`: many links in one file, each judged by itself.

use std::collections::BTreeMap;

use peerflow_model::LinkKind;
use peerflow_workflow::{Diagnostic, Diagnostics, Outline, Place, Severity};

use crate::new_link::LinkDraft;

mod element;
mod faults;
#[cfg(test)]
mod tests;

/// Bytes that a file of links may have.
const LARGEST: usize = 4 * 1024 * 1024;

/// What a file of links says.
#[derive(Clone, Debug, Default)]
pub struct LinkFile {
    /// Those that make sense, in the order of the file; of two of a name the first.
    pub links: Vec<PlacedLink>,
    /// What is wrong or doubtful, in the order of the file; never with a secret in it.
    pub diagnostics: Diagnostics,
    /// Entries that make no sense, by name, each with the first reason; of a name that another entry has, that one counts.
    pub passed_over: BTreeMap<String, Diagnostic>,
    /// Why further entries may be missing: the file cannot be read whole.
    pub broken: Option<Diagnostic>,
}

/// A link and where it stands.
#[derive(Clone, Debug)]
pub struct PlacedLink {
    pub link: LinkDraft,
    pub place: Place,
}

impl LinkFile {
    /// Reads the content of a file with links of that kind. A link that is wrong is in the diagnostics, and the others are
    /// read all the same.
    pub fn read(kind: LinkKind, bytes: &[u8]) -> Self {
        let whole_file = |message: String, help: &str| {
            let start = Place {
                line: 1,
                column: 1,
                ..Place::default()
            };
            let wrong = error(start, message, help);
            Self {
                diagnostics: Diagnostics(vec![wrong.clone()]),
                broken: Some(wrong),
                ..Self::default()
            }
        };
        if bytes.len() > LARGEST {
            let message = format!(
                "the file has {} bytes, and {LARGEST} are the most",
                bytes.len()
            );
            return whole_file(message, "add further links with `peerflow link … add`");
        }
        let Ok(xml) = std::str::from_utf8(bytes) else {
            return whole_file("the file is not UTF-8".to_owned(), "save it as UTF-8");
        };
        let outline = Outline::read(xml);
        let faults = faults::without_secrets(outline.faults);
        let mut reading = Reading {
            kind,
            file: Self {
                broken: first_error(&faults.0).cloned(),
                diagnostics: faults,
                ..Self::default()
            },
            places: BTreeMap::new(),
        };
        if let Some(root) = &outline.root {
            reading.root(root);
        }
        let mut file = reading.file;
        for placed in &file.links {
            file.passed_over.remove(&placed.link.name);
        }
        file.diagnostics
            .0
            .sort_by_key(|each| (each.place.offset, each.severity));
        file
    }
}

struct Reading {
    kind: LinkKind,
    file: LinkFile,
    /// Where the links stand that were read so far, by name.
    places: BTreeMap<String, Place>,
}

impl Reading {
    fn error(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.file.diagnostics.0.push(error(place, message, help));
    }

    fn warning(&mut self, place: Place, message: impl Into<String>) {
        self.file.diagnostics.0.push(Diagnostic {
            severity: Severity::Warning,
            ..error(place, message, "")
        });
    }

    /// Keeps in mind why there is no link `name`: what was found since there were `before` diagnostics, or the fault of the
    /// file in which it got lost.
    fn pass_over(&mut self, name: &str, before: usize, place: Place) {
        let all = &self.file.diagnostics.0;
        let own = first_error(all.get(before..).unwrap_or_default());
        let behind = |each: &&Diagnostic| each.place.offset >= place.offset;
        let fault = || {
            all.iter()
                .filter(behind)
                .find(|each| each.severity == Severity::Error)
        };
        if let Some(reason) = own.or_else(fault).or(self.file.broken.as_ref()) {
            let entry = self.file.passed_over.entry(name.to_owned());
            entry.or_insert_with(|| reason.clone());
        }
    }

    fn keep(&mut self, link: LinkDraft, place: Place) {
        if let Some(first) = self.places.get(&link.name) {
            let message = format!(
                "{} stands here twice, first at {}:{}, which is the one that counts",
                crate::link_words(link.kind, &link.name),
                first.line,
                first.column
            );
            self.error(place, message, "remove or rename one of them");
            return;
        }
        self.places.insert(link.name.clone(), place);
        self.file.links.push(PlacedLink { link, place });
    }
}

fn first_error(diagnostics: &[Diagnostic]) -> Option<&Diagnostic> {
    diagnostics
        .iter()
        .find(|each| each.severity == Severity::Error)
}

fn error(place: Place, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        place,
        message: message.into(),
        help: help.into(),
    }
}
