//! Why secrets were not sealed or opened.

use peerflow_model::LinkKind;
use rand::TryRngCore;
use rand::rngs::OsRng;

use super::MAX_SECRETS;
use crate::error::link_words;
use crate::secrets::{PASSWORD, Secrets};

/// Why secrets were not sealed or opened. Says what to do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("cannot seal the secrets of {link}: the operating system gives no random numbers")]
    NoRandomness {
        link: String,
        #[source]
        source: <OsRng as TryRngCore>::Error,
    },
    #[error("the secrets of {link} have more than {} KiB together; put keys and certificates into files", MAX_SECRETS / 1024)]
    TooLarge { link: String },
    #[error(
        "the secrets of {} were sealed with another key ({why}), so {} cannot be read any more; {}",
        .lost.link(), .lost.named(), .lost.advice()
    )]
    AnotherKey { lost: Lost, why: &'static str },
    #[error(
        "the secrets of {} were changed in the store or belong to another link, so {} cannot be read any more; {}",
        .lost.link(), .lost.named(), .lost.advice()
    )]
    Damaged { lost: Lost },
    #[error(
        "the secrets of {link} were sealed by a newer version of this program; upgrade this node"
    )]
    Newer { link: String },
    #[error("cannot {doing} the key file of links {path}: {source}")]
    KeyFile {
        doing: &'static str,
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the key file of links {path} is not one: it has {length} bytes, not 32; bring it back from a copy, \
         or remove it and enter the secrets of all links again"
    )]
    NoKey { path: String, length: usize },
}

/// Secrets that nobody can open any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    kind: LinkKind,
    name: String,
    /// What they are called; `None` where that is lost as well.
    secrets: Option<Vec<String>>,
}

impl VaultError {
    /// Whether a change of the link can do without what cannot be opened: it gives each of them anew, or gives it up. Where
    /// nobody knows what they are called, a new password will do, and what is to be said of the others is returned.
    ///
    /// # Errors
    /// The same error, when the change leaves out one of them.
    pub fn made_good(self, given: &Secrets, removed: &[String]) -> Result<Option<String>, Self> {
        let (Self::AnotherKey { lost, .. } | Self::Damaged { lost }) = &self else {
            return Err(self);
        };
        let replaced =
            |name: &str| given.reveal(name).is_some() || removed.iter().any(|each| each == name);
        match &lost.secrets {
            Some(names) if names.iter().all(|name| replaced(name)) => Ok(None),
            None if replaced(PASSWORD) => Ok(Some(format!(
                "if {} had secrets beside its password, they could not be read any more and are gone; give each anew \
                 with --secret NAME=FILE",
                lost.link()
            ))),
            Some(_) | None => Err(self),
        }
    }
}

impl Lost {
    pub(super) fn new(kind: LinkKind, name: &str, secrets: Option<Vec<String>>) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            secrets,
        }
    }

    fn link(&self) -> String {
        link_words(self.kind, &self.name)
    }

    fn named(&self) -> String {
        let Some(secrets) = &self.secrets else {
            return "the password and every secret property".to_owned();
        };
        let quoted = secrets
            .iter()
            .map(|name| format!("`{}`", name.escape_debug()));
        quoted.collect::<Vec<_>>().join(", ")
    }

    /// What to type: all of them at once, since a change is kept whole or not at all.
    fn advice(&self) -> String {
        let mut command = format!(
            "peerflow link {} update {}",
            self.kind.as_str(),
            word(&self.name)
        );
        let is_lost = |name: &str| match &self.secrets {
            Some(names) => names.iter().any(|each| each == name),
            None => true,
        };
        if is_lost(PASSWORD) {
            command.push_str(" --ask-password");
        }
        let unknown = [String::from("NAME")];
        let others = self.secrets.as_deref().unwrap_or(&unknown);
        for name in others.iter().filter(|name| *name != PASSWORD) {
            command.push_str(&format!(" --secret {}=FILE", word(name)));
        }
        format!("give it anew with `{command}`, or give one up with --remove-property NAME")
    }
}

/// As a shell takes it for one word.
fn word(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "_-.:".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    // What was changed in the store may hold anything.
    let shown: String = text
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    format!("'{}'", shown.replace('\'', r"'\''"))
}
