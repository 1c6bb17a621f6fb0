//! Where the store is, and with which password.

use std::fmt;
use std::path::Path;

use peerflow_store::StoreUrl;

use super::layers::{Layers, Source};
use super::{ConfigError, secret};

/// The store's address. `Display` and `Debug` hide its password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreAddress {
    url: StoreUrl,
    sqlite: bool,
}

impl StoreAddress {
    /// What to open.
    pub fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Whether it is a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.sqlite
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.url, f)
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.url, f)
    }
}

/// The store's address from `store.url` and `store.password_file`.
pub(super) fn read(layers: &Layers, data_dir: &Path) -> Result<StoreAddress, ConfigError> {
    let text = layers
        .optional_text("store.url")
        .unwrap_or_else(|| "sqlite:<data_dir>/peerflow.db".to_owned())
        .replace("<data_dir>", &data_dir.display().to_string());
    let holds_password = holds_password(&text);
    if holds_password && matches!(layers.source("store.url"), Source::Flag(_)) {
        return Err(ConfigError::new(
            "--store: a password in a flag shows in the process list; put it into the file that store.password_file \
             names, or the whole URL into the configuration file or PEERFLOW__STORE__URL",
        ));
    }
    let url = StoreUrl::parse(&text).map_err(|error| layers.wrong("store.url", error))?;
    let url = match secret::read_password(layers, "store.password_file")? {
        Some(_) if holds_password => {
            return Err(layers.wrong(
                "store.password_file",
                "store.url holds a password too; keep one of them",
            ));
        }
        Some(password) => url.with_password(password.reveal()),
        None => url,
    };
    Ok(StoreAddress {
        url,
        sqlite: text.starts_with("sqlite:"),
    })
}

/// Whether a password stands in `scheme://user:password@host/…`.
fn holds_password(url: &str) -> bool {
    let login = url
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'));
    login.is_some_and(|(login, _)| {
        login
            .split_once(':')
            .is_some_and(|(_, password)| !password.is_empty())
    })
}
