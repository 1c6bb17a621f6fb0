//! A file that can be opened.

use async_trait::async_trait;
use peerflow_rows::{Database, Dialect, Error, Session, Trouble};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::busy::AT_ONCE;
use crate::dialect::SqliteDialect;
use crate::failure::told;
use crate::session::SqliteSession;
use crate::settings::{Access, Settings};

/// Rows that wait between SQLite's thread and ours. They may be large, so they are few.
const ROWS: usize = 32;

/// A SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteDatabase {
    settings: Settings,
}

impl SqliteDatabase {
    /// Nothing is opened yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn options(&self) -> Result<SqliteConnectOptions, Error> {
        let path = &self.settings.path;
        let Some(text) = path.to_str() else {
            let message = format!(
                "SQLite opens no file whose name is not UTF-8: {}",
                path.display()
            );
            return Err(Error::new(Trouble::Settings, message));
        };
        // SQLite would take such a name for a URL.
        let text = if text.starts_with("file:") || text == ":memory:" {
            format!("./{text}")
        } else {
            text.to_owned()
        };
        Ok(SqliteConnectOptions::new()
            .filename(text)
            .read_only(self.settings.access == Access::ReadOnly)
            .create_if_missing(self.settings.access == Access::Create)
            .busy_timeout(AT_ONCE)
            .foreign_keys(false)
            // In KiB: an index over a large table is loaded much faster than with SQLite's own 2 MB.
            .pragma("cache_size", "-16000")
            .statement_cache_capacity(8)
            .command_buffer_size(4)
            .row_buffer_size(ROWS)
            .disable_statement_logging())
    }

    /// The same with the file's name.
    fn named(&self, error: Error) -> Error {
        Error {
            message: format!("{}: {}", self.settings.path.display(), error.message),
            ..error
        }
    }

    async fn must_exist(&self) -> Result<(), Error> {
        let path = &self.settings.path;
        match tokio::fs::try_exists(path).await {
            Ok(false) if self.settings.access != Access::Create => Err(Error::new(
                Trouble::Unreachable,
                "there is no such file; is its name right? With mode=rwc in the link's URL it is made",
            )),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn open(&self) -> Result<SqliteSession, Error> {
        self.must_exist().await?;
        let connection = self
            .options()?
            .connect()
            .await
            .map_err(|error| told(&error))?;
        let path = &self.settings.path;
        let file = tokio::fs::canonicalize(path).await;
        let file = file.unwrap_or_else(|_unreadable| path.clone());
        let mut session = SqliteSession::new(connection, file, self.settings.busy_timeout).await?;
        // The first look into the file: until now anything could be there.
        session.run("PRAGMA schema_version").await?;
        Ok(session)
    }
}

#[async_trait]
impl Database for SqliteDatabase {
    async fn connect(&self) -> Result<Box<dyn Session>, Error> {
        let session = self.open().await.map_err(|error| self.named(error))?;
        Ok(Box::new(session))
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &SqliteDialect
    }
}
