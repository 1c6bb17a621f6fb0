//! Configuration: `config/node.toml`, environment, flags.

/// A node's configuration, every value in force.
#[derive(Clone, Debug)]
pub struct Config {}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong, where, and what to do.
    pub message: String,
}
