//! Cluster-wide settings: they live in the store; a node's configuration sets those that nobody has set.
//!
//! A node that is alone may change them by its configuration: what is written there, in the environment or as a flag wins
//! over the store, and is put there. What is only a default follows the store. A node of a cluster always follows the store,
//! and says where its configuration differs.

use peerflow_model::{Change, Settings};

use crate::config::Config;

/// The settings in force, and what must be written to the store so that it agrees.
pub(super) fn reconcile(
    config: &Config,
    stored: &[(String, String)],
    is_alone: bool,
) -> (Settings, Vec<Change>) {
    let mut settings = config.settings();
    let mut changes = Vec::new();
    for (key, own) in settings.clone().entries() {
        let there = stored
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value);
        match there {
            Some(value) if *value == own => {}
            Some(value)
                if !(is_alone && config.is_explicit(key)) && settings.set(key, value).is_ok() =>
            {
                if config.is_explicit(key) {
                    tracing::warn!(
                        key,
                        value,
                        own,
                        "the cluster's setting is in force, not this node's configuration; change it with `peerflow cluster set`"
                    );
                } else {
                    tracing::info!(
                        key,
                        value,
                        own,
                        "the store's setting is in force, not this node's default"
                    );
                }
            }
            before => {
                if let Some(before) = before {
                    tracing::warn!(
                        key,
                        before,
                        value = own,
                        "this node's configuration changes a setting of the cluster"
                    );
                }
                changes.push(Change::PutSetting {
                    key: key.to_owned(),
                    value: own,
                });
            }
        }
    }
    (settings, changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigOverrides;

    fn config(variable: &str, value: &str) -> Config {
        let environment = [(variable.to_owned(), value.to_owned())];
        Config::load(None, environment, &ConfigOverrides::default()).unwrap()
    }

    #[test]
    fn a_default_follows_the_store_and_a_written_value_changes_it() {
        let stored = [("node.timezone".to_owned(), "Asia/Shanghai".to_owned())];
        let (settings, changes) =
            reconcile(&config("PEERFLOW__CRON_RUNNER__PLAN", ""), &stored, true);
        assert_eq!(settings.timezone, "Asia/Shanghai");
        assert!(!changes.iter().any(
            |change| matches!(change, Change::PutSetting { key, .. } if key == "node.timezone")
        ));

        let (settings, changes) = reconcile(
            &config("PEERFLOW__NODE__TIMEZONE", "Europe/Berlin"),
            &stored,
            true,
        );
        assert_eq!(settings.timezone, "Europe/Berlin");
        assert!(changes.contains(&Change::PutSetting {
            key: "node.timezone".to_owned(),
            value: "Europe/Berlin".to_owned(),
        }));
    }

    #[test]
    fn the_first_node_sets_all_and_then_nothing_is_left_to_write() {
        let config = config("PEERFLOW__NODE__SLOTS", "3");
        let (_, changes) = reconcile(&config, &[], true);
        let stored: Vec<(String, String)> = changes
            .into_iter()
            .filter_map(|change| match change {
                Change::PutSetting { key, value } => Some((key, value)),
                _ => None,
            })
            .collect();
        assert_eq!(stored.len(), Settings::KEYS.len());
        let (settings, changes) = reconcile(&config, &stored, true);
        assert_eq!((settings, changes), (config.settings(), Vec::new()));
    }
}
