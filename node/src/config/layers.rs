//! The layers a configuration is made of: defaults, the file, the environment, flags.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, KEYS};
use super::{
    Config, ConfigError, Explained, PeerAddress, format_duration, parse_duration, parse_size,
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    /// A file, and the line counted from 1.
    File {
        path: PathBuf,
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A command line flag.
    Flag(&'static str),
    /// Set because the node is a throw-away one.
    Throwaway,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Throwaway => f.write_str("throw-away node"),
        }
    }
}

/// What command line flags say; absent ones leave the lower layers alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigOverrides {
    /// `--store`; may hold no password.
    pub store: Option<String>,
    /// `--seed`, repeated; empty: not given.
    pub seeds: Vec<String>,
    /// `--secret-file`
    pub secret_file: Option<PathBuf>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--http`
    pub http: Option<String>,
    /// `--gossip`
    pub gossip: Option<String>,
    /// `--rpc`
    pub rpc: Option<String>,
    /// `--xmlconfig`
    pub xmlconfig: Option<PathBuf>,
}

/// A value as text, or several, and where it came from.
#[derive(Clone, Debug)]
struct Setting {
    /// One, or the members of a list.
    values: Vec<String>,
    source: Source,
}

/// All values in force, before they are given types.
#[derive(Debug)]
pub(super) struct Layers {
    settings: BTreeMap<&'static str, Setting>,
}

/// What environment variables of ours begin with.
const PREFIX: &str = "PEERFLOW__";

impl Layers {
    pub(super) fn defaults() -> Self {
        let setting = |key: &keys::Key| Setting {
            values: split_list(key.default),
            source: Source::Default,
        };
        Self {
            settings: KEYS.iter().map(|key| (key.name, setting(key))).collect(),
        }
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(format!(
                "cannot read the configuration {}: {error}",
                path.display()
            ))
        })?;
        let place = |offset: usize| Source::File {
            path: path.to_owned(),
            line: text[..offset.min(text.len())].matches('\n').count() + 1,
        };
        let document = DeTable::parse(&text).map_err(|error| {
            let at = place(error.span().map_or(0, |span| span.start));
            ConfigError::new(format!("{at}: {}", error.message()))
        })?;
        for (section, content) in document.get_ref() {
            let at = place(section.span().start);
            let DeValue::Table(table) = content.get_ref() else {
                return Err(unknown_key(section.get_ref(), &at));
            };
            if !keys::is_section(section.get_ref()) {
                return Err(unknown_section(section.get_ref(), &at));
            }
            for (key, value) in table {
                let name = format!("{}.{}", section.get_ref(), key.get_ref());
                let source = place(key.span().start);
                let key = keys::find(&name).ok_or_else(|| unknown_key(&name, &source))?;
                let values = file_values(value).ok_or_else(|| {
                    ConfigError::new(format!(
                        "{source}: {name} takes a text, a number, true, false or a list of texts"
                    ))
                })?;
                self.settings.insert(key.name, Setting { values, source });
            }
        }
        Ok(())
    }

    pub(super) fn add_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (variable, value) in environment {
            let Some(rest) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            let name = rest.to_ascii_lowercase().replace("__", ".");
            let key = keys::find(&name).ok_or_else(|| {
                let like = keys::nearest(&name).map_or_else(String::new, |like| {
                    let variable = like.to_ascii_uppercase().replace('.', "__");
                    format!("; did you mean {PREFIX}{variable}")
                });
                ConfigError::new(format!(
                    "environment variable {variable}: there is no key {name}{like}"
                ))
            })?;
            self.set(key.name, &value, Source::Environment(variable))?;
        }
        Ok(())
    }

    pub(super) fn add_overrides(&mut self, overrides: &ConfigOverrides) -> Result<(), ConfigError> {
        let path_text = |path: &Option<PathBuf>| {
            path.as_ref()
                .map(|path| path.to_string_lossy().into_owned())
        };
        for (flag, key, value) in [
            ("--store", "store.url", overrides.store.clone()),
            (
                "--data-dir",
                "node.data_dir",
                path_text(&overrides.data_dir),
            ),
            (
                "--secret-file",
                "cluster.secret_file",
                path_text(&overrides.secret_file),
            ),
            ("--http", "http.listen", overrides.http.clone()),
            ("--gossip", "gossip.listen", overrides.gossip.clone()),
            ("--rpc", "rpc.listen", overrides.rpc.clone()),
            (
                "--xmlconfig",
                "xml_loader.workflow_dir",
                path_text(&overrides.xmlconfig),
            ),
        ] {
            if let Some(value) = value {
                self.set(key, &value, Source::Flag(flag))?;
            }
        }
        if !overrides.seeds.is_empty() {
            let setting = Setting {
                values: overrides.seeds.clone(),
                source: Source::Flag("--seed"),
            };
            self.settings.insert("cluster.seeds", setting);
        }
        Ok(())
    }

    /// Sets one value; lists are separated by commas.
    pub(super) fn set(
        &mut self,
        key: &str,
        value: &str,
        source: Source,
    ) -> Result<(), ConfigError> {
        let key = keys::find(key).ok_or_else(|| unknown_key(key, &source))?;
        let values = if is_list(key.name) {
            split_list(value)
        } else {
            vec![value.to_owned()]
        };
        self.settings.insert(key.name, Setting { values, source });
        Ok(())
    }

    /// An error about the value of `key`.
    pub(super) fn wrong(&self, key: &str, message: impl fmt::Display) -> ConfigError {
        match self.source(key) {
            source @ Source::File { .. } => ConfigError::new(format!("{source}: {key}: {message}")),
            source => ConfigError::new(format!("{key} ({source}): {message}")),
        }
    }

    pub(super) fn source(&self, key: &str) -> Source {
        self.settings
            .get(key)
            .map_or(Source::Default, |setting| setting.source.clone())
    }

    pub(super) fn list(&self, key: &str) -> Vec<String> {
        let values = self
            .settings
            .get(key)
            .map_or(&[][..], |setting| &setting.values);
        values
            .iter()
            .filter(|value| !value.is_empty())
            .cloned()
            .collect()
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.settings
            .get(key)
            .map_or_else(String::new, |setting| setting.values.join(","))
    }

    pub(super) fn optional_text(&self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.trim().is_empty())
    }

    pub(super) fn optional_path(&self, key: &str) -> Option<PathBuf> {
        self.optional_text(key).map(PathBuf::from)
    }

    pub(super) fn number<T: FromStr>(&self, key: &str) -> Result<T, ConfigError> {
        let text = self.text(key);
        text.trim().parse().map_err(|_not_a_number| {
            self.wrong(key, format!("{text:?} is no whole number in its range"))
        })
    }

    pub(super) fn switch(&self, key: &str) -> Result<bool, ConfigError> {
        self.choice(key, &[("true", true), ("false", false)])
    }

    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
    ) -> Result<T, ConfigError> {
        let text = self.text(key);
        choices
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text.trim()))
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                self.wrong(key, format!("{text:?} is none of {}", names.join(", ")))
            })
    }

    pub(super) fn duration(&self, key: &str) -> Result<Duration, ConfigError> {
        parse_duration(&self.text(key)).map_err(|message| self.wrong(key, message))
    }

    pub(super) fn size(&self, key: &str) -> Result<u64, ConfigError> {
        parse_size(&self.text(key)).map_err(|message| self.wrong(key, message))
    }

    /// `None` for an empty text, which switches the listener off.
    pub(super) fn address(&self, key: &str) -> Result<Option<SocketAddr>, ConfigError> {
        let Some(text) = self.optional_text(key) else {
            return Ok(None);
        };
        let text = text.trim();
        let numeric = text
            .strip_prefix("localhost:")
            .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
        let address = numeric.parse().map_err(|_not_an_address| {
            self.wrong(
                key,
                format!(
                    "{text:?} is no address; write it like \"127.0.0.1:8090\" or \"[::]:8090\""
                ),
            )
        })?;
        Ok(Some(address))
    }

    /// `None` for an empty text.
    pub(super) fn peer_address(&self, key: &str) -> Result<Option<PeerAddress>, ConfigError> {
        self.optional_text(key)
            .map(|text| {
                text.parse()
                    .map_err(|message: String| self.wrong(key, message))
            })
            .transpose()
    }

    /// Every key as text, secrets hidden. Values that were computed are taken from `config`.
    pub(super) fn explain(&self, config: &Config) -> Vec<Explained> {
        let computed = |key: &str| match key {
            "node.slots" => Some(config.node.slots.to_string()),
            "node.timezone" => Some(config.node.timezone.clone()),
            "store.url" => Some(config.store.url.to_string()),
            "election.ttl" => Some(format_duration(config.election.ttl)),
            "election.renew_every" => Some(format_duration(config.election.renew_every)),
            _ => None,
        };
        let quoted = |text: String| toml::Value::String(text).to_string();
        let shown = |key: &keys::Key| match computed(key.name) {
            Some(value) if key.name == "node.slots" => value,
            Some(value) => quoted(value),
            None if is_list(key.name) => toml::Value::from(self.list(key.name)).to_string(),
            None if is_plain(key.name) => self.text(key.name),
            None if key.secret && self.optional_text(key.name).is_some() => {
                quoted("***".to_owned())
            }
            None => quoted(self.text(key.name)),
        };
        KEYS.iter()
            .map(|key| Explained {
                key: key.name,
                value: shown(key),
                source: self.source(key.name),
            })
            .collect()
    }
}

/// Numbers and switches, which the file writes without quotes.
fn is_plain(key: &str) -> bool {
    matches!(
        key,
        "email.port" | "email.auth" | "email.is_enabled" | "email.node_retry_fail_times"
    )
}

fn is_list(key: &str) -> bool {
    matches!(key, "node.labels" | "cluster.seeds")
}

fn split_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(|member| member.trim().to_owned())
        .collect()
}

fn file_values(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    match value.get_ref() {
        DeValue::Array(members) => members
            .iter()
            .map(|member| file_value(member.get_ref()))
            .collect(),
        single => Some(vec![file_value(single)?]),
    }
}

fn file_value(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn unknown_key(name: &str, source: &Source) -> ConfigError {
    let like =
        keys::nearest(name).map_or_else(String::new, |like| format!("; did you mean {like}"));
    ConfigError::new(format!("{source}: there is no key {name}{like}"))
}

fn unknown_section(name: &str, source: &Source) -> ConfigError {
    let like = keys::nearest_section(name)
        .map_or_else(String::new, |like| format!("; did you mean [{like}]"));
    ConfigError::new(format!("{source}: there is no section [{name}]{like}"))
}
