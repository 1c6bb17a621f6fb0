//! The sections of a configuration, with the types of their values.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use peerflow_wire::ClusterSecret;

use super::layers::Layers;
use super::secret::{self, Secret};
use super::{ConfigError, PeerAddress, StoreAddress};

/// `[node]`
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// At most 20 bytes; absent: host name and a random suffix, made once and kept in the data directory.
    pub id: Option<String>,
    pub labels: BTreeSet<String>,
    /// How many attempts run at once.
    pub slots: u32,
    pub data_dir: PathBuf,
    /// IANA zone.
    pub timezone: String,
}

/// `[cluster]`
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// Part of every key that follows from the secret, so clusters of one secret stay apart.
    pub name: String,
    /// Gossip addresses of peers to begin with, each with its port.
    pub seeds: Vec<PeerAddress>,
    /// Where `secret` was read.
    pub secret_file: Option<PathBuf>,
    /// The content of `secret_file`.
    pub secret: Option<ClusterSecret>,
}

/// `[gossip]`
#[derive(Clone, Debug)]
pub struct GossipConfig {
    /// Absent: none, so this node takes part in no cluster (an empty text in the file).
    pub listen: Option<SocketAddr>,
    /// What peers are told instead of `listen`; without a port: that of `listen`.
    pub advertise: Option<PeerAddress>,
    pub interval: Duration,
}

/// `[rpc]`
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// Absent: none, so this node takes part in no cluster (an empty text in the file).
    pub listen: Option<SocketAddr>,
    /// What peers are told instead of `listen`; without a port: that of `listen`.
    pub advertise: Option<PeerAddress>,
}

/// `[http]`
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Absent: no HTTP (an empty text in the file).
    pub listen: Option<SocketAddr>,
    /// The files of TLS; absent: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// What a request must bear where the listener can be reached from elsewhere; follows from the cluster's secret.
    pub token: Option<Secret>,
}

/// A certificate chain and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// `[store]`
#[derive(Clone, Debug)]
pub struct StoreConfig {
    pub url: StoreAddress,
}

/// `[election]`
#[derive(Clone, Debug)]
pub struct ElectionConfig {
    /// How long mastership holds without renewal.
    pub ttl: Duration,
    pub renew_every: Duration,
}

/// `[worker]`
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// A worker's grant.
    pub lease: Duration,
    /// Between TERM and KILL.
    pub kill_grace: Duration,
    /// How long a graceful stop waits for running tasks to end by themselves.
    pub drain: Duration,
    /// Sourced before scripts.
    pub profile: Option<PathBuf>,
    /// Bytes of log kept of one attempt.
    pub log_limit: u64,
}

/// `[log]`: the node's own log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// A `tracing` filter such as `info` or `peerflow_node=debug,info`.
    pub level: String,
    pub format: LogFormat,
    /// Absent: no log files (an empty text in the file).
    pub dir: Option<PathBuf>,
    /// How long log files are kept.
    pub keep: Duration,
}

/// How the node's own log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// `[xml_loader]`
#[derive(Clone, Debug)]
pub struct LoaderConfig {
    /// Absent: nothing is loaded (an empty text in the file).
    pub workflow_dir: Option<PathBuf>,
    pub scan_interval: Duration,
}

/// `[links]`: files of links, scanned as documents are.
#[derive(Clone, Debug)]
pub struct LinksConfig {
    /// Absent: none is loaded (an empty text in the file).
    pub db_file: Option<PathBuf>,
    /// Absent: none is loaded (an empty text in the file).
    pub file_file: Option<PathBuf>,
}

/// `[cron_runner]`
#[derive(Clone, Debug)]
pub struct CronRunnerConfig {
    /// When readiness is reset everywhere; empty: never.
    pub reset: String,
    /// When the daily plan is made; empty: never.
    pub plan: String,
}

/// `[email]`
#[derive(Clone, Debug)]
pub struct EmailConfig {
    pub hostname: String,
    pub port: u16,
    pub tls: MailTls,
    /// Whether the server wants `account` and `password`.
    pub auth: bool,
    /// Also the sender's address.
    pub account: String,
    pub nickname: String,
    pub password: Secret,
    pub is_enabled: bool,
    /// After how many failed tries of a step the retry mail is due; 0: never.
    pub node_retry_fail_times: u32,
}

/// How the connection to the mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    None,
    /// Plain first, then upgraded; refused by the node when the server cannot.
    StartTls,
    /// From the first byte.
    Tls,
}

/// `[retention]`
#[derive(Clone, Debug)]
pub struct RetentionConfig {
    /// How long ended runs are kept.
    pub instances: Duration,
    /// How long logs of ended runs are kept.
    pub logs: Duration,
}

