//! Links for the actions of this node. Nothing is remembered: a link that was changed counts for the next task.

use std::sync::Arc;

use async_trait::async_trait;
use peerflow_actions::Links;
use peerflow_files::FileSystem;
use peerflow_links::{local_files, open_database, open_files, open_inline};
use peerflow_model::{LOCAL, LinkKey, LinkKind};
use peerflow_rows::Database;
use peerflow_workflow::DatabaseLink;

use super::book::LinkBook;

/// The links that the store keeps.
#[derive(Debug)]
pub(crate) struct StoredLinks {
    book: LinkBook,
}

impl StoredLinks {
    pub(crate) fn new(book: LinkBook) -> Self {
        Self { book }
    }
}

#[async_trait]
impl Links for StoredLinks {
    async fn database(&self, link: &DatabaseLink) -> Result<Arc<dyn Database>, String> {
        let name = match link {
            DatabaseLink::Inline(inline) => {
                return open_inline(inline).map_err(|error| error.to_string());
            }
            DatabaseLink::Named(name) => name,
        };
        let (record, secrets) = self.book.open(&key(LinkKind::Database, name)).await?;
        open_database(&record, &secrets).map_err(|error| error.to_string())
    }

    async fn files(&self, link: &str) -> Result<Arc<dyn FileSystem>, String> {
        if link == LOCAL {
            return local_files().map_err(|error| error.to_string());
        }
        let (record, secrets) = self.book.open(&key(LinkKind::File, link)).await?;
        open_files(&record, &secrets).map_err(|error| error.to_string())
    }
}

fn key(kind: LinkKind, name: &str) -> LinkKey {
    LinkKey {
        kind,
        name: name.to_owned(),
    }
}
