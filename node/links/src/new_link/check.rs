//! What a link must be like.

use peerflow_model::LinkKind;

use super::{LinkDraft, NewLink};
use crate::error::{Fault, LinkPart};
use crate::files::{known_properties, property_name};
use crate::jdbc::DatabaseUrl;
use crate::secrets::{PASSWORD, is_secret};
use crate::system::{DatabaseSystem, FileSystemKind, nearest};
use crate::{database, files};

/// Bytes that a link's name may have.
const LONGEST_NAME: usize = 255;
/// Bytes that any other text of a link may have, a secret too.
const LONGEST_TEXT: usize = 16 * 1024;
/// Properties that a link may have.
const MOST_PROPERTIES: usize = 200;
/// The link that always exists.
const LOCAL: &str = "local";

pub(super) fn check(mut link: NewLink) -> Result<LinkDraft, Fault> {
    check_name(&link.name)?;
    check_texts(&mut link)?;
    match link.kind {
        LinkKind::Database => check_database(link),
        LinkKind::File => check_files(link),
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    let wrong = |message: String| Err(Fault::new(LinkPart::Name, message));
    if name.is_empty() {
        return wrong("the name is missing: write name=\"warehouse\" or the like".to_owned());
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
    // Names stand in paths of the API.
    if name.contains(['/', '\\', '?', '#', '%']) || matches!(name, "." | "..") {
        return wrong("a name holds none of / \\ ? # %: write _ or - instead".to_owned());
    }
    Ok(())
}

fn check_texts(link: &mut NewLink) -> Result<(), Fault> {
    let settings = &mut link.settings;
    for text in [
        &mut settings.host,
        &mut settings.username,
        &mut settings.jdbc_url,
    ] {
        *text = text.trim().to_owned();
    }
    let plain = [
        (LinkPart::Host, &settings.host),
        (LinkPart::Username, &settings.username),
        (LinkPart::Type, &settings.system),
        (LinkPart::JdbcUrl, &settings.jdbc_url),
    ];
    for (part, text) in plain {
        if text.chars().any(char::is_control) {
            return Err(Fault::new(
                part,
                "a line break or control character stands in it: remove it",
            ));
        }
        refuse_long(part, text)?;
    }
    refuse_long(LinkPart::Description, &settings.description)?;
    for (name, value) in &settings.properties {
        refuse_long(LinkPart::Property(name.clone()), value)?;
    }
    if settings.properties.len() > MOST_PROPERTIES {
        let message = format!("more than {MOST_PROPERTIES} properties");
        return Err(Fault::new(LinkPart::Property(String::new()), message));
    }
    Ok(())
}

fn refuse_long(part: LinkPart, text: &str) -> Result<(), Fault> {
    if text.len() > LONGEST_TEXT {
        let message = format!(
            "one of its texts has {} bytes, and {LONGEST_TEXT} are the most",
            text.len()
        );
        return Err(Fault::new(part, message));
    }
    Ok(())
}

fn check_database(mut link: NewLink) -> Result<LinkDraft, Fault> {
    let settings = &mut link.settings;
    if !settings.host.is_empty() || settings.port.is_some() {
        let part = if settings.host.is_empty() {
            LinkPart::Port
        } else {
            LinkPart::Host
        };
        return Err(Fault::new(
            part,
            "host and port of a database are written into its jdbc-url",
        ));
    }
    if !settings.system.trim().is_empty() && DatabaseSystem::of_word(&settings.system).is_none() {
        return Err(unknown_type(
            &settings.system,
            &DatabaseSystem::ALL.map(DatabaseSystem::word),
        ));
    }
    for name in settings.properties.keys() {
        check_property_name(name)?;
    }
    let whole = database::whole(settings, &link.secrets)?;
    // What stood in the URL stays there, but for user and secrets.
    let written = DatabaseUrl::parse(&settings.jdbc_url)?;
    settings.jdbc_url = DatabaseUrl {
        system: whole.system,
        ..written
    }
    .to_string();
    settings.system = whole.system.word().to_owned();
    settings.username = whole.username.clone().unwrap_or_default();
    settings
        .properties
        .retain(|name, _| whole.properties.contains_key(name));
    let mut warnings = whole.warnings.clone();
    match database::open(&whole) {
        Ok((_database, unused)) => warnings.extend(unused),
        // Another node, or a later version, may reach it.
        Err(fault) if fault.part == LinkPart::Unsupported => warnings.push(fault.message),
        Err(fault) => return Err(fault),
    }
    Ok(LinkDraft {
        kind: link.kind,
        name: link.name,
        settings: link.settings,
        secrets: whole.secrets,
        warnings,
    })
}

fn check_files(mut link: NewLink) -> Result<LinkDraft, Fault> {
    let settings = &mut link.settings;
    if !settings.jdbc_url.is_empty() {
        return Err(Fault::new(
            LinkPart::JdbcUrl,
            "a file link has no jdbc-url: write host and port",
        ));
    }
    let Some(kind) = FileSystemKind::of_word(&settings.system) else {
        return Err(unknown_type(
            &settings.system,
            &FileSystemKind::ALL.map(FileSystemKind::word),
        ));
    };
    if link.name == LOCAL && kind != FileSystemKind::Local {
        let message = "the name local is that of each node's own files: choose another";
        return Err(Fault::new(LinkPart::Name, message));
    }
    settings.system = kind.word().to_owned();
    for (written, value) in std::mem::take(&mut settings.properties) {
        let name = property_name(&written);
        check_property_name(&name)?;
        if name == PASSWORD || is_secret(&name) {
            if link.secrets.reveal(&name).is_none() {
                link.secrets.set(name, value);
            }
        } else {
            settings.properties.insert(name, value);
        }
    }
    let known = known_properties(kind);
    let all = settings
        .properties
        .keys()
        .map(String::as_str)
        .chain(link.secrets.names());
    for name in all.filter(|name| *name != PASSWORD) {
        if !known.contains(&name) {
            return Err(unknown_property(name, kind, known));
        }
    }
    files::settings(kind, settings, &link.secrets)?;
    Ok(LinkDraft {
        kind: link.kind,
        name: link.name,
        warnings: file_warnings(kind, settings),
        settings: link.settings,
        secrets: link.secrets,
    })
}

fn file_warnings(kind: FileSystemKind, settings: &peerflow_model::LinkSettings) -> Vec<String> {
    let mut warnings = Vec::new();
    if kind == FileSystemKind::Local && !(settings.host.is_empty() && settings.username.is_empty())
    {
        warnings.push(
            "host and username do nothing: the files are those of the node that runs the action"
                .to_owned(),
        );
    }
    if kind == FileSystemKind::Ftp && !settings.properties.contains_key("encryption") {
        warnings.push("password and files go over the network in the clear; property encryption=explicit seals them where the server can".to_owned());
    }
    warnings
}

fn check_property_name(name: &str) -> Result<(), Fault> {
    let fits = |character: char| character.is_ascii_alphanumeric() || "_.-$: ".contains(character);
    if name.trim() != name
        || name.is_empty()
        || name.len() > LONGEST_NAME
        || !name.chars().all(fits)
    {
        let message = format!(
            "the name `{}` is none for a property: letters, digits and _ . - $ : make one",
            name.chars().take(80).collect::<String>().escape_debug()
        );
        return Err(Fault::new(LinkPart::Property(name.to_owned()), message));
    }
    Ok(())
}

fn unknown_type(written: &str, known: &[&'static str]) -> Fault {
    let word = written.trim();
    let help = match nearest(word, known.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("known are {}", known.join(", ")),
    };
    let message = if word.is_empty() {
        format!("the type is missing: {help}")
    } else {
        let shown: String = word.chars().take(80).collect();
        format!("the type {} is not known: {help}", shown.escape_debug())
    };
    Fault::new(LinkPart::Type, message)
}

fn unknown_property(name: &str, kind: FileSystemKind, known: &[&'static str]) -> Fault {
    let help = match (nearest(name, known.iter().copied()), known) {
        (Some(nearest), _) => format!("did you mean {nearest}?"),
        (None, []) => "remove it, there are none".to_owned(),
        (None, _) => format!("known are {}", known.join(", ")),
    };
    let message = format!(
        "the property {name} means nothing to a link of {}: {help}",
        kind.word()
    );
    Fault::new(LinkPart::Property(name.to_owned()), message)
}
