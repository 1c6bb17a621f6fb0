//! Links to databases: what their URL, user, properties and secrets say together, and the database that it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use peerflow_hive::HiveDatabase;
use peerflow_model::LinkSettings;
use peerflow_mysql::MySqlDatabase;
use peerflow_postgres::PostgresDatabase;
use peerflow_rows::Database;
use peerflow_sqlite::SqliteDatabase;

use crate::error::{Fault, LinkPart};
use crate::jdbc::{DatabasePlace, DatabaseUrl};
use crate::secrets::{PASSWORD, Secrets};
use crate::system::DatabaseSystem;

mod odbc;

/// A database that can be connected to, and what of the link's settings does nothing.
pub(crate) type Opened = (Arc<dyn Database>, Vec<String>);

/// The URL with everything that the link says besides it, which comes before what stands in the URL.
pub(crate) fn whole(settings: &LinkSettings, secrets: &Secrets) -> Result<DatabaseUrl, Fault> {
    if settings.jdbc_url.trim().is_empty() {
        return Err(Fault::new(
            LinkPart::JdbcUrl,
            "the jdbc-url is missing: write jdbc-url=\"jdbc:mysql://host:3306/database\" or the like",
        ));
    }
    let mut url = DatabaseUrl::parse(&settings.jdbc_url)?;
    url.system = agreed(&settings.system, &url)?;
    for (name, value) in &settings.properties {
        url.set(name.clone(), value.clone());
    }
    if !settings.username.is_empty() {
        url.username = Some(settings.username.clone());
    }
    for (name, secret) in secrets.iter() {
        url.secrets.set(name, secret.to_owned());
    }
    Ok(url)
}

/// The system that both the type and the URL name; Hive and Impala speak the same.
fn agreed(word: &str, url: &DatabaseUrl) -> Result<DatabaseSystem, Fault> {
    let known = DatabaseSystem::of_word(word);
    let Some(system) = known else {
        return Ok(url.system);
    };
    let alike = [DatabaseSystem::Hive, DatabaseSystem::Impala];
    if system == url.system || (alike.contains(&system) && alike.contains(&url.system)) {
        return Ok(system);
    }
    let (word, other) = (system.word(), url.system.word());
    Err(Fault::new(
        LinkPart::Type,
        format!(
            "the type is {word}, but the jdbc-url is one of {other}: write type=\"{other}\", or a URL of {word}"
        ),
    ))
}

/// The database itself. Connects to nothing.
pub(crate) fn open(url: &DatabaseUrl) -> Result<Opened, Fault> {
    match (&url.system, &url.place) {
        (
            DatabaseSystem::MySql,
            DatabasePlace::Server {
                host,
                port,
                database,
            },
        ) => {
            let mut settings = peerflow_mysql::Settings::new(host.clone());
            settings.port = *port;
            settings.database.clone_from(database);
            settings.user = url.username.clone().unwrap_or_default();
            settings.password = password(url);
            settings.properties = properties(url);
            let warnings = settings.warnings();
            let database = MySqlDatabase::new(settings).map_err(senseless)?;
            Ok((Arc::new(database), warnings))
        }
        (
            DatabaseSystem::Postgres,
            DatabasePlace::Server {
                host,
                port,
                database,
            },
        ) => {
            let settings = peerflow_postgres::Settings {
                host: host.clone(),
                port: *port,
                database: database.clone(),
                user: url.username.clone().unwrap_or_default(),
                password: password(url),
                properties: properties(url).into_iter().collect(),
                connect_timeout: peerflow_postgres::Settings::CONNECT_TIMEOUT,
            };
            let warnings = settings.warnings();
            Ok((Arc::new(PostgresDatabase::new(settings)), warnings))
        }
        (DatabaseSystem::Sqlite, DatabasePlace::File(path)) => {
            let properties: Vec<_> = url.properties.clone().into_iter().collect();
            let url = format!("jdbc:sqlite:{path}");
            let settings =
                peerflow_sqlite::Settings::from_url(&url, &properties).map_err(senseless)?;
            Ok((Arc::new(SqliteDatabase::new(settings)), Vec::new()))
        }
        (DatabaseSystem::Oracle | DatabaseSystem::ClickHouse | DatabaseSystem::Odbc, _) => {
            odbc::open(url)
        }
        (
            DatabaseSystem::Hive | DatabaseSystem::Impala,
            DatabasePlace::Server {
                host,
                port,
                database,
            },
        ) => open_hive(url, host, *port, database),
        (
            DatabaseSystem::MySql
            | DatabaseSystem::Postgres
            | DatabaseSystem::Sqlite
            | DatabaseSystem::Hive
            | DatabaseSystem::Impala,
            _,
        ) => Err(Fault::new(
            LinkPart::JdbcUrl,
            "the jdbc-url names no place of that kind",
        )),
    }
}

fn open_hive(url: &DatabaseUrl, host: &str, port: u16, database: &str) -> Result<Opened, Fault> {
    let mut settings = peerflow_hive::Settings::new(host);
    settings.port = port;
    database.clone_into(&mut settings.database);
    settings.user = url.username.clone().unwrap_or_default();
    settings.password = password(url);
    settings.properties = properties(url);
    settings.impala = url.system == DatabaseSystem::Impala;
    let warnings = settings.warnings();
    let database = HiveDatabase::new(settings).map_err(senseless)?;
    Ok((Arc::new(database), warnings))
}

/// Properties with those that are secret; the password travels by itself.
fn properties(url: &DatabaseUrl) -> BTreeMap<String, String> {
    let secret = url
        .secrets
        .iter()
        .filter(|(name, _)| *name != PASSWORD)
        .map(|(name, secret)| (name.to_owned(), secret.to_owned()));
    url.properties.clone().into_iter().chain(secret).collect()
}

fn password(url: &DatabaseUrl) -> String {
    url.secrets.password().unwrap_or_default().to_owned()
}

fn senseless(error: peerflow_rows::Error) -> Fault {
    Fault::new(LinkPart::JdbcUrl, error.to_string())
}
