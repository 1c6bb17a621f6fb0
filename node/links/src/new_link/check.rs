//! What a link must be like.

use peerflow_model::LinkKind;

use super::{LinkDraft, NewLink};
use crate::error::{LinkError, LinkPart};
use crate::system::{DatabaseSystem, FileSystemKind, nearest};

/// Bytes that a link's name may have.
const LONGEST_NAME: usize = 255;

pub(super) fn check(link: NewLink) -> Result<LinkDraft, LinkError> {
    check_name(link.kind, &link.name)?;
    let system = match link.kind {
        LinkKind::Database => database_system(&link)?.word(),
        LinkKind::File => file_system(&link)?.word(),
    };
    let mut settings = link.settings;
    settings.system = system.to_owned();
    Ok(LinkDraft {
        kind: link.kind,
        name: link.name,
        settings,
        secrets: link.secrets,
        warnings: Vec::new(),
    })
}

fn check_name(kind: LinkKind, name: &str) -> Result<(), LinkError> {
    let wrong = |message: String| Err(LinkError::new(kind, name, LinkPart::Name, message));
    if name.is_empty() {
        return wrong("a link needs a name".to_owned());
    }
    if name.len() > LONGEST_NAME {
        let length = name.len();
        return wrong(format!(
            "the name has {length} bytes, and {LONGEST_NAME} are the most"
        ));
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        return wrong(
            "a name has no blanks around it, and no line break or control character in it"
                .to_owned(),
        );
    }
    Ok(())
}

fn database_system(link: &NewLink) -> Result<DatabaseSystem, LinkError> {
    let word = &link.settings.system;
    DatabaseSystem::of_word(word)
        .ok_or_else(|| unknown(link, DatabaseSystem::ALL.map(DatabaseSystem::word).to_vec()))
}

fn file_system(link: &NewLink) -> Result<FileSystemKind, LinkError> {
    let word = &link.settings.system;
    FileSystemKind::of_word(word)
        .ok_or_else(|| unknown(link, FileSystemKind::ALL.map(FileSystemKind::word).to_vec()))
}

fn unknown(link: &NewLink, known: Vec<&'static str>) -> LinkError {
    let word = link.settings.system.trim();
    let nearest = nearest(word, known.iter().copied());
    let help = match nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("known are {}", known.join(", ")),
    };
    let message = if word.is_empty() {
        format!("the type is missing: {help}")
    } else {
        format!("the type {} is not known: {help}", word.escape_debug())
    };
    LinkError::new(link.kind, &link.name, LinkPart::Type, message)
}
