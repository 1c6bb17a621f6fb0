//! What is reached through an ODBC driver, in a program that was built with the feature `odbc`.

use super::Opened;
use crate::error::Fault;
use crate::jdbc::DatabaseUrl;

#[cfg(not(feature = "odbc"))]
pub(super) fn open(url: &DatabaseUrl) -> Result<Opened, Fault> {
    use crate::error::LinkPart;
    let message = format!(
        "databases of the type {} are reached through ODBC, and this program was built without it: \
         install unixODBC and the database's driver on the nodes, and build it with `cargo build --release --features odbc`",
        url.system.word()
    );
    Err(Fault::new(LinkPart::Unsupported, message))
}

#[cfg(feature = "odbc")]
pub(super) fn open(url: &DatabaseUrl) -> Result<Opened, Fault> {
    use std::sync::Arc;

    use peerflow_odbc::{OdbcDatabase, Settings, System};

    use crate::system::DatabaseSystem;

    let named = match url.system {
        DatabaseSystem::Oracle => Some(System::Oracle),
        DatabaseSystem::ClickHouse => Some(System::ClickHouse),
        _ => None,
    };
    let attributes: Vec<(String, String)> = attributes(url)?.into_iter().collect();
    // The first names the data source; the others follow as they are.
    let (source, rest): (Vec<_>, Vec<_>) = attributes
        .into_iter()
        .partition(|(name, _)| is_source(name));
    let written: Vec<String> = source
        .iter()
        .map(|(name, value)| format!("{name}={{{}}}", value.replace('}', "}}")))
        .collect();
    let settings = Settings::from_url(
        &format!("odbc:{}", written.join(";")),
        url.username.as_deref(),
        url.secrets.password(),
        &rest,
    )
    .map_err(super::senseless)?
    .hiding(url.secrets.names().map(str::to_owned));
    Ok((Arc::new(OdbcDatabase::new(settings, named)), Vec::new()))
}

/// What the driver manager is told. Oracle and ClickHouse have URLs of their own, which name no driver.
#[cfg(feature = "odbc")]
fn attributes(url: &DatabaseUrl) -> Result<std::collections::BTreeMap<String, String>, Fault> {
    use crate::error::LinkPart;
    use crate::jdbc::DatabasePlace;
    use crate::system::DatabaseSystem;

    let mut attributes = super::properties(url);
    if !attributes.keys().any(|name| is_source(name)) {
        let message = "the name of the ODBC driver is missing: write the property Driver as `odbcinst -q -d` lists it on the nodes";
        return Err(Fault::new(LinkPart::Property("Driver".to_owned()), message));
    }
    let mut set = |name: &str, value: String| {
        attributes.entry(name.to_owned()).or_insert(value);
    };
    match (&url.system, &url.place) {
        (
            DatabaseSystem::Oracle,
            DatabasePlace::Server {
                host,
                port,
                database,
            },
        ) => {
            set("DBQ", format!("//{host}:{port}/{database}"));
        }
        (DatabaseSystem::Oracle, DatabasePlace::OracleSid { host, port, sid }) => {
            let address = format!("(ADDRESS=(PROTOCOL=TCP)(HOST={host})(PORT={port}))");
            set(
                "DBQ",
                format!("(DESCRIPTION={address}(CONNECT_DATA=(SID={sid})))"),
            );
        }
        (
            _,
            DatabasePlace::Server {
                host,
                port,
                database,
            },
        ) => {
            set("Server", host.clone());
            set("Port", port.to_string());
            set("Database", database.clone());
        }
        (_, DatabasePlace::OracleSid { .. } | DatabasePlace::File(_) | DatabasePlace::Odbc) => {}
    }
    Ok(attributes)
}

#[cfg(feature = "odbc")]
fn is_source(name: &str) -> bool {
    ["DSN", "DRIVER", "FILEDSN"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}
