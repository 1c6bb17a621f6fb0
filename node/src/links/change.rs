//! A change of a link: what is not given stays as it is, so nobody has to know a password to change a port.

use std::collections::BTreeMap;

use jiff::Timestamp;
use peerflow_links::{LinkDraft, NewLink, PASSWORD, Secrets, VaultError, kept_name};
use peerflow_model::{LinkKey, LinkKind, LinkRecord, LinkSettings};

use super::book::{LinkBook, LinkTrouble};

/// What is to become of a link. What is absent stays as it is, or is empty of a new one.
#[derive(Clone, Default)]
pub(crate) struct LinkChange {
    pub(crate) system: Option<String>,
    pub(crate) jdbc_url: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) description: Option<String>,
    /// Added or replaced; those without a value go.
    pub(crate) properties: BTreeMap<String, Option<String>>,
}

/// A link that may be kept.
#[derive(Debug)]
pub(crate) struct SealedLink {
    pub(crate) record: LinkRecord,
    /// What works, but hardly as it was meant.
    pub(crate) warnings: Vec<String>,
}

impl LinkBook {
    /// The link `key` after `change`, checked, its secrets sealed; `former` is what is kept of it now.
    pub(crate) fn changed(
        &self,
        key: &LinkKey,
        change: LinkChange,
        former: Option<&LinkRecord>,
    ) -> Result<SealedLink, LinkTrouble> {
        let change = LinkChange {
            properties: kept_names(key.kind, change.properties),
            ..change
        };
        let mut secrets = Secrets::new();
        if let Some(password) = change.password.clone() {
            secrets.set(PASSWORD, password);
        }
        let removed: Vec<String> = change
            .properties
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        let before = former.map(|record| &record.settings);
        let draft = NewLink {
            kind: key.kind,
            name: key.name.clone(),
            settings: merged(change, before),
            secrets,
        }
        .check()?;
        Ok(self.sealed(draft, former, &removed)?)
    }

    /// `draft` with its secrets sealed, and those of `former` that it does not give anew and that are not `removed`. Where
    /// nothing differs from `former`, the very same is kept.
    ///
    /// # Errors
    /// Also when secrets of `former` cannot be opened and are neither given anew nor removed: none is lost in silence.
    pub(crate) fn sealed(
        &self,
        mut draft: LinkDraft,
        former: Option<&LinkRecord>,
        removed: &[String],
    ) -> Result<SealedLink, VaultError> {
        let mut warnings = std::mem::take(&mut draft.warnings);
        let Some(former) = former else {
            let record = draft.seal(self.vault(), Timestamp::UNIX_EPOCH)?;
            return Ok(SealedLink { record, warnings });
        };
        let mut kept = match self.secrets(former) {
            Ok(secrets) => secrets,
            Err(error) => {
                warnings.extend(error.made_good(&draft.secrets, removed)?);
                Secrets::new()
            }
        };
        let opened = kept.clone();
        for name in removed {
            kept.remove(name);
        }
        draft.secrets.keep(&kept);
        let same = draft.settings == former.settings && draft.secrets == opened;
        let record = if same {
            former.clone()
        } else {
            draft.seal(self.vault(), Timestamp::UNIX_EPOCH)?
        };
        Ok(SealedLink { record, warnings })
    }
}

/// Properties by the names they are kept under. Of two that are kept under one name, that which is no removal counts.
fn kept_names(
    kind: LinkKind,
    given: BTreeMap<String, Option<String>>,
) -> BTreeMap<String, Option<String>> {
    let mut kept = BTreeMap::new();
    for (written, value) in given {
        let former: &mut Option<String> = kept.entry(kept_name(kind, &written)).or_default();
        *former = value.or_else(|| former.take());
    }
    kept
}

fn merged(change: LinkChange, before: Option<&LinkSettings>) -> LinkSettings {
    let mut settings = before.cloned().unwrap_or_default();
    let texts = [
        (&mut settings.system, change.system),
        (&mut settings.jdbc_url, change.jdbc_url),
        (&mut settings.host, change.host),
        (&mut settings.username, change.username),
        (&mut settings.description, change.description),
    ];
    for (text, given) in texts {
        if let Some(given) = given {
            *text = given;
        }
    }
    settings.port = change.port.or(settings.port);
    for (name, value) in change.properties {
        match value {
            Some(value) => drop(settings.properties.insert(name, value)),
            None => drop(settings.properties.remove(&name)),
        }
    }
    settings
}
