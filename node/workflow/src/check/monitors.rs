//! `<file-monitor>` and `<data-monitor>`, now and in older files.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::check::links::{DATABASES, check_link};
use crate::check::values::{boolean, seconds, size, whole};
use crate::check::{Checker, Shape};
use crate::definition::{Command, DataMonitor, FileMonitor, Reading};
use crate::reporter::{Wrong, instead};
use crate::xml::Element;

const FILE_MONITOR: Shape = Shape {
    attributes: &["check-interval"],
    children: &["file", "warn-msg", "size-warn-message"],
    text: false,
};
const FILE: Shape = Shape {
    attributes: &["file-link", "min-num", "min-each-size", "dir"],
    children: &[],
    text: true,
};
const SIZE_WARNING: Shape = Shape {
    attributes: &["enable", "size-threshold"],
    children: &[],
    text: true,
};
const DATA_MONITOR: Shape = Shape {
    attributes: &[
        "check-interval",
        "category",
        "source-name",
        "time-mark",
        "is-saved",
        "is-exceed-error",
    ],
    children: &[
        "source",
        "min",
        "max",
        "min-threshold",
        "max-threshold",
        "warn-msg",
    ],
    text: false,
};
const READING: Shape = Shape {
    attributes: &["type", "db-link", "jdbc-url", "username", "password"],
    children: &["code"],
    text: true,
};
const TEXT: Shape = Shape {
    attributes: &[],
    children: &[],
    text: true,
};
const MARKS: [&str; 3] = ["category", "source-name", "time-mark"];
const READING_TYPES: [&str; 11] = [
    "SQL",
    "COMMAND",
    "NUM",
    "MYSQL",
    "ORACLE",
    "HIVE",
    "POSTGRES",
    "SQLITE",
    "CLICKHOUSE",
    "IMPALA",
    "ODBC",
];

/// Time between the two looks, where the document does not say.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);

pub(super) fn check_file_monitor(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
) -> Option<FileMonitor> {
    checker.shape(element, &FILE_MONITOR);
    let check_interval = checker.typed(element, "check-interval", DEFAULT_INTERVAL, seconds);
    let warning = checker.child(element, "size-warn-message");
    let message = checker.child(element, "warn-msg");
    for child in message.into_iter() {
        checker.shape(child, &TEXT);
    }
    let mut warn_message =
        message.map_or_else(String::new, |child| checker.text(child).text.into_owned());
    let mut least_size = 0;
    if let Some(child) = warning {
        checker.shape(child, &SIZE_WARNING);
        let threshold = checker.typed(child, "size-threshold", 0, size);
        if checker.typed(child, "enable", true, boolean) {
            least_size = threshold;
        }
        let text = checker.text(child).text.into_owned();
        if warn_message.is_empty() {
            warn_message = text;
        }
    }
    let file = checker.required_child(element, &["file"], "<file>directory/pattern</file>")?;
    checker.shape(file, &FILE);
    let link = checker
        .attribute(file, "file-link")
        .filter(|value| !value.is_blank());
    Some(FileMonitor {
        link: link.map_or_else(|| "local".to_owned(), |value| value.text.trim().to_owned()),
        pattern: pattern(checker, file),
        min_number: u64::from(checker.typed(file, "min-num", 1, whole(0))),
        min_each_size: checker.typed(file, "min-each-size", least_size, size),
        check_interval,
        warn_message,
    })
}

/// Directory and pattern in one; older files write the directory as an attribute.
fn pattern(checker: &mut Checker<'_, '_>, file: Element<'_, '_>) -> String {
    let text = checker
        .required_text(file, "directory/pattern")
        .text
        .into_owned();
    match checker
        .attribute(file, "dir")
        .filter(|value| !value.is_blank())
    {
        Some(directory) => {
            let directory = directory.text.trim();
            format!(
                "{}/{}",
                directory.trim_end_matches('/'),
                text.trim_start_matches('/')
            )
        }
        None => text,
    }
}

