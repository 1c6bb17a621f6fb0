//! MySQL, PostgreSQL and ClickHouse: `//host:port/database?a=b&c=d`.

use crate::jdbc::authority::{Authority, cut, properties, refuse_late_at};
use crate::jdbc::text::Text;
use crate::jdbc::{DatabasePlace, DatabaseUrl, UrlError};
use crate::system::DatabaseSystem;

const MYSQL: &str = "jdbc:mysql://host:3306/database?useSSL=false";
const POSTGRES: &str = "jdbc:postgresql://host:5432/database";
const CLICKHOUSE: &str = "jdbc:clickhouse://host:8123/database";

/// Words between `jdbc:mysql:` and `//` that ask for several servers.
const SEVERAL: [&str; 6] = [
    "loadbalance",
    "replication",
    "sequential",
    "failover",
    "aurora",
    "load-balance",
];

pub(super) fn mysql(text: &Text<'_>, rest: &str) -> Result<DatabaseUrl, UrlError> {
    let (rest, several) = match rest.split_once(':') {
        Some((word, behind)) if SEVERAL.iter().any(|known| word.eq_ignore_ascii_case(known)) => {
            (behind, true)
        }
        _ => (rest, false),
    };
    let mut url = server(text, rest, (DatabaseSystem::MySql, 3306, MYSQL))?;
    if several && url.warnings.is_empty() {
        url.warnings.push(
            "the one host is used as it is: there is no failover and no load balancing".to_owned(),
        );
    }
    Ok(url)
}

pub(super) fn postgres(
    text: &Text<'_>,
    rest: &str,
    is_jdbc: bool,
) -> Result<DatabaseUrl, UrlError> {
    let kind = (DatabaseSystem::Postgres, 5432, POSTGRES);
    if is_jdbc && !rest.starts_with("//") {
        // `jdbc:postgresql:database` and `jdbc:postgresql:/` are on this machine.
        let path = rest.strip_prefix('/').unwrap_or(rest);
        return server(text, &format!("///{path}"), kind);
    }
    server(text, rest, kind)
}

pub(super) fn clickhouse(text: &Text<'_>, rest: &str) -> Result<DatabaseUrl, UrlError> {
    let (rest, secure) = match rest.split_once(':') {
        Some(("http", behind)) => (behind, false),
        Some(("https", behind)) => (behind, true),
        _ => (rest, false),
    };
    let mut url = server(text, rest, (DatabaseSystem::ClickHouse, 8123, CLICKHOUSE))?;
    if secure {
        url.properties
            .entry("ssl".to_owned())
            .or_insert_with(|| "true".to_owned());
    }
    Ok(url)
}

fn server(
    text: &Text<'_>,
    rest: &str,
    (system, usual_port, form): (DatabaseSystem, u16, &str),
) -> Result<DatabaseUrl, UrlError> {
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(text.wrong("// is missing before the host", form));
    };
    let (authority, behind) = cut(rest, &['?', '#']);
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    refuse_late_at(path)?;
    if path.contains('#') || query.contains('#') {
        return Err(UrlError(
            "a # stands in the URL, which means nothing there: write %23 for it".to_owned(),
        ));
    }
    // A password with a ? in it leaves an authority that makes no sense, and an @ behind that.
    let mut authority = Authority::parse(text, authority, form)
        .map_err(|error| refuse_late_at(query).err().unwrap_or(error))?;
    let database = text.decode(path.strip_prefix('/').unwrap_or(path))?;
    if database.contains('/') {
        let message = format!(
            "the name of the database{} has a / in it",
            text.quote(&database)
        );
        return Err(text.wrong(message, form));
    }
    let host = std::mem::take(&mut authority.host);
    let place = DatabasePlace::Server {
        host: if host.is_empty() {
            "localhost".to_owned()
        } else {
            host
        },
        port: authority.port.unwrap_or(usual_port),
        database,
    };
    let mut url = DatabaseUrl::new(system, place);
    properties(text, &mut url, query, ('&', "", true))?;
    authority.give_to(&mut url);
    Ok(url)
}
