//! The URLs of databases as users have them: those of JDBC with their properties, and plain ones.
//!
//! What is read here knows its secrets and never shows them; a message quotes nothing of a URL that may be one.

use std::collections::BTreeMap;
use std::fmt;

use crate::secrets::Secrets;
use crate::system::DatabaseSystem;

mod authority;
mod hive;
mod odbc;
mod oracle;
mod server;
mod show;
mod sqlite;
#[cfg(test)]
mod tests;
mod text;

use text::Text;

/// Bytes that a URL may have.
const LONGEST: usize = 8 * 1024;

/// What the URL of a database says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl {
    pub system: DatabaseSystem,
    pub place: DatabasePlace,
    pub username: Option<String>,
    /// Of Hive and Impala, the settings behind `?` begin with `hiveconf:`, and those behind `#` with `hivevar:`.
    pub properties: BTreeMap<String, String>,
    /// The password and secret properties that stood in it.
    pub secrets: Secrets,
    /// What it says and what is not done, in words.
    pub warnings: Vec<String>,
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabasePlace {
    /// On a server. The host of an address of IPv6 has no brackets.
    Server {
        host: String,
        port: u16,
        /// Empty where the URL names none. Of Oracle the service.
        database: String,
    },
    /// An instance of Oracle by its SID.
    OracleSid {
        host: String,
        port: u16,
        sid: String,
    },
    /// A file of SQLite, as written.
    File(String),
    /// What an ODBC driver manager is told: the properties.
    Odbc,
}

/// What is wrong with a URL, and what to write instead. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UrlError(String);

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is of no known form: with the part that is wrong and the right form.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let text = Text::new(url.trim());
        if text.whole.is_empty() {
            return Err(text.wrong("the URL is empty", "jdbc:mysql://host:3306/database"));
        }
        if text.whole.len() > LONGEST {
            return Err(UrlError(format!(
                "the URL has {} bytes, and {LONGEST} are the most",
                text.whole.len()
            )));
        }
        if text.whole.chars().any(char::is_control) {
            return Err(UrlError(
                "a control character or line break stands in the URL: remove it".to_owned(),
            ));
        }
        let (is_jdbc, rest) = match text.whole.get(..5) {
            Some(start) if start.eq_ignore_ascii_case("jdbc:") => (true, &text.whole[5..]),
            _ => (false, text.whole),
        };
        let Some((scheme, rest)) = rest.split_once(':') else {
            return Err(text.wrong(
                "the URL does not say what kind of database it leads to",
                "jdbc:mysql://host:3306/database",
            ));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "mysql" | "mariadb" => server::mysql(&text, rest),
            "postgresql" | "postgres" | "pgsql" => server::postgres(&text, rest, is_jdbc),
            "clickhouse" | "ch" => server::clickhouse(&text, rest),
            "sqlserver" => odbc::sql_server(&text, rest),
            "sqlite" => sqlite::parse(&text, rest, is_jdbc),
            "hive2" | "hive" | "spark" => hive::parse(&text, rest, scheme),
            "impala" => hive::parse(&text, rest, "impala"),
            "oracle" => oracle::parse(&text, rest),
            "odbc" => odbc::parse(&text, rest),
            other => Err(text.unknown_scheme(other)),
        }
    }

    fn new(system: DatabaseSystem, place: DatabasePlace) -> Self {
        Self {
            system,
            place,
            username: None,
            properties: BTreeMap::new(),
            secrets: Secrets::new(),
            warnings: Vec::new(),
        }
    }

    /// Puts one property where it belongs: user, password, secret, or the rest. Of two of a name the last counts.
    pub(crate) fn set(&mut self, name: String, value: String) {
        match name.to_ascii_lowercase().as_str() {
            "user" | "username" | "uid" => {
                self.username = Some(value).filter(|value| !value.is_empty());
            }
            "password" | "pwd" | "pass" => self.secrets.set(crate::PASSWORD, value),
            _ if crate::is_secret(&name) => self.secrets.set(name, value),
            _ => {
                self.properties.insert(name, value);
            }
        }
    }
}

/// The one form of such a URL, which [`DatabaseUrl::parse`] reads again: without user, password and secrets.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show::show(self, f)
    }
}
