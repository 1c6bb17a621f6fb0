//! Documents with one fault each: the place and the help are those that mend it.

use peerflow_workflow::{Document, Severity};

/// File, line and column of the fault, part of the message, part of the help.
const FAULTS: &[(&str, u32, u32, &str, &str)] = &[
    (
        "unknown-root",
        1,
        2,
        "no document of this language",
        "work-flow",
    ),
    ("no-name", 1, 1, "has no name", "name=\""),
    ("no-start", 1, 1, "no start", "<start name=\"start\""),
    ("two-starts", 3, 3, "second <start>", "fork"),
    ("no-end", 1, 1, "no end", "<end name=\"end\"/>"),
    (
        "dangling-to",
        5,
        13,
        "no step is called ned",
        "did you mean end?",
    ),
    ("duplicate-name", 7, 15, "second step is called a", "line 3"),
    ("cycle-without-action", 3, 3, "监控 → f → 监控", "action"),
    ("fork-without-path", 3, 3, "no <path>", "<path to="),
    ("join-without-to", 3, 3, "has no to", "to=\""),
    (
        "back-to-start",
        3,
        3,
        "back to the start",
        "behind the start",
    ),
    ("bad-cron", 4, 24, "0 25 * * *", "five fields"),
    ("impossible-date", 3, 35, "never comes", "the month has"),
    ("english-guess", 3, 35, "not understood", "every 10 minutes"),
    (
        "bad-time-zone",
        1,
        31,
        "no known time zone",
        "Europe/Berlin",
    ),
    (
        "long-creator",
        1,
        30,
        "creator of <work-flow> is longer than 255 bytes",
        "shorter",
    ),
    (
        "long-dir",
        1,
        26,
        "folder is longer than 500 bytes",
        "shorter",
    ),
    (
        "long-step-name",
        4,
        15,
        "name is longer than 255 bytes",
        "shorter",
    ),
    ("bad-mail-level", 1, 33, "no outcome", "succeeded"),
    ("bad-instance-limit", 1, 37, "at least 1", "3"),
    ("bad-start-time", 3, 28, "not a time", "2026-01-31 06:30:00"),
    ("bad-retry-times", 3, 33, "whole number", "3"),
    (
        "bad-on-partition",
        3,
        34,
        "lost node",
        "wait, rerun or hold",
    ),
    ("no-action-type", 3, 3, "no type", "did you mean script?"),
    ("two-action-types", 5, 6, "already", "own"),
    ("no-ok", 3, 3, "no <ok>", "<ok to="),
    ("empty-command", 4, 12, "is empty", "a command"),
    ("script-without-code", 4, 5, "no <code>", "<code>…</code>"),
    ("file-executor-without-file", 4, 29, "names a file", "/"),
    ("bad-size", 4, 40, "not a size", "2MB"),
    ("bad-number", 4, 38, "not a number", "100"),
    ("bad-transfer-type", 4, 29, "no type of a <source>", "MYSQL"),
    ("transfer-without-table", 5, 5, "has no table", "table=\""),
    ("sql-without-link", 4, 5, "no db-link", "db-link=\""),
    (
        "unknown-time-macro",
        4,
        26,
        "unknown time macro",
        "yestoday",
    ),
    ("bad-time-format", 4, 26, "the letter T", "quote it: 'T'"),
    ("bad-time-offset", 4, 29, "1 fortnight", "-1 day"),
    (
        "parameter-in-cron",
        3,
        35,
        "cannot hold a parameter",
        "write it out",
    ),
    (
        "unclosed-tag",
        7,
        1,
        "</action> was expected, which opened at 3:3",
        "write </action>",
    ),
    ("end-of-file", 3, 3, "never closed", "</action>"),
    ("ampersand", 4, 23, "&", "&amp;"),
    ("unknown-entity", 4, 19, "&nbsp;", "&#160;"),
    ("dtd", 2, 1, "DTD", "remove <!DOCTYPE"),
    ("less-than-in-attribute", 3, 28, "attribute value", "&lt;"),
    (
        "unquoted-attribute",
        3,
        28,
        "not in quotes",
        "timeout=\"value\"",
    ),
    ("double-attribute", 3, 32, "twice", "remove"),
    ("encoding", 1, 1, "GBK", "UTF-8"),
    (
        "coordinator-without-workflow",
        1,
        1,
        "starts no workflow",
        "trigger-list",
    ),
    ("unclosed-comment", 3, 3, "comment is never closed", "-->"),
];

fn source(name: &str) -> String {
    let path = format!("{}/tests/broken/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn each_broken_document_is_told_its_place_and_what_to_write_instead() {
    let mut wrong = Vec::new();
    for (name, line, column, message, help) in FAULTS {
        let source = source(name);
        let Err(diagnostics) = Document::parse(&source) else {
            wrong.push(format!("{name}: accepted"));
            continue;
        };
        let errors = diagnostics
            .0
            .iter()
            .filter(|each| each.severity == Severity::Error);
        let first = errors.min_by_key(|each| each.place).expect("an error");
        let found = (first.place.line, first.place.column);
        if found != (*line, *column)
            || !first.message.contains(message)
            || !first.help.contains(help)
        {
            wrong.push(format!(
                "{name}: wanted {line}:{column} {message:?} {help:?}, found {first:?}"
            ));
        }
        let shown = diagnostics.render("flow.xml", &source, false);
        if !shown.contains("flow.xml")
            || !shown.contains(&first.message[..first.message.len().min(20)])
        {
            wrong.push(format!("{name}: rendered as {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_folder_is_checked() {
    let folder = format!("{}/tests/broken", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .replace(".xml", "")
        })
        .collect();
    let mut known: Vec<&str> = FAULTS.iter().map(|(name, ..)| *name).collect();
    files.sort();
    known.sort_unstable();
    assert_eq!(files, known);
    assert!(known.len() >= 30);
}
