//! Links: the databases and file systems that actions reach, by name. One door for all of them.
//!
//! What a user gives is a [`NewLink`]; [`NewLink::check`] makes a [`LinkDraft`] of it, whose secrets a [`Vault`] seals for
//! the store. [`open_database`] and [`open_files`] lead from what is kept to the other side.

mod database;
mod door;
mod error;
mod files;
mod jdbc;
mod link_file;
mod new_link;
mod probe;
mod secrets;
mod system;
mod vault;

pub use door::{local_files, open_database, open_files, open_inline};
pub use error::{LinkError, LinkPart, link_words};
pub use files::kept_name;
pub use jdbc::{DatabasePlace, DatabaseUrl, UrlError};
pub use link_file::{LinkFile, PlacedLink};
pub use new_link::{LinkDraft, NewLink};
pub use probe::{test_database, test_files};
pub use secrets::{PASSWORD, Secrets, is_secret};
pub use system::{DatabaseSystem, FileSystemKind};
pub use vault::{KEY_FILE, Lost, Vault, VaultError};
