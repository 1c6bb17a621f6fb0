//! Configuration: `config/node.toml`, then the environment, then flags; each value remembers where it came from.

mod advertise;
mod check;
mod cluster;
mod keys;
mod layers;
mod peer_address;
mod secret;
mod sections;
mod store_address;
mod units;

use std::path::Path;

use peerflow_model::Settings;

pub use cluster::ClusterSockets;
pub use layers::{ConfigOverrides, Source};
pub use peer_address::PeerAddress;
pub use secret::Secret;
pub use sections::{
    ClusterConfig, CronRunnerConfig, ElectionConfig, EmailConfig, GossipConfig, HttpConfig,
    LinksConfig, LoaderConfig, LogConfig, LogFormat, MailTls, NodeConfig, RetentionConfig,
    RpcConfig, StoreConfig, TlsFiles, WorkerConfig,
};
pub use store_address::StoreAddress;
pub use units::{format_duration, format_size, parse_duration, parse_size};

use layers::Layers;

/// A node's configuration, every value in force. The configuration page of the manual names every key.
#[derive(Clone, Debug)]
pub struct Config {
    pub node: NodeConfig,
    pub cluster: ClusterConfig,
    pub gossip: GossipConfig,
    pub rpc: RpcConfig,
    pub http: HttpConfig,
    pub store: StoreConfig,
    pub election: ElectionConfig,
    pub worker: WorkerConfig,
    pub log: LogConfig,
    pub xml_loader: LoaderConfig,
    pub links: LinksConfig,
    pub cron_runner: CronRunnerConfig,
    pub email: EmailConfig,
    pub retention: RetentionConfig,
    /// Every key as text, secrets hidden, with its source.
    explained: Vec<Explained>,
}

/// One value in force, for `--print-config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Such as `store.url`.
    pub key: &'static str,
    /// As the file would write it, with quotes; secrets are `"***"`.
    pub value: String,
    pub source: Source,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong, where, and what to do.
    pub message: String,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Read when no file is named, if it is there.
pub const DEFAULT_FILE: &str = "config/node.toml";

impl Config {
    /// Reads the file (`None`: [`DEFAULT_FILE`] where it exists), then `PEERFLOW__SECTION__KEY` of `environment`,
    /// then `overrides`; later ones win.
    ///
    /// # Errors
    /// An unknown key, a value that does not fit, or values that do not fit together; with the file and line, the
    /// variable or the flag it came from.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: &ConfigOverrides,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::defaults();
        match file {
            Some(path) => layers.add_file(path)?,
            None if Path::new(DEFAULT_FILE).exists() => layers.add_file(Path::new(DEFAULT_FILE))?,
            None => {}
        }
        layers.add_environment(environment)?;
        layers.add_overrides(overrides)?;
        Self::build(&layers)
    }

    /// For tests and `run FILE`: everything in `dir`, on SQLite, with no HTTP, no log files and nothing loaded;
    /// a stop does not wait for tasks.
    ///
    /// # Errors
    /// When `dir` is not UTF-8.
    pub fn throwaway(dir: &Path) -> Result<Self, ConfigError> {
        let mut layers = Layers::defaults();
        let dir = dir
            .to_str()
            .ok_or_else(|| ConfigError::new(format!("{} is not UTF-8", dir.display())))?;
        for (key, value) in [
            ("node.data_dir", dir),
            ("store.url", "sqlite:<data_dir>/peerflow.db?throwaway=true"),
            ("http.listen", ""),
            ("gossip.listen", ""),
            ("rpc.listen", ""),
            ("log.dir", ""),
            ("worker.drain", "0s"),
            ("xml_loader.workflow_dir", ""),
            ("links.db_file", ""),
            ("links.file_file", ""),
        ] {
            layers.set(key, value, Source::Throwaway)?;
        }
        Self::build(&layers)
    }

    /// Every key with its value in force and where it came from, in the order of the manual.
    pub fn explain(&self) -> &[Explained] {
        &self.explained
    }

    /// Whether the value of `key` was given by somebody, not by default.
    pub fn is_explicit(&self, key: &str) -> bool {
        self.explained.iter().any(|each| {
            each.key == key && !matches!(each.source, Source::Default | Source::Throwaway)
        })
    }

    /// What the engine needs of it. In the store these are the cluster's.
    pub fn settings(&self) -> Settings {
        Settings {
            timezone: self.node.timezone.clone(),
            reset: self.cron_runner.reset.clone(),
            plan: self.cron_runner.plan.clone(),
            node_retry_fail_times: self.email.node_retry_fail_times,
            worker_lease: self.worker.lease,
            election_ttl: self.election.ttl,
            election_renew_every: self.election.renew_every,
            retention_instances: self.retention.instances,
            retention_logs: self.retention.logs,
        }
    }

    fn build(layers: &Layers) -> Result<Self, ConfigError> {
        let node = NodeConfig::read(layers)?;
        let cluster = ClusterConfig::read(layers)?;
        let store = StoreConfig {
            url: store_address::read(layers, &node.data_dir)?,
        };
        let config = Self {
            gossip: GossipConfig::read(layers)?,
            rpc: RpcConfig::read(layers)?,
            http: HttpConfig::read(layers, &cluster)?,
            election: ElectionConfig::read(layers, store.url.is_sqlite())?,
            worker: WorkerConfig::read(layers)?,
            log: LogConfig::read(layers)?,
            xml_loader: LoaderConfig {
                workflow_dir: layers.optional_path("xml_loader.workflow_dir"),
                scan_interval: layers.duration("xml_loader.scan_interval")?,
            },
            links: LinksConfig {
                db_file: layers.optional_path("links.db_file"),
                file_file: layers.optional_path("links.file_file"),
            },
            cron_runner: CronRunnerConfig {
                reset: layers.text("cron_runner.reset"),
                plan: layers.text("cron_runner.plan"),
            },
            email: EmailConfig::read(layers)?,
            retention: RetentionConfig {
                instances: layers.duration("retention.instances")?,
                logs: layers.duration("retention.logs")?,
            },
            explained: Vec::new(),
            node,
            cluster,
            store,
        };
        check::check(&config, layers)?;
        Ok(Self {
            explained: layers.explain(&config),
            ..config
        })
    }
}

#[cfg(test)]
mod tests;
