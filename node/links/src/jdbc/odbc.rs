//! ODBC: `odbc:DSN=…;NAME=value`, and SQL Server, which is reached through it.

use crate::jdbc::authority::{Authority, properties, refuse_late_at};
use crate::jdbc::text::{Text, is_name};
use crate::jdbc::{DatabasePlace, DatabaseUrl, UrlError};
use crate::system::DatabaseSystem;

const FORM: &str = "odbc:DSN=name;DATABASE=database or odbc:DRIVER={name};SERVER=host";
const SQL_SERVER: &str = "jdbc:sqlserver://host:1433;databaseName=database";

pub(super) fn parse(text: &Text<'_>, rest: &str) -> Result<DatabaseUrl, UrlError> {
    let mut url = DatabaseUrl::new(DatabaseSystem::Odbc, DatabasePlace::Odbc);
    if !rest.contains('=') {
        // `jdbc:odbc:name`, as the bridge of old had it.
        if !is_name(rest) {
            return Err(text.wrong("the name of the data source (DSN) is missing", FORM));
        }
        url.properties.insert("DSN".to_owned(), rest.to_owned());
        return Ok(url);
    }
    for (name, value) in attributes(rest)? {
        if !is_name(&name.replace(' ', "_")) {
            let message = format!("an attribute{} has no proper name", text.quote(&name));
            return Err(text.wrong(message, FORM));
        }
        url.set(name, value);
    }
    let names = |wanted: &str| {
        url.properties
            .keys()
            .any(|name| name.eq_ignore_ascii_case(wanted))
    };
    if !names("DSN") && !names("DRIVER") && !names("FILEDSN") {
        return Err(text.wrong("neither a data source (DSN) nor a DRIVER is named", FORM));
    }
    Ok(url)
}

/// Splits `NAME=value;NAME={value;with}}braces}`.
fn attributes(written: &str) -> Result<Vec<(String, String)>, UrlError> {
    let mut found = Vec::new();
    let mut rest = written;
    loop {
        rest = rest.trim_start_matches([';', ' ']);
        if rest.is_empty() {
            return Ok(found);
        }
        let Some((name, behind)) = rest.split_once('=') else {
            return Err(UrlError(
                "an attribute without a value stands at the end: write NAME=value, and {…} around a value that holds ;"
                    .to_owned(),
            ));
        };
        let (value, behind) = value(behind)?;
        found.push((name.trim().to_owned(), value));
        rest = behind;
    }
}

/// The value that `text` begins with, and what is behind it.
fn value(text: &str) -> Result<(String, &str), UrlError> {
    let Some(mut inner) = text.strip_prefix('{') else {
        let end = text.find(';').unwrap_or(text.len());
        return Ok((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut value = String::new();
    while let Some((part, behind)) = inner.split_once('}') {
        value.push_str(part);
        match behind.strip_prefix('}') {
            Some(further) => {
                value.push('}');
                inner = further;
            }
            None => return Ok((value, behind)),
        }
    }
    Err(UrlError(
        "a value that begins with { does not end with }: write }} for a } within it".to_owned(),
    ))
}

/// `jdbc:sqlserver://host\instance:port;name=value`.
pub(super) fn sql_server(text: &Text<'_>, rest: &str) -> Result<DatabaseUrl, UrlError> {
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(text.wrong("// is missing before the host", SQL_SERVER));
    };
    let (server, session) = rest.split_once(';').unwrap_or((rest, ""));
    let server = server.strip_suffix('/').unwrap_or(server);
    refuse_late_at(server)?;
    let (hosts, instance) = match server.split_once('\\') {
        Some((host, behind)) => {
            let (instance, port) = behind.split_once(':').unwrap_or((behind, ""));
            let port = if port.is_empty() {
                String::new()
            } else {
                format!(":{port}")
            };
            (format!("{host}{port}"), Some(instance))
        }
        None => (server.to_owned(), None),
    };
    let authority = Authority::parse(text, &hosts, SQL_SERVER)?;
    if authority.host.is_empty() {
        return Err(text.wrong("the host is missing", SQL_SERVER));
    }
    let mut url = DatabaseUrl::new(DatabaseSystem::Odbc, DatabasePlace::Odbc);
    properties(text, &mut url, session, (';', "", false))?;
    let database = url
        .properties
        .remove("databaseName")
        .or_else(|| url.properties.remove("database"));
    let server = match (instance, authority.port) {
        (Some(instance), None) => format!("{}\\{instance}", authority.host),
        (_, port) => format!("{},{}", authority.host, port.unwrap_or(1433)),
    };
    url.properties.insert(
        "DRIVER".to_owned(),
        "ODBC Driver 18 for SQL Server".to_owned(),
    );
    url.properties.insert("SERVER".to_owned(), server);
    if let Some(database) = database {
        url.properties.insert("DATABASE".to_owned(), database);
    }
    url.warnings.push(
        "SQL Server is reached through ODBC: its driver must be installed on the nodes under the name `ODBC Driver 18 for SQL Server`"
            .to_owned(),
    );
    url.warnings.extend(authority.warnings);
    Ok(url)
}