pub(super) fn check_data_monitor(
    checker: &mut Checker<'_, '_>,
    element: Element<'_, '_>,
) -> Option<DataMonitor> {
    checker.shape(element, &DATA_MONITOR);
    let mut marks = BTreeMap::new();
    for name in MARKS {
        if let Some(value) = checker.attribute(element, name) {
            marks.insert(name.to_owned(), value.text.into_owned());
        }
    }
    let source = checker.required_child(
        element,
        &["source"],
        "<source type=\"SQL\" db-link=\"…\">…</source>",
    );
    let source = source.and_then(|child| reading(checker, child));
    let least = checker.child_of(element, &["min", "min-threshold"]);
    let most = checker.child_of(element, &["max", "max-threshold"]);
    let min = least.and_then(|child| reading(checker, child));
    let max = most.and_then(|child| reading(checker, child));
    if let (Some(Reading::Number(min)), Some(Reading::Number(max)), Some(child)) =
        (&min, &max, most)
        && min > max
    {
        let message =
            format!("the least value {min} is above the greatest {max}, so this always fails");
        checker.reporter.warning(
            child.span(),
            message,
            "write a greatest value above the least",
        );
    }
    let message = checker.child(element, "warn-msg");
    for child in message.into_iter() {
        checker.shape(child, &TEXT);
    }
    Some(DataMonitor {
        source: source?,
        min,
        max,
        check_interval: checker.typed(element, "check-interval", DEFAULT_INTERVAL, seconds),
        warn_message: message
            .map_or_else(String::new, |child| checker.text(child).text.into_owned()),
        marks,
        saved: checker.typed(element, "is-saved", true, boolean),
        exceed_is_error: checker.typed(element, "is-exceed-error", true, boolean),
    })
}

fn reading(checker: &mut Checker<'_, '_>, element: Element<'_, '_>) -> Option<Reading> {
    checker.shape(element, &READING);
    let body = checker.child(element, "code");
    for child in body.into_iter() {
        checker.shape(child, &TEXT);
    }
    let value = checker.required_text(body.unwrap_or(element), "what to read");
    let word = match checker.attribute(element, "type") {
        Some(word) if !word.is_blank() => word,
        _ if element.attribute("db-link").is_some() || element.attribute("jdbc-url").is_some() => {
            return Some(Reading::Sql {
                link: check_link(checker, element),
                query: value.text.into_owned(),
            });
        }
        _ => {
            let message = format!("<{}> has no type", element.name());
            checker.missing(
                element,
                message,
                "write type=\"SQL\", type=\"COMMAND\" or type=\"NUM\"",
            );
            return None;
        }
    };
    let kind = word.text.trim().to_ascii_uppercase();
    match kind.as_str() {
        "COMMAND" => Some(Reading::Command(Command(value.text.into_owned()))),
        "NUM" if value.open => Some(Reading::Number(0.0)),
        "NUM" => match number(value.text.trim()) {
            Ok(number) => Some(Reading::Number(number)),
            Err(wrong) => {
                checker.reporter.wrong(value.span, wrong);
                None
            }
        },
        known if known == "SQL" || DATABASES.contains(&known) => Some(Reading::Sql {
            link: check_link(checker, element),
            query: value.text.into_owned(),
        }),
        _ if word.open => Some(Reading::Command(Command(value.text.into_owned()))),
        _ => {
            let nearest = checker.reporter.nearest(&kind, READING_TYPES);
            let message = format!("{} is no type of a reading", word.text);
            checker
                .reporter
                .error(word.span, message, instead(nearest, &READING_TYPES));
            None
        }
    }
}

fn number(text: &str) -> Result<f64, Wrong> {
    let parsed = text.parse().ok().filter(|number: &f64| number.is_finite());
    parsed.ok_or_else(|| {
        Wrong::new(
            format!("{text} is not a number"),
            "write a number such as 100 or 0.5",
        )
    })
}
