//! The one form in which a URL is kept and shown.

use std::fmt::{Formatter, Result};

use crate::jdbc::text::encode;
use crate::jdbc::{DatabasePlace, DatabaseUrl};
use crate::system::DatabaseSystem;

pub(super) fn show(url: &DatabaseUrl, f: &mut Formatter<'_>) -> Result {
    match &url.place {
        DatabasePlace::Server {
            host,
            port,
            database,
        } => {
            let scheme = match url.system {
                DatabaseSystem::MySql => "mysql:",
                DatabaseSystem::Postgres => "postgresql:",
                DatabaseSystem::ClickHouse => "clickhouse:",
                DatabaseSystem::Hive => "hive2:",
                DatabaseSystem::Impala => "impala:",
                DatabaseSystem::Oracle => "oracle:thin:@",
                DatabaseSystem::Sqlite | DatabaseSystem::Odbc => "",
            };
            let host = bracketed(host);
            write!(f, "jdbc:{scheme}//{host}:{port}/{}", encode(database))?;
        }
        DatabasePlace::OracleSid { host, port, sid } => {
            write!(
                f,
                "jdbc:oracle:thin:@{}:{port}:{}",
                bracketed(host),
                encode(sid)
            )?;
        }
        DatabasePlace::File(path) => write!(f, "jdbc:sqlite:{path}")?,
        DatabasePlace::Odbc => return odbc(url, f),
    }
    if matches!(url.system, DatabaseSystem::Hive | DatabaseSystem::Impala) {
        return hive(url, f);
    }
    for (index, (name, value)) in url.properties.iter().enumerate() {
        let mark = if index == 0 { '?' } else { '&' };
        write!(f, "{mark}{name}={}", encode(value))?;
    }
    Ok(())
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        encode(host)
    }
}

fn hive(url: &DatabaseUrl, f: &mut Formatter<'_>) -> Result {
    let group = |prefix: &'static str| {
        url.properties
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    };
    for (name, value) in &url.properties {
        if !name.starts_with("hiveconf:") && !name.starts_with("hivevar:") {
            write!(f, ";{name}={}", encode(value))?;
        }
    }
    for (mark, prefix) in [('?', "hiveconf:"), ('#', "hivevar:")] {
        for (index, (name, value)) in group(prefix).enumerate() {
            let mark = if index == 0 { mark } else { ';' };
            write!(f, "{mark}{name}={}", encode(value))?;
        }
    }
    Ok(())
}

fn odbc(url: &DatabaseUrl, f: &mut Formatter<'_>) -> Result {
    f.write_str("odbc:")?;
    for (index, (name, value)) in url.properties.iter().enumerate() {
        if index > 0 {
            f.write_str(";")?;
        }
        if value.contains([';', '{', '}', '=']) || value.trim() != value {
            write!(f, "{name}={{{}}}", value.replace('}', "}}"))?;
        } else {
            write!(f, "{name}={value}")?;
        }
    }
    Ok(())
}
