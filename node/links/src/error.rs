//! What can be wrong with a link.

use peerflow_model::LinkKind;

/// Why a link cannot be kept or used. Names the link, says what to do, and never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{link}: {message}")]
pub struct LinkError {
    /// As people call it: ``database link `warehouse` ``.
    pub link: String,
    /// What of it is wrong, so that a form or a file can show the place.
    pub part: LinkPart,
    /// What is wrong, and what to write or to do instead.
    pub message: String,
}

/// What of a link an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkPart {
    Name,
    Type,
    JdbcUrl,
    Host,
    Port,
    Username,
    Password,
    Description,
    /// One of the properties, by its name.
    Property(String),
    /// What is kept encrypted cannot be read.
    Sealed,
    /// Its settings make sense, but this program cannot reach such a system.
    Unsupported,
    /// The other side cannot be reached, or refuses.
    Connection,
}

/// How messages call a link.
pub fn link_words(kind: LinkKind, name: &str) -> String {
    let noun = match kind {
        LinkKind::Database => "database link",
        LinkKind::File => "file link",
    };
    format!("{noun} `{}`", name.escape_debug())
}

impl LinkError {
    pub(crate) fn new(
        kind: LinkKind,
        name: &str,
        part: LinkPart,
        message: impl Into<String>,
    ) -> Self {
        Self {
            link: link_words(kind, name),
            part,
            message: message.into(),
        }
    }
}
