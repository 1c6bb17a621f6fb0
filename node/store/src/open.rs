//! Where the store is, and how to open it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::error::Error;
use crate::memory::MemoryStore;
use crate::runs::Store;
use crate::sql::{MysqlAddress, SqlStore, SqliteFile};

/// The address of a store. Displayed and debugged without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Memory,
    Sqlite(SqliteFile),
    Mysql(MysqlAddress),
}

impl StoreUrl {
    /// Reads `memory:`, `sqlite:PATH` (`?throwaway=true` for one that need not survive a power cut) or
    /// `mysql://USER@HOST:PORT/DATABASE`. Parts of the latter may be percent-encoded; a password may stand after the
    /// user, but belongs into [`Self::with_password`].
    ///
    /// # Errors
    /// [`Error::Configuration`], saying what is expected. The message shows no password.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text == "memory:" || text == "memory" {
            return Ok(Self(Kind::Memory));
        }
        if let Some(rest) = text.strip_prefix("sqlite:") {
            return sqlite(rest).map(|file| Self(Kind::Sqlite(file)));
        }
        if let Some(rest) = text
            .strip_prefix("mysql://")
            .or_else(|| text.strip_prefix("mariadb://"))
        {
            return mysql(rest).map(|address| Self(Kind::Mysql(address)));
        }
        let scheme: String = text
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric())
            .collect();
        Err(Error::Configuration(format!(
            "no store is known by {scheme:?}: write sqlite:PATH, mysql://USER@HOST:PORT/DATABASE or memory:"
        )))
    }

    /// A SQLite store in this file.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Sqlite(SqliteFile {
            path: path.into(),
            throwaway: false,
        }))
    }

    /// The same address with this password; of no meaning but for MySQL.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        if let Kind::Mysql(address) = &mut self.0 {
            password.clone_into(&mut address.password);
        }
        self
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Memory => f.write_str("memory:"),
            Kind::Sqlite(file) => write!(f, "sqlite:{}", file.path.display()),
            Kind::Mysql(address) => write!(f, "{address}"),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

/// Opens the store, brings its schema up to date, and makes the file or database where it is absent.
///
/// # Errors
/// [`Error::Unavailable`] when it does not answer (worth another try), [`Error::Migration`] when its schema is newer
/// than this version or cannot be brought up to date, [`Error::Configuration`] when the server cannot be used as it is.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, Error> {
    match &url.0 {
        Kind::Memory => {
            #[expect(
                clippy::disallowed_methods,
                reason = "the store has a clock of its own, as a database has"
            )]
            let now = Timestamp::now();
            Ok(Arc::new(MemoryStore::new(now)))
        }
        Kind::Sqlite(file) => Ok(Arc::new(SqlStore::open_sqlite(file.clone()).await?)),
        Kind::Mysql(address) => Ok(Arc::new(SqlStore::open_mysql(address.clone()).await?)),
    }
}

fn sqlite(rest: &str) -> Result<SqliteFile, Error> {
    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() {
        return Err(Error::Configuration(
            "a sqlite store needs a file: write sqlite:PATH".to_owned(),
        ));
    }
    let throwaway = match options {
        "" | "throwaway=false" => false,
        "throwaway=true" => true,
        other => {
            return Err(Error::Configuration(format!(
                "a sqlite store has no option {other:?}: the only one is throwaway=true"
            )));
        }
    };
    Ok(SqliteFile {
        path: path.into(),
        throwaway,
    })
}

fn mysql(rest: &str) -> Result<MysqlAddress, Error> {
    let wrong = |what: &str| {
        Error::Configuration(format!(
            "the store's address {what}: write mysql://USER@HOST:PORT/DATABASE"
        ))
    };
    let (login, place) = rest
        .rsplit_once('@')
        .ok_or_else(|| wrong("names no user"))?;
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (server, database) = place
        .split_once('/')
        .ok_or_else(|| wrong("names no database"))?;
    if database.is_empty() || database.contains(['?', '/']) {
        return Err(wrong(
            "must end with the name of a database, without options",
        ));
    }
    let (host, port) = match server
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let port = match port {
        None => 3306,
        Some(port) => port
            .parse()
            .map_err(|_not_a_port| wrong("has a port that is no number below 65536"))?,
    };
    if host.is_empty() || user.is_empty() {
        return Err(wrong("lacks a host or a user"));
    }
    let decode = |part: &str| percent_decoded(part).ok_or_else(|| wrong("has a broken %-escape"));
    Ok(MysqlAddress {
        host: host.to_owned(),
        port,
        user: decode(user)?,
        password: decode(password)?,
        database: decode(database)?,
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            let digits = [*rest.next()?, *rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url = StoreUrl::parse("mysql://me:s%40cret@db.example:3307/flow").unwrap();
        assert_eq!(
            format!("{url:?} {url}"),
            "StoreUrl(mysql://me@db.example:3307/flow) mysql://me@db.example:3307/flow"
        );
        let other = StoreUrl::parse("mysql://me@db.example:3307/flow")
            .unwrap()
            .with_password("s@cret");
        assert_eq!(url, other);
        let error = StoreUrl::parse("mysql://me:s3cret@db.example:port/flow")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("port") && !error.contains("s3cret"),
            "{error}"
        );
        let error = StoreUrl::parse("mysqll://me:s3cret@db.example/flow")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("mysqll") && !error.contains("s3cret"),
            "{error}"
        );
    }

    #[test]
    fn addresses_that_make_no_sense_are_refused_with_what_to_write() {
        for (text, part) in [
            ("", "sqlite:PATH"),
            ("postgres://x", "sqlite:PATH"),
            ("sqlite:", "sqlite:PATH"),
            ("sqlite:a?b=c", "throwaway"),
            ("mysql://host/db", "names no user"),
            ("mysql://u@host", "names no database"),
            ("mysql://u@host/", "name of a database"),
            ("mysql://u@host/a?b=c", "without options"),
            ("mysql://u@:1/a", "lacks a host"),
            ("mysql://u@h:70000/a", "port"),
            ("mysql://u%4@h/a", "escape"),
        ] {
            let error = StoreUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
