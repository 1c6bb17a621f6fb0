//! From a link that is kept to the database or the file system that it leads to.

use std::sync::Arc;

use peerflow_files::{FileSystem, Settings};
use peerflow_model::{LinkKind, LinkRecord};
use peerflow_rows::Database;
use peerflow_workflow::InlineDatabase;

use crate::error::{LinkError, LinkPart};
use crate::secrets::Secrets;

/// The database of a link. Connects to nothing yet.
///
/// # Errors
/// When the link makes no sense, or leads where this program cannot reach.
pub fn open_database(
    record: &LinkRecord,
    secrets: &Secrets,
) -> Result<Arc<dyn Database>, LinkError> {
    let _secrets = secrets;
    let message = format!("{} is not reached yet", record.settings.system);
    Err(LinkError::new(
        record.kind,
        &record.name,
        LinkPart::Unsupported,
        message,
    ))
}

/// The database that a step of an older workflow writes inline. Connects to nothing yet.
///
/// # Errors
/// As [`open_database`].
pub fn open_inline(inline: &InlineDatabase) -> Result<Arc<dyn Database>, LinkError> {
    Err(LinkError {
        link: format!("the {} database of the step itself", inline.kind),
        part: LinkPart::Unsupported,
        message: "is not reached yet".to_owned(),
    })
}

/// The file system of a link. Connects to nothing yet.
///
/// # Errors
/// As [`open_database`].
pub fn open_files(
    record: &LinkRecord,
    secrets: &Secrets,
) -> Result<Arc<dyn FileSystem>, LinkError> {
    let _secrets = secrets;
    let message = format!("{} is not reached yet", record.settings.system);
    Err(LinkError::new(
        record.kind,
        &record.name,
        LinkPart::Unsupported,
        message,
    ))
}

/// The files of the node itself: the link `local`, which always exists.
///
/// # Errors
/// When this program was built without them.
pub fn local_files() -> Result<Arc<dyn FileSystem>, LinkError> {
    Settings::Local.open().map_err(|error| {
        LinkError::new(
            LinkKind::File,
            "local",
            LinkPart::Unsupported,
            error.to_string(),
        )
    })
}
