//! The seam between actions and the databases and file systems that they reach.

mod connection;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use peerflow_files::FileSystem;
use peerflow_rows::{Database, Trouble};
use peerflow_workflow::DatabaseLink;

use crate::words::quote;

pub(crate) use connection::Connection;

/// Finds links by name; where they are kept, and how their passwords are, is the node's.
#[async_trait]
pub trait Links: Send + Sync + fmt::Debug {
    /// The database of a link, or of a connection that an older file writes inline. Connects to nothing yet.
    ///
    /// # Errors
    /// When there is no such link, or it makes no sense: in words for the task's log, with the link's name and what to do.
    async fn database(&self, link: &DatabaseLink) -> Result<Arc<dyn Database>, String>;

    /// The file system of a link; `local` always exists.
    ///
    /// # Errors
    /// As [`Self::database`].
    async fn files(&self, link: &str) -> Result<Arc<dyn FileSystem>, String>;
}

/// How a link is called in messages.
pub(crate) fn shown(link: &DatabaseLink) -> String {
    match link {
        DatabaseLink::Named(name) => format!("database link `{name}`"),
        DatabaseLink::Inline(inline) => format!("the {} database of the step itself", inline.kind),
    }
}

/// Why there is no connection, with what to do about it.
pub(crate) fn not_connected(link: &DatabaseLink, error: &peerflow_rows::Error) -> String {
    let (subject, trial) = match link {
        DatabaseLink::Named(name) => (
            "its",
            format!(", then try `peerflow link db test {}`", quote(name)),
        ),
        DatabaseLink::Inline(_) => ("the step's", String::new()),
    };
    let check = match error.trouble {
        Trouble::Unreachable | Trouble::Lost => "address",
        Trouble::AccessDenied => "user name and password",
        Trouble::Settings
        | Trouble::Refused
        | Trouble::BadValue
        | Trouble::Cancelled
        | Trouble::Unsupported => "jdbc-url and properties",
    };
    let link = shown(link);
    format!("{link}: {error}; check {subject} {check}{trial}")
}
