//! `<transfer>`: sources and targets, now and in older files.

use crate::check::links::{DATABASES, check_link};
use crate::check::values::{boolean, unescape, whole};
use crate::check::{Checker, Shape};
use crate::definition::{
    Command, FileLocation, FileSource, FileTarget, TableSource, TableTarget, TextFormat, Transfer,
    TransferSource, TransferTarget,
};
use crate::reporter::instead;
use crate::xml::Element;

const SHAPE: Shape = Shape {
    attributes: &[],
    children: &["source", "target", "script"],
    text: false,
};
const SOURCE: Shape = Shape {
    attributes: &[
        "type",
        "db-link",
        "file-link",
        "path",
        "delimited",
        "format",
        "jdbc-url",
        "username",
        "password",
    ],
    children: &[],
    text: true,
};
const TABLE_TARGET: Shape = Shape {
    attributes: &[
        "type",
        "db-link",
        "table",
        "is-pre-truncate",
        "task-num",
        "jdbc-url",
        "username",
        "password",
    ],
    children: &["pre", "after", "pre-sql", "after-sql"],
    text: false,
};
const FILE_TARGET: Shape = Shape {
    attributes: &[
        "type",
        "file-link",
        "path",
        "delimited",
        "format",
        "is-pre-del",
    ],
    children: &["pre", "after", "pre-sql", "after-sql"],
    text: true,
};
const TEXT: Shape = Shape {
    attributes: &[],
    children: &[],
    text: true,
};
const TYPES: [&str; 12] = [
    "DB",
    "FILE",
    "LFS",
    "HDFS",
    "MYSQL",
    "ORACLE",
    "HIVE",
    "POSTGRES",
    "SQLITE",
    "CLICKHOUSE",
    "IMPALA",
    "ODBC",
];

/// Fields between tabs, where the document does not say.
const DEFAULT_DELIMITER: &str = "\t";

pub(super) fn check_transfer(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
) -> Option<Transfer> {
    checker.shape(element, &SHAPE);
    if let Some(script) = checker.child(element, "script") {
        checker.shape(script, &TEXT);
        for child in element
            .children()
            .filter(|child| matches!(child.name(), "source" | "target"))
        {
            let message = format!(
                "this transfer has a <script>, so its <{}> means nothing",
                child.name()
            );
            checker
                .reporter
                .error(child.name_span(), message, "remove one of them");
        }
        let command = checker.required_text(script, "a command");
        return Some(Transfer::Script(Command(command.text.into_owned())));
    }
    let source = checker.required_child(
        element,
        &["source"],
        "<source type=\"DB\" db-link=\"…\">…</source>",
    );
    let target = checker.required_child(
        element,
        &["target"],
        "<target type=\"DB\" db-link=\"…\" table=\"…\"/>",
    );
    let source = source.and_then(|child| check_source(checker, child));
    let target = target.and_then(|child| check_target(checker, child));
    Some(Transfer::Rows {
        source: source?,
        target: target?,
    })
}

