//! Links by name, for the actions of this node.

use std::sync::Arc;

use async_trait::async_trait;
use peerflow_actions::Links;
use peerflow_files::FileSystem;
use peerflow_rows::Database;
use peerflow_workflow::DatabaseLink;

/// The links that the store keeps.
#[derive(Debug)]
pub(crate) struct StoredLinks;

#[async_trait]
impl Links for StoredLinks {
    async fn database(&self, _link: &DatabaseLink) -> Result<Arc<dyn Database>, String> {
        Err("database links are not read from the store yet".to_owned())
    }

    async fn files(&self, _link: &str) -> Result<Arc<dyn FileSystem>, String> {
        Err("file links are not read from the store yet".to_owned())
    }
}
