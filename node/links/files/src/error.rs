//! What can go wrong with a file system.

use std::io;

/// Why a file system did not do what was asked. Never holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub trouble: Trouble,
    /// For people: what was tried, and the other side's own words where it spoke.
    pub message: String,
    /// Whether the message says what to do, so that nobody adds it again.
    pub has_advice: bool,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server cannot be reached, or the connection ended.
    Unreachable,
    /// It does not know the user, the password or the key.
    AccessDenied,
    /// The server is not known, or not the one that it was: its host key is another.
    NotTrusted,
    /// The link's settings make no sense.
    Settings,
    NotFound,
    /// The user may not do that.
    Forbidden,
    /// No room is left.
    Full,
    /// This kind of file system cannot do that.
    Unsupported,
    Other,
}

impl Error {
    /// Trouble, in words.
    pub fn new(trouble: Trouble, message: impl Into<String>) -> Self {
        Self {
            trouble,
            message: message.into(),
            has_advice: false,
        }
    }

    /// The same, in words that say what to do.
    pub fn advising(trouble: Trouble, message: impl Into<String>) -> Self {
        Self {
            has_advice: true,
            ..Self::new(trouble, message)
        }
    }
}

/// What an operating system's error means, with what was tried before it.
impl From<(String, io::Error)> for Error {
    fn from((tried, error): (String, io::Error)) -> Self {
        use io::ErrorKind as Kind;
        let (trouble, advice) = match error.kind() {
            Kind::NotFound => (Trouble::NotFound, ""),
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => (Trouble::Forbidden, ""),
            Kind::StorageFull => (Trouble::Full, "; free some room, or write elsewhere"),
            Kind::QuotaExceeded => (
                Trouble::Full,
                "; have the user's quota raised, free some room, or write elsewhere",
            ),
            Kind::FileTooLarge => (
                Trouble::Full,
                "; raise the limit on the size of files, or write several",
            ),
            _ => (Trouble::Other, ""),
        };
        Self {
            has_advice: !advice.is_empty(),
            ..Self::new(trouble, format!("{tried}: {error}{advice}"))
        }
    }
}
