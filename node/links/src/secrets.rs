//! The secrets of a link: in memory for as short as can be, and never shown.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

mod names;

pub use names::is_secret;

/// The name under which a link's own password is kept.
pub const PASSWORD: &str = "password";

/// Secrets by name; [`PASSWORD`] is the link's own, the others are properties. Overwritten when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, Zeroizing<String>>);

impl Secrets {
    /// None at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The link's own password.
    pub fn password(&self) -> Option<&str> {
        self.reveal(PASSWORD)
    }

    /// The secret of that name.
    pub fn reveal(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|secret| secret.as_str())
    }

    /// Sets one. An empty one is a secret too: some servers know users without a password.
    pub fn set(&mut self, name: impl Into<String>, secret: String) {
        self.0.insert(name.into(), Zeroizing::new(secret));
    }

    /// Takes one out.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The names, which are no secrets.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over from `former` what is not set here: a change of a link that does not give the password anew keeps it.
    pub fn keep(&mut self, former: &Self) {
        for (name, secret) in &former.0 {
            self.0.entry(name.clone()).or_insert_with(|| secret.clone());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.as_str()))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.keys().map(|name| (name, "***")))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_only() {
        let mut secrets = Secrets::new();
        secrets.set(PASSWORD, "hunter2".to_owned());
        assert_eq!(format!("{secrets:?}"), r#"{"password": "***"}"#);
    }

    #[test]
    fn a_change_without_a_password_keeps_the_former_one() {
        let mut former = Secrets::new();
        former.set(PASSWORD, "old".to_owned());
        former.set("token", "t".to_owned());
        let mut changed = Secrets::new();
        changed.set("token", "new".to_owned());
        changed.keep(&former);
        assert_eq!(changed.password(), Some("old"));
        assert_eq!(changed.reveal("token"), Some("new"));
    }
}
