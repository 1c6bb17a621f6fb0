//! The links of the cluster, as this node reads them, with the key to their secrets.

use std::sync::Arc;
use std::time::Duration;

use peerflow_links::{LinkError, Secrets, Vault, VaultError, link_words};
use peerflow_links::{open_database, open_files, test_database, test_files};
use peerflow_model::{ContentHash, LOCAL, LinkKey, LinkKind, LinkRecord};
use peerflow_store::{Error, Store};
use tokio::time::timeout;

use super::passed_over::PassedOver;

/// How long the store may take to tell of a link.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a trial of a link may take, from the first packet on.
const TRIAL: Duration = Duration::from_secs(15);
/// How many names a message offers.
const OFFERED: usize = 3;

/// Why something about a link was not done. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkTrouble {
    /// What was given makes no sense.
    #[error(transparent)]
    Wrong(#[from] LinkError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Reads links and seals their secrets. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct LinkBook {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    passed_over: PassedOver,
}

impl LinkBook {
    pub(crate) fn new(store: Arc<dyn Store>, vault: Vault) -> Self {
        Self {
            store,
            vault: Arc::new(vault),
            passed_over: PassedOver::default(),
        }
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// What this node's files of links say of links that are not there.
    pub(crate) fn passed_over(&self) -> &PassedOver {
        &self.passed_over
    }

    /// Tells contents with secrets apart without giving the secrets away.
    pub(crate) fn fingerprint(&self, content: &[u8]) -> ContentHash {
        ContentHash(self.vault.fingerprint(content))
    }

    /// What is kept of a link.
    pub(crate) async fn record(&self, key: &LinkKey) -> Result<Option<LinkRecord>, Error> {
        self.store.link(key).await
    }

    /// The secrets of a link.
    pub(crate) fn secrets(&self, record: &LinkRecord) -> Result<Secrets, VaultError> {
        self.vault.open(record.kind, &record.name, &record.sealed)
    }

    /// A link with its secrets, for use.
    ///
    /// # Errors
    /// In words for the log of a task: it is unknown, cannot be read now, or its secrets cannot be opened.
    pub(super) async fn open(&self, key: &LinkKey) -> Result<(LinkRecord, Secrets), String> {
        let words = link_words(key.kind, &key.name);
        let record = match timeout(PATIENCE, self.store.link(key)).await {
            Ok(Ok(Some(record))) => record,
            Ok(Ok(None)) => return Err(self.unknown(key).await),
            Ok(Err(error)) => return Err(format!("{words} cannot be read now: {error}")),
            Err(_elapsed) => {
                return Err(format!(
                    "{words} cannot be read now: the store does not answer in time"
                ));
            }
        };
        let secrets = self.secrets(&record).map_err(|error| error.to_string())?;
        Ok((record, secrets))
    }

    /// Words for a name that no link has.
    pub(crate) async fn unknown(&self, key: &LinkKey) -> String {
        let words = link_words(key.kind, &key.name);
        if let Some(reason) = self.passed_over.reason(key) {
            return format!("there is no {words}: its entry was passed over: {reason}");
        }
        if let Some(reason) = self.passed_over.broken_file(key.kind) {
            return format!(
                "there is no {words}; links may be missing, since their file is broken: {reason}"
            );
        }
        // Without the names the message is still right.
        let names = match timeout(PATIENCE, self.store.link_names(key.kind)).await {
            Ok(Ok(names)) => names,
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        let near = nearest(&key.name, &names);
        let meant = if near.is_empty() {
            String::new()
        } else {
            format!(" (did you mean {}?)", near.join(", "))
        };
        format!(
            "there is no {words}{meant}; add it with `peerflow link {} add`, or see `peerflow link {0} list`",
            key.kind.as_str()
        )
    }

    /// Tries a link from this node; gives what it found, in words, or what is wrong.
    pub(crate) async fn try_out(&self, record: &LinkRecord) -> Result<String, String> {
        let secrets = self.secrets(record).map_err(|error| error.to_string())?;
        let trial = async {
            match record.kind {
                LinkKind::Database => {
                    let database = open_database(record, &secrets)?;
                    test_database(&record.name, &*database).await
                }
                LinkKind::File => {
                    let files = open_files(record, &secrets)?;
                    test_files(&record.name, &*files).await
                }
            }
        };
        match timeout(TRIAL, trial).await {
            Ok(tried) => tried.map_err(|error: LinkError| error.to_string()),
            Err(_elapsed) => Err(format!(
                "{}: no answer within {} s",
                link_words(record.kind, &record.name),
                TRIAL.as_secs()
            )),
        }
    }
}

/// Names that `name` was most likely meant to be, the most likely first.
fn nearest<'n>(name: &str, names: &'n [String]) -> Vec<&'n str> {
    // Comparing takes the product of both lengths, and nobody mistypes a whole page.
    let wanted: String = name.to_lowercase().chars().take(64).collect();
    let mut near: Vec<(f64, &str)> = names
        .iter()
        .map(String::as_str)
        .filter(|known| *known != LOCAL)
        .map(|known| {
            let short: String = known.to_lowercase().chars().take(64).collect();
            (strsim::jaro_winkler(&wanted, &short), known)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    near.sort_by(|left, right| right.0.total_cmp(&left.0));
    near.into_iter()
        .take(OFFERED)
        .map(|(_, known)| known)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_answered_with_those_that_look_like_it() {
        let names = ["warehouse", "Warehouse-test", "crm", "每日"].map(str::to_owned);
        assert_eq!(
            nearest("warehuose", &names),
            ["warehouse", "Warehouse-test"]
        );
        assert_eq!(nearest("每日", &names), ["每日"]);
        assert!(nearest("zzz", &names).is_empty());
    }
}
