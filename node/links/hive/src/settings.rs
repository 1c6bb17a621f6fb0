//! What a link says about its server.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Where a server is and who connects to it.
#[derive(Clone)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    /// The database that names without one mean; empty is `default`.
    pub database: String,
    pub user: String,
    pub password: String,
    /// The properties of its JDBC URL; those behind its `?` begin with `hiveconf:`, those behind `#` with `hivevar:`.
    pub properties: BTreeMap<String, String>,
    /// Whether the link is of Impala, which takes users without SASL where no password is given.
    pub impala: bool,
    /// How long a connection may take to be made, encryption and authentication with it.
    pub connect_timeout: Duration,
}

impl Settings {
    /// Connect timeout unless something else is said.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// Where HiveServer2 listens.
    pub const PORT: u16 = 10000;
    /// Where Impala listens to the same protocol.
    pub const IMPALA_PORT: u16 = 21050;

    /// A server at its usual port, without properties.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: Self::PORT,
            database: String::new(),
            user: String::new(),
            password: String::new(),
            properties: BTreeMap::new(),
            impala: false,
            connect_timeout: Self::CONNECT_TIMEOUT,
        }
    }

    /// One sentence for each property that is not understood and left aside. Values are not told: some are secret.
    pub fn warnings(&self) -> Vec<String> {
        crate::properties::unknown(&self.properties)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("database", &self.database)
            .field("user", &self.user)
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}
