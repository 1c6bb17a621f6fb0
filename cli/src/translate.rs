//! Texts of peers in the user's language.
//!
//! A node speaks English, so that what programs read stays the same whoever asks. Here each English text has a template
//! and its Chinese words; what a template captures is carried over as it is, unless it is a message itself. A text that
//! no template fits, such as one of a newer peer, is shown as it came.

mod actions;
mod catalogue;
mod cluster;
mod databases;
mod documents;
mod file_systems;
mod joining;
mod link_files;
mod link_settings;
mod link_urls;
mod links;
mod refusals;
mod requests;
mod schedule;
mod simulations;
mod startup;
mod steps;
mod system;
mod tasks;
mod template;
#[cfg(test)]
mod tests;
mod times;
mod transfers;
mod words;
mod xml;

use std::borrow::Cow;
use std::sync::LazyLock;

use peerflow_workflow::Diagnostics;

use crate::language::Language;
use catalogue::{Catalogue, Texts};
use template::{Captures, Kind};

/// What is said of documents.
const OF_DOCUMENTS: &[Texts] = &[
    documents::DOCUMENTS,
    actions::ACTIONS,
    xml::XML,
    times::TIMES,
    link_files::LINK_FILES,
];
/// All else. Some begin with a user's word, so the two are kept apart: what is said of a document is no message of a step.
const OF_NODES: &[Texts] = &[
    steps::STEPS,
    tasks::TASKS,
    databases::DATABASES,
    transfers::TRANSFERS,
    refusals::REFUSALS,
    requests::REQUESTS,
    startup::STARTUP,
    cluster::CLUSTER,
    joining::JOINING,
    links::LINKS,
    link_settings::LINK_SETTINGS,
    link_urls::LINK_URLS,
    file_systems::FILE_SYSTEMS,
    system::SYSTEM,
    simulations::SIMULATIONS,
];

static DOCUMENTS: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(OF_DOCUMENTS));
static NODES: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(OF_NODES));

/// Messages stand in messages so deep at most.
const DEEPEST: u32 = 8;
/// A longer text is no message of a node, and is shown as it is.
const LONGEST_BYTES: usize = 64 * 1024;

impl Language {
    /// What a node says, in this language.
    pub(crate) fn told(self, text: &str) -> Cow<'_, str> {
        self.translated(text, Kind::Message)
    }

    /// What is said of a document, in this language.
    pub(crate) fn told_of_document(self, text: &str) -> Cow<'_, str> {
        self.translated(text, Kind::Document)
    }

    /// Whether what a node says can be told in this language.
    pub(crate) fn knows(self, text: &str) -> bool {
        self == Self::English || carried(text, Kind::Message, 0).is_some()
    }

    fn translated(self, text: &str, kind: Kind) -> Cow<'_, str> {
        match self {
            Self::English => Cow::Borrowed(text),
            Self::Chinese => carried(text, kind, 0).map_or(Cow::Borrowed(text), Cow::Owned),
        }
    }

    /// Errors and warnings of a document for people, with the lines they are about.
    pub(crate) fn rendered(
        self,
        diagnostics: &Diagnostics,
        file: &str,
        source: &str,
        colour: bool,
    ) -> String {
        match self {
            Self::English => diagnostics.render(file, source, colour),
            Self::Chinese => {
                let mut told = diagnostics.clone();
                for each in &mut told.0 {
                    each.message = self.told_of_document(&each.message).into_owned();
                    each.help = self.told_of_document(&each.help).into_owned();
                }
                let text = told.render_labelled(file, source, colour, &self.here());
                self.with_help_named(&text)
            }
        }
    }

    /// The drawing names its help in English; its own lines are the only ones that begin so.
    fn with_help_named(self, drawn: &str) -> String {
        let mut out = String::with_capacity(drawn.len());
        for line in drawn.split_inclusive('\n') {
            match line.split_once("  help: ") {
                Some((before, after)) if before.is_empty() || is_colour(before) => {
                    out.push_str(before);
                    out.push_str(&format!("  {}", self.help()));
                    out.push_str(after);
                }
                _ => out.push_str(line),
            }
        }
        out
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix("\x1b[")
        .and_then(|rest| rest.strip_suffix('m'))
        .is_some_and(|code| {
            code.chars()
                .all(|each| each.is_ascii_digit() || each == ';')
        })
}

/// `text` in Chinese, where a template fits it.
fn carried(text: &str, kind: Kind, depth: u32) -> Option<String> {
    if depth > DEEPEST || text.is_empty() || text.len() > LONGEST_BYTES {
        return None;
    }
    let catalogue = match kind {
        Kind::Document => &DOCUMENTS,
        _ => &NODES,
    };
    if kind == Kind::Document && is_list(text) {
        let lines = text
            .lines()
            .map(|line| carried(line, kind, depth + 1).unwrap_or_else(|| line.to_owned()));
        return Some(lines.collect::<Vec<_>>().join("\n"));
    }
    let fitting = catalogue.fitting(text);
    let known = fitting
        .iter()
        .find(|(template, captures)| begins_known(captures, template.beginning(), depth));
    match known {
        Some((template, captures)) => {
            Some(template.fill(captures, |kind, captured| carry(captured, kind, depth)))
        }
        None => several(text, kind, depth),
    }
}

/// A message that begins with another one is meant only where that one is known: any words might stand there.
fn begins_known(captures: &Captures<'_>, beginning: &str, depth: u32) -> bool {
    match captures.first() {
        Some((_, kind @ (Kind::Message | Kind::Document), first)) if beginning.is_empty() => {
            carried(first, *kind, depth + 1).is_some()
        }
        Some(_) | None => true,
    }
}

/// What a placeholder stands for, in Chinese where its kind says so.
fn carry(captured: &str, kind: Kind, depth: u32) -> String {
    match kind {
        Kind::Message | Kind::Document => {
            carried(captured, kind, depth + 1).unwrap_or_else(|| captured.to_owned())
        }
        Kind::Files => words::files(captured),
        Kind::Word => words::chinese(captured).unwrap_or_default().to_owned(),
        Kind::Verbatim | Kind::Name | Kind::Key | Kind::Number | Kind::Quoted => {
            captured.to_owned()
        }
    }
}

/// Whether `text` has several lines, each `line:column: …`.
fn is_list(text: &str) -> bool {
    let has_place = |line: &str| {
        line.splitn(3, ':')
            .take(2)
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    text.contains('\n') && text.lines().all(has_place)
}

/// Several messages joined by semicolons. The first must be known; what follows may be a user's own words.
fn several(text: &str, kind: Kind, depth: u32) -> Option<String> {
    let (first, rest) = text.split_once("; ")?;
    let first = carried(first, kind, depth + 1)?;
    let rest = carried(rest, kind, depth + 1).unwrap_or_else(|| rest.to_owned());
    Some(format!("{first}；{rest}"))
}
