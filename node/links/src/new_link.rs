//! A link as its user gives it, and as it may be kept.

use std::fmt;

use jiff::Timestamp;
use peerflow_model::{LinkKind, LinkRecord, LinkSettings};

use crate::error::{LinkError, link_words};
use crate::secrets::Secrets;
use crate::vault::{Vault, VaultError};

mod check;

/// A link as its user gives it: nothing is checked yet, and passwords may stand in the URL and in properties.
#[derive(Clone, PartialEq, Eq)]
pub struct NewLink {
    pub kind: LinkKind,
    pub name: String,
    pub settings: LinkSettings,
    /// Those given apart from the settings: [`crate::PASSWORD`], if it is not empty in a file or a form.
    pub secrets: Secrets,
}

impl NewLink {
    /// Checks it, and takes every secret out of its settings.
    ///
    /// # Errors
    /// The first thing that is wrong, with what to write instead.
    pub fn check(self) -> Result<LinkDraft, LinkError> {
        let link = link_words(self.kind, &self.name);
        check::check(self).map_err(|fault| fault.of(link))
    }
}

/// The settings may hold passwords still, so none of them is shown.
impl fmt::Debug for NewLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewLink")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

/// A link that makes sense: of a known type, its settings without secrets, its secrets apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDraft {
    pub kind: LinkKind,
    pub name: String,
    /// The type in its one spelling; the URL in its one form, without user and password.
    pub settings: LinkSettings,
    pub secrets: Secrets,
    /// What works, but hardly as its user meant; in words, without the link's name.
    pub warnings: Vec<String>,
}

impl LinkDraft {
    /// The record to keep, its secrets sealed. `now` is when it was changed.
    ///
    /// # Errors
    /// When the secrets cannot be sealed.
    pub fn seal(self, vault: &Vault, now: Timestamp) -> Result<LinkRecord, VaultError> {
        let sealed = vault.seal(self.kind, &self.name, &self.secrets)?;
        Ok(LinkRecord {
            kind: self.kind,
            name: self.name,
            settings: self.settings,
            sealed,
            updated_at: now,
        })
    }
}

#[cfg(test)]
mod tests;
