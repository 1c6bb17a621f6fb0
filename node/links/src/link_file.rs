//! `config/db_links.xml` and `config/file_links.xml`: many links in one file, each judged by itself.

use peerflow_workflow::{Diagnostics, Place};

use crate::new_link::LinkDraft;

/// What a file of links says.
#[derive(Clone, Debug, Default)]
pub struct LinkFile {
    /// Those that make sense, in the order of the file.
    pub links: Vec<PlacedLink>,
    /// What is wrong or doubtful, in the order of the file; never with a secret in it.
    pub diagnostics: Diagnostics,
}

/// A link and where it stands.
#[derive(Clone, Debug)]
pub struct PlacedLink {
    pub link: LinkDraft,
    pub place: Place,
}
