//! Where an action's database and files are: by a link's name, or written inline in older files.

use crate::check::Checker;
use crate::definition::{DatabaseLink, InlineDatabase};
use crate::xml::Element;

/// Attributes that name a database, now and in older files.
pub(super) const INLINE: [&str; 5] = ["db-link", "type", "jdbc-url", "username", "password"];

/// Kinds of databases that a link can have.
pub(super) const DATABASES: [&str; 8] = [
    "MYSQL",
    "ORACLE",
    "HIVE",
    "POSTGRES",
    "SQLITE",
    "CLICKHOUSE",
    "IMPALA",
    "ODBC",
];

/// The database of `element`. An error when there is none.
pub(super) fn check_link(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> DatabaseLink {
    if element.attribute("db-link").is_some() || element.attribute("jdbc-url").is_none() {
        let link = checker.required(element, "db-link", "a link's name");
        return DatabaseLink::Named(
            link.map_or_else(String::new, |value| value.text.trim().to_owned()),
        );
    }
    let url = checker.required(element, "jdbc-url", "jdbc:mysql://host:3306/db");
    let jdbc_url = url.map_or_else(String::new, |value| value.text.trim().to_owned());
    let mut text = |name| {
        checker
            .attribute(element, name)
            .map_or_else(String::new, |value| value.text.into_owned())
    };
    let username = text("username");
    let password = text("password");
    let kind = kind(checker, element, &jdbc_url);
    DatabaseLink::Inline(InlineDatabase {
        kind,
        jdbc_url,
        username,
        password,
    })
}

/// The kind as written, else what the URL says.
fn kind(checker: &mut Checker<'_, '_>, element: Element<'_, '_>, url: &str) -> String {
    if let Some(value) = checker.attribute(element, "type") {
        let kind = value.text.trim().to_ascii_uppercase();
        if value.open || DATABASES.contains(&kind.as_str()) {
            return kind;
        }
        if !matches!(kind.as_str(), "" | "DB" | "SQL") {
            let nearest = checker.reporter.nearest(&kind, DATABASES);
            let help = crate::reporter::instead(nearest, &DATABASES);
            checker
                .reporter
                .error(value.span, format!("{kind} is no kind of database"), help);
            return kind;
        }
    }
    let scheme = url
        .strip_prefix("jdbc:")
        .unwrap_or(url)
        .split(':')
        .next()
        .unwrap_or("")
        .to_ascii_uppercase();
    match scheme.as_str() {
        "MARIADB" => "MYSQL".to_owned(),
        "HIVE2" => "HIVE".to_owned(),
        "POSTGRESQL" => "POSTGRES".to_owned(),
        known if DATABASES.contains(&known) => scheme,
        _ => {
            checker.missing(
                element,
                "what kind of database this is cannot be told from its jdbc-url",
                "write type=\"MYSQL\"",
            );
            String::new()
        }
    }
}