/// Which side a type means.
enum Kind {
    Database,
    /// Files, and the link that the type itself names.
    Files(Option<&'static str>),
}

fn kind(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Option<Kind> {
    let Some(value) = checker
        .attribute(element, "type")
        .filter(|value| !value.is_blank())
    else {
        let has = |name| element.attribute(name).is_some();
        if has("db-link") || has("jdbc-url") {
            return Some(Kind::Database);
        }
        if has("file-link") || has("path") {
            return Some(Kind::Files(None));
        }
        let help = format!(
            "write type=\"DB\" and a db-link, or type=\"FILE\"; known: {}",
            TYPES.join(", ")
        );
        checker.missing(element, format!("<{}> has no type", element.name()), help);
        return None;
    };
    let word = value.text.trim().to_ascii_uppercase();
    match word.as_str() {
        "FILE" => Some(Kind::Files(None)),
        "LFS" => Some(Kind::Files(Some("local"))),
        "HDFS" => Some(Kind::Files(Some("hdfs"))),
        "DB" => Some(Kind::Database),
        known if DATABASES.contains(&known) => Some(Kind::Database),
        _ if value.open => {
            let files =
                element.attribute("file-link").is_some() || element.attribute("path").is_some();
            Some(if files {
                Kind::Files(None)
            } else {
                Kind::Database
            })
        }
        _ => {
            let nearest = checker.reporter.nearest(&word, TYPES);
            let message = format!("{} is no type of a <{}>", value.text, element.name());
            checker
                .reporter
                .error(value.span, message, instead(nearest, &TYPES));
            None
        }
    }
}

fn check_source(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Option<TransferSource> {
    checker.shape(element, &SOURCE);
    Some(match kind(checker, element)? {
        Kind::Database => TransferSource::Table(TableSource {
            link: check_link(checker, element),
            table_or_query: checker
                .required_text(element, "a table's name or a query")
                .text
                .into_owned(),
        }),
        Kind::Files(link) => TransferSource::File(FileSource {
            location: location(checker, element, link),
            format: format(checker, element),
        }),
    })
}

fn check_target(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Option<TransferTarget> {
    match kind(checker, element)? {
        Kind::Database => {
            checker.shape(element, &TABLE_TARGET);
            let table = checker.required(element, "table", "orders");
            Some(TransferTarget::Table(TableTarget {
                link: check_link(checker, element),
                table: table.map_or_else(String::new, |value| value.text.into_owned()),
                truncate: checker.typed(element, "is-pre-truncate", false, boolean),
                writers: checker.typed(element, "task-num", 1, whole(1)),
                pre: around(checker, element, &["pre", "pre-sql"]),
                after: around(checker, element, &["after", "after-sql"]),
            }))
        }
        Kind::Files(link) => {
            checker.shape(element, &FILE_TARGET);
            Some(TransferTarget::File(FileTarget {
                location: location(checker, element, link),
                format: format(checker, element),
                delete_first: checker.typed(element, "is-pre-del", false, boolean),
                pre: around(checker, element, &["pre", "pre-sql"]),
                after: around(checker, element, &["after", "after-sql"]),
            }))
        }
    }
}

fn around(checker: &mut Checker<'_, '_>, element: Element<'_, '_>, names: &[&str]) -> String {
    let Some(child) = checker.child_of(element, names) else {
        return String::new();
    };
    checker.shape(child, &TEXT);
    checker.text(child).text.into_owned()
}

/// The path is an attribute or the element's text.
fn location(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
    own_link: Option<&str>,
) -> FileLocation {
    let link = checker
        .attribute(element, "file-link")
        .filter(|value| !value.is_blank());
    let link = link.map_or_else(
        || own_link.unwrap_or("local").to_owned(),
        |value| value.text.trim().to_owned(),
    );
    let path = match checker
        .attribute(element, "path")
        .filter(|value| !value.is_blank())
    {
        Some(value) => value.text.trim().to_owned(),
        None => {
            let value = checker.text(element);
            if value.is_blank() {
                let message = format!("<{}> has no path", element.name());
                checker.missing(element, message, "write path=\"/data/orders.txt\"");
            }
            value.text.into_owned()
        }
    };
    FileLocation { link, path }
}

fn format(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> TextFormat {
    let csv = checker.typed(element, "format", false, |text| match text {
        "csv" => Ok(true),
        "text" => Ok(false),
        _ => Err(crate::reporter::Wrong::new(
            format!("{text} is no format"),
            "write csv, or leave it out",
        )),
    });
    let delimiter = checker.attribute(element, "delimited");
    if csv {
        if let Some(value) = delimiter {
            let message = "delimited means nothing beside format=\"csv\", where commas separate";
            checker
                .reporter
                .warning(value.span, message, "remove one of them");
        }
        return TextFormat::Csv;
    }
    match delimiter {
        Some(value) if value.text.is_empty() => TextFormat::Delimited(DEFAULT_DELIMITER.to_owned()),
        Some(value) => TextFormat::Delimited(unescape(&value.text)),
        None => TextFormat::Delimited(DEFAULT_DELIMITER.to_owned()),
    }
}