impl NodeConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            id: layers.optional_text("node.id"),
            labels: layers.list("node.labels").into_iter().collect(),
            slots: match layers.optional_text("node.slots") {
                Some(_) => layers.number("node.slots")?,
                None => default_slots(),
            },
            data_dir: layers.text("node.data_dir").into(),
            timezone: layers
                .optional_text("node.timezone")
                .unwrap_or_else(default_timezone),
        })
    }
}

fn default_slots() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(cores).unwrap_or(u32::MAX).saturating_mul(4)
}

fn default_timezone() -> String {
    let system = jiff::tz::TimeZone::system();
    system.iana_name().unwrap_or("UTC").to_owned()
}

impl ClusterConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            name: layers.text("cluster.name"),
            seeds: seeds(layers)?,
            secret_file: layers.optional_path("cluster.secret_file"),
            secret: secret::read_cluster_secret(layers, "cluster.secret_file")?,
        })
    }
}

fn seeds(layers: &Layers) -> Result<Vec<PeerAddress>, ConfigError> {
    let seed = |text: &String| {
        let address = text.parse::<PeerAddress>()?;
        match address.port {
            Some(_) => Ok(address),
            None => Err(format!(
                "{text:?} names no port; write it like \"etl-1:8091\""
            )),
        }
    };
    let texts = layers.list("cluster.seeds");
    let seeds: Result<_, String> = texts.iter().map(seed).collect();
    seeds.map_err(|message| layers.wrong("cluster.seeds", message))
}

impl GossipConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: layers.address("gossip.listen")?,
            advertise: layers.peer_address("gossip.advertise")?,
            interval: layers.duration("gossip.interval")?,
        })
    }
}

impl RpcConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: layers.address("rpc.listen")?,
            advertise: layers.peer_address("rpc.advertise")?,
        })
    }
}

impl HttpConfig {
    pub(super) fn read(layers: &Layers, cluster: &ClusterConfig) -> Result<Self, ConfigError> {
        let cert = layers.optional_path("http.tls_cert");
        let tls = match (cert, layers.optional_path("http.tls_key")) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (cert, _) => {
                let (given, missing) = if cert.is_some() {
                    ("http.tls_cert", "http.tls_key")
                } else {
                    ("http.tls_key", "http.tls_cert")
                };
                return Err(layers.wrong(given, format!("{missing} belongs to it; give both")));
            }
        };
        let token = cluster.secret.as_ref();
        Ok(Self {
            listen: layers.address("http.listen")?,
            tls,
            token: token.map(|secret| Secret::from(secret.http_token(&cluster.name))),
        })
    }
}

impl ElectionConfig {
    /// Renewals share a SQLite file with everything else, so it gets more time by default.
    pub(super) fn read(layers: &Layers, is_sqlite: bool) -> Result<Self, ConfigError> {
        let seconds = |key, sqlite, other| match layers.optional_text(key) {
            Some(_) => layers.duration(key),
            None => Ok(if is_sqlite { sqlite } else { other }),
        };
        Ok(Self {
            ttl: seconds(
                "election.ttl",
                Duration::from_secs(5),
                Duration::from_secs(2),
            )?,
            renew_every: seconds(
                "election.renew_every",
                Duration::from_secs(1),
                Duration::from_millis(500),
            )?,
        })
    }
}

impl WorkerConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            lease: layers.duration("worker.lease")?,
            kill_grace: layers.duration("worker.kill_grace")?,
            drain: layers.duration("worker.drain")?,
            profile: layers.optional_path("worker.profile"),
            log_limit: layers.size("worker.log_limit")?,
        })
    }
}

impl LogConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            level: layers.text("log.level"),
            format: layers.choice(
                "log.format",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            )?,
            dir: layers.optional_path("log.dir"),
            keep: layers.duration("log.keep")?,
        })
    }
}

impl EmailConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let tls = [
            ("none", MailTls::None),
            ("starttls", MailTls::StartTls),
            ("tls", MailTls::Tls),
        ];
        Ok(Self {
            hostname: layers.text("email.hostname"),
            port: layers.number("email.port")?,
            tls: layers.choice("email.tls", &tls)?,
            auth: layers.switch("email.auth")?,
            account: layers.text("email.account"),
            nickname: layers.text("email.nickname"),
            password: Secret::from(layers.text("email.password")),
            is_enabled: layers.switch("email.is_enabled")?,
            node_retry_fail_times: layers.number("email.node_retry_fail_times")?,
        })
    }
}
