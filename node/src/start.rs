//! Start-up: bind and load, which may fail and spawns nothing; then run, which cannot fail.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

/// A running node.
#[derive(Debug)]
pub struct NodeHandle {}

/// Brings a node up.
///
/// # Errors
/// When something it needs cannot be had: see the message.
pub async fn start(_config: Config, _clock: Arc<dyn Clock>) -> Result<NodeHandle, StartError> {
    Err(StartError("not yet".to_owned()))
}
