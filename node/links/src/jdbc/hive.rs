//! Hive, Spark and Impala: `//host:port/database;session=…?hive conf#hive variables`.

use crate::jdbc::authority::{Authority, cut, properties, refuse_late_at};
use crate::jdbc::text::Text;
use crate::jdbc::{DatabasePlace, DatabaseUrl, UrlError};
use crate::system::DatabaseSystem;

const HIVE: &str = "jdbc:hive2://host:10000/database;auth=noSasl";
const IMPALA: &str = "jdbc:impala://host:21050/database";

pub(super) fn parse(text: &Text<'_>, rest: &str, scheme: &str) -> Result<DatabaseUrl, UrlError> {
    let (system, usual_port, form) = if scheme == "impala" {
        (DatabaseSystem::Impala, 21050, IMPALA)
    } else {
        (DatabaseSystem::Hive, 10000, HIVE)
    };
    if scheme.eq_ignore_ascii_case("hive")
        && text.whole.len() > 5
        && text.whole[..5].eq_ignore_ascii_case("jdbc:")
    {
        return Err(text.wrong(
            "jdbc:hive: is that of the first HiveServer, which is gone",
            HIVE,
        ));
    }
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(text.wrong("// is missing before the host", form));
    };
    let lower = rest.to_ascii_lowercase();
    if lower.contains("servicediscoverymode") || lower.contains("zookeepernamespace") {
        return Err(text.wrong(
            "the URL names servers of ZooKeeper, which are not asked; name a HiveServer2 itself (`beeline` shows where it connected)",
            form,
        ));
    }
    let (authority, behind) = cut(rest, &[';', '?', '#']);
    let (behind, variables) = behind.split_once('#').unwrap_or((behind, ""));
    let (behind, settings) = behind.split_once('?').unwrap_or((behind, ""));
    let (path, session) = behind.split_once(';').unwrap_or((behind, ""));
    refuse_late_at(path)?;
    let mut authority = Authority::parse(text, authority, form)?;
    if authority.host.is_empty() {
        return Err(text.wrong("the host is missing", form));
    }
    let database = path.strip_prefix('/').unwrap_or(path);
    if database.contains('/') {
        let message = format!(
            "the name of the database{} has a / in it",
            text.quote(database)
        );
        return Err(text.wrong(message, form));
    }
    let place = DatabasePlace::Server {
        host: std::mem::take(&mut authority.host),
        port: authority.port.unwrap_or(usual_port),
        database: text.decode(database)?,
    };
    let mut url = DatabaseUrl::new(system, place);
    properties(text, &mut url, session, (';', "", true))?;
    // Drivers differ in what parts two settings.
    for part in settings.split('&') {
        properties(text, &mut url, part, (';', "hiveconf:", true))?;
    }
    for part in variables.split('&') {
        properties(text, &mut url, part, (';', "hivevar:", true))?;
    }
    authority.give_to(&mut url);
    Ok(url)
}
