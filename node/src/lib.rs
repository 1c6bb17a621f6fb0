//! One running peer: start-up, the loop around the engine, worker slots, HTTP, mail, the loader of `xmlconfig/`.
//!
//! [`start`] brings a node up and gives a [`NodeHandle`]; two nodes may live in one process.

mod clock;
mod cluster;
mod config;
mod data_dir;
mod epoch;
mod events;
mod files;
mod handle;
pub mod http;
mod identity;
mod links;
mod loader;
mod logs;
mod machine;
mod mail;
mod metrics;
mod retention;
mod scheduler;
mod stage;
mod start;
mod worker;

pub use clock::{Clock, SystemClock};
pub use cluster::{ClusterError, ClusterHandle};
pub use config::{
    ClusterConfig, ClusterSockets, Config, ConfigError, ConfigOverrides, CronRunnerConfig,
    DEFAULT_FILE, ElectionConfig, EmailConfig, Explained, GossipConfig, HttpConfig, LinksConfig,
    LoaderConfig, LogConfig, LogFormat, MailTls, NodeConfig, PeerAddress, RetentionConfig,
    RpcConfig, Secret, Source, StoreAddress, StoreConfig, TlsFiles, WorkerConfig, format_duration,
    format_size, parse_duration, parse_size,
};
pub use data_dir::DataDirError;
pub use events::{EventHub, NodeEvent};
pub use handle::NodeHandle;
pub use identity::NodeIdentity;
pub use logs::LogHub;
pub use machine::Machine;
pub use metrics::Metrics;
pub use scheduler::{AskError, SchedulerHandle, SchedulerState};
pub use start::{Seams, StartError, start, start_with};
