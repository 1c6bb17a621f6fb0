//! What can be wrong with a link.

use peerflow_model::LinkKind;

use crate::jdbc::UrlError;

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

/// What is wrong with a link, before anybody said which one.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) part: LinkPart,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(part: LinkPart, message: impl Into<String>) -> Self {
        Self {
            part,
            message: message.into(),
        }
    }

    /// The same of one link, as people call it.
    pub(crate) fn of(self, link: String) -> LinkError {
        LinkError {
            link,
            part: self.part,
            message: self.message,
        }
    }
}

impl From<UrlError> for Fault {
    fn from(error: UrlError) -> Self {
        Self::new(LinkPart::JdbcUrl, format!("jdbc-url: {error}"))
    }
}
