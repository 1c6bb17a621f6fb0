//! A database that a driver reaches.

use std::sync::OnceLock;

use async_trait::async_trait;
use peerflow_rows::{Database, Dialect, Error, Session};

use crate::connection_string::Settings;
use crate::dialect::OdbcDialect;
use crate::session::OdbcSession;
use crate::system::System;
use crate::thread::Thread;

/// A database that a driver reaches.
#[derive(Debug)]
pub struct OdbcDatabase {
    settings: Settings,
    /// What the link's type says, where it names a database.
    named: Option<System>,
    /// What the driver told.
    told: OnceLock<&'static OdbcDialect>,
}

impl OdbcDatabase {
    /// Nothing is connected yet. `named` is the database that the link's type names, if it does.
    pub fn new(settings: Settings, named: Option<System>) -> Self {
        Self {
            settings,
            named,
            told: OnceLock::new(),
        }
    }

    /// As long as no driver told: by the type of the link, or the names in its URL.
    fn guessed(&self) -> &'static OdbcDialect {
        let named = self.named.unwrap_or_else(|| {
            ["Driver", "DSN"]
                .iter()
                .filter_map(|attribute| self.settings.attribute(attribute))
                .map(|name| System::named(&name))
                .find(|system| *system != System::Other)
                .unwrap_or(System::Other)
        });
        OdbcDialect::of(named, Some('"'))
    }
}

#[async_trait]
impl Database for OdbcDatabase {
    async fn connect(&self) -> Result<Box<dyn Session>, Error> {
        let (thread, told) = Thread::start(self.settings.clone()).await?;
        let system = match (told.system, self.named) {
            (System::Other, Some(named)) => named,
            (told, _) => told,
        };
        let dialect = self
            .told
            .get_or_init(|| OdbcDialect::of(system, told.quote));
        Ok(Box::new(OdbcSession::new(thread, dialect)))
    }

    /// Surely right once a connection was made: only then has the driver said which database it is.
    fn dialect(&self) -> &'static dyn Dialect {
        self.told.get().copied().unwrap_or_else(|| self.guessed())
    }
}
