//! From a link that is kept to the database or the file system that it leads to.

use std::collections::BTreeMap;
use std::sync::Arc;

use peerflow_files::{FileSystem, Settings};
use peerflow_model::{LinkKind, LinkRecord, LinkSettings};
use peerflow_rows::Database;
use peerflow_workflow::InlineDatabase;

use crate::error::{Fault, LinkError, LinkPart, link_words};
use crate::secrets::{PASSWORD, Secrets};
use crate::system::FileSystemKind;
use crate::{database, files};

/// The database of a link. Connects to nothing yet.
///
/// # Errors
/// When the link makes no sense, or leads where this program cannot reach.
pub fn open_database(
    record: &LinkRecord,
    secrets: &Secrets,
) -> Result<Arc<dyn Database>, LinkError> {
    if record.kind != LinkKind::Database {
        return Err(of_other_kind(record));
    }
    database::whole(&record.settings, secrets)
        .and_then(|url| database::open(&url))
        .map(|(database, _warnings)| database)
        .map_err(|fault| fault.of(link_words(record.kind, &record.name)))
}

/// The database that a step of an older workflow writes inline. Connects to nothing yet.
///
/// # Errors
/// As [`open_database`].
pub fn open_inline(inline: &InlineDatabase) -> Result<Arc<dyn Database>, LinkError> {
    let settings = LinkSettings {
        system: inline.kind.clone(),
        jdbc_url: inline.jdbc_url.clone(),
        username: inline.username.clone(),
        host: String::new(),
        port: None,
        description: String::new(),
        properties: BTreeMap::new(),
    };
    let mut secrets = Secrets::new();
    if !inline.password.is_empty() {
        secrets.set(PASSWORD, inline.password.clone());
    }
    database::whole(&settings, &secrets)
        .and_then(|url| database::open(&url))
        .map(|(database, _warnings)| database)
        .map_err(|fault| fault.of(format!("the {} database of the step itself", inline.kind)))
}

/// The file system of a link. Connects to nothing yet.
///
/// # Errors
/// As [`open_database`].
pub fn open_files(
    record: &LinkRecord,
    secrets: &Secrets,
) -> Result<Arc<dyn FileSystem>, LinkError> {
    if record.kind != LinkKind::File {
        return Err(of_other_kind(record));
    }
    let named = |fault: Fault| fault.of(link_words(record.kind, &record.name));
    let system = &record.settings.system;
    let Some(kind) = FileSystemKind::of_word(system) else {
        let message = format!(
            "a newer version of this program keeps it, of the type {system}: upgrade this node"
        );
        return Err(named(Fault::new(LinkPart::Type, message)));
    };
    files::settings(kind, &record.settings, secrets)
        .and_then(open)
        .map_err(named)
}

/// The files of the node itself: the link `local`, which always exists.
///
/// # Errors
/// When this program was built without them.
pub fn local_files() -> Result<Arc<dyn FileSystem>, LinkError> {
    open(Settings::Local).map_err(|fault| fault.of(link_words(LinkKind::File, "local")))
}

fn open(settings: Settings) -> Result<Arc<dyn FileSystem>, Fault> {
    settings.open().map_err(|error| {
        let part = match error.trouble {
            peerflow_files::Trouble::Unsupported => LinkPart::Unsupported,
            _ => LinkPart::Connection,
        };
        Fault::new(part, error.to_string())
    })
}

fn of_other_kind(record: &LinkRecord) -> LinkError {
    let wanted = match record.kind {
        LinkKind::Database => "it is a database, and files are asked for",
        LinkKind::File => "it leads to files, and a database is asked for",
    };
    Fault::new(LinkPart::Type, wanted).of(link_words(record.kind, &record.name))
}

#[cfg(test)]
mod tests;
