//! `peerflow workflow check`: documents broken in every way we know, as a person meets the answer.

use std::collections::BTreeSet;
use std::path::PathBuf;

use peerflow_tests::run;
use serde_json::Value;

/// Each broken document of the language's own tests, with the line of its fault, what the message must name, and what
/// the help must say to write instead.
const BROKEN: &[(&str, u64, &str, &str)] = &[
    ("ampersand.xml", 4, "& cannot stand alone", "&amp;"),
    (
        "back-to-start.xml",
        3,
        "a leads back to the start",
        "the step behind the start",
    ),
    (
        "bad-cron.xml",
        4,
        "0 25 * * *",
        "five fields (minute hour day month weekday)",
    ),
    (
        "bad-instance-limit.xml",
        1,
        "instance-limit",
        "a number such as 3",
    ),
    (
        "bad-mail-level.xml",
        1,
        "sometimes",
        "succeeded, failed, killed",
    ),
    ("bad-number.xml", 4, "many", "a number such as"),
    (
        "bad-on-partition.xml",
        3,
        "on-partition",
        "wait, rerun or hold",
    ),
    (
        "bad-retry-times.xml",
        3,
        "retry-times",
        "a number such as 3",
    ),
    ("bad-size.xml", 4, "2 elephants", "2MB"),
    ("bad-start-time.xml", 3, "tomorrow", "2026-01-31 06:30:00"),
    ("bad-time-format.xml", 4, "the letter T", "'T'"),
    ("bad-time-offset.xml", 4, "1 fortnight", "-1 day"),
    ("bad-time-zone.xml", 1, "Mars/Base", "Europe/Berlin"),
    ("bad-transfer-type.xml", 4, "MYSQ", "MYSQL"),
    (
        "coordinator-without-workflow.xml",
        1,
        "starts no workflow",
        "<trigger-list>",
    ),
    (
        "cycle-without-action.xml",
        3,
        "监控 → f → 监控",
        "put an action into the loop",
    ),
    ("dangling-to.xml", 5, "ned", "end"),
    ("double-attribute.xml", 3, "timeout", "remove one"),
    ("dtd.xml", 2, "DTD", "remove <!DOCTYPE"),
    (
        "duplicate-name.xml",
        7,
        "a second step is called a",
        "line 3",
    ),
    ("empty-command.xml", 4, "<command>", "a command between"),
    ("encoding.xml", 1, "GBK", "UTF-8"),
    (
        "end-of-file.xml",
        3,
        "<action> is never closed",
        "</action>",
    ),
    (
        "english-guess.xml",
        3,
        "every second monday",
        "midnight on monday",
    ),
    (
        "file-executor-without-file.xml",
        4,
        "names a file",
        "bash ./job.sh",
    ),
    ("fork-without-path.xml", 3, "<path>", "<path to="),
    (
        "impossible-date.xml",
        3,
        "0 0 31 2 *",
        "a day that the month has",
    ),
    (
        "join-without-to.xml",
        3,
        "<join> has no to",
        r#"to="name of a step""#,
    ),
    ("less-than-in-attribute.xml", 3, "<", "&lt;"),
    ("long-creator.xml", 1, "creator", "a shorter one"),
    ("long-dir.xml", 1, "dir", "a shorter one"),
    ("long-step-name.xml", 4, "255 bytes", "a shorter one"),
    ("no-action-type.xml", 3, "has no type", "script"),
    ("no-end.xml", 1, "no end", "<end name="),
    ("no-name.xml", 1, "no name", r#"name="load_orders""#),
    ("no-ok.xml", 3, "no <ok>", "<ok to="),
    ("no-start.xml", 1, "no start", "<start name="),
    ("parameter-in-cron.xml", 3, "cron", "write it out"),
    ("script-without-code.xml", 4, "<code>", "<code>…</code>"),
    ("sql-without-link.xml", 4, "db-link", "db-link="),
    (
        "transfer-without-table.xml",
        5,
        "table",
        r#"table="orders""#,
    ),
    ("two-action-types.xml", 5, "<shell>", "an action of its own"),
    ("two-starts.xml", 3, "a second <start>", "remove it"),
    ("unclosed-comment.xml", 3, "never closed", "-->"),
    (
        "unclosed-tag.xml",
        7,
        "</action> was expected",
        "</action> before it",
    ),
    ("unknown-entity.xml", 4, "&nbsp;", "&#160;"),
    ("unknown-root.xml", 1, "<jobs>", "work-flow, coordinator"),
    ("unknown-time-macro.xml", 4, "${time.foo}", "cur_month"),
    ("unquoted-attribute.xml", 3, "timeout", r#"timeout="value""#),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../node/workflow/tests/broken")
}

/// Whether a text of the answer says what it must.
fn assert_says(name: &str, error: &Value, field: &str, words: &str) {
    let said = error[field].as_str().unwrap_or_default();
    assert!(
        said.contains(words),
        "{name}: {field} says nothing of {words:?}: {error}"
    );
}

#[test]
fn every_broken_document_is_answered_with_its_line_and_what_to_write_instead() {
    for (name, line, fault, instead) in BROKEN {
        let path = folder().join(name).display().to_string();
        let outcome = run(&["-o", "json", "workflow", "check", &path]);
        assert_eq!(outcome.code, 1, "{name}: {}", outcome.text());
        let answer: Value = serde_json::from_str(&outcome.stdout).expect("an answer as JSON");
        assert_eq!(answer["items"][0]["valid"], false, "{name}: {answer:#}");
        let first = &answer["items"][0]["errors"][0];
        assert_eq!(first["line"], *line, "{name}: {first}");
        let length = std::fs::read(&path).ok().and_then(|text| {
            let lines = String::from_utf8_lossy(&text).into_owned();
            let at = usize::try_from(*line).ok()? - 1;
            lines.lines().nth(at).map(|line| line.chars().count())
        });
        let column = first["column"]
            .as_u64()
            .and_then(|column| usize::try_from(column).ok());
        assert!(
            column.is_some_and(|column| column > 0) && column <= length.map(|length| length + 1),
            "{name}: column {column:?} of {length:?}: {first}"
        );
        assert_says(name, first, "message", fault);
        assert_says(name, first, "help", instead);

        let shown = run(&["workflow", "check", &path]);
        let text = shown.text();
        assert!(text.contains(&format!("{name}:{line}:")), "{name}: {text}");
        // What is shown to people is wrapped, so the beginning of the help must do.
        let begins: String = first["help"]
            .as_str()
            .unwrap_or_default()
            .chars()
            .take(12)
            .collect();
        assert!(text.contains(&begins), "{name}: no {begins:?} in {text}");
    }
}

#[test]
fn no_broken_document_is_left_out() {
    let listed: BTreeSet<String> = BROKEN.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let files = std::fs::read_dir(folder()).expect("the documents are there");
    let there: BTreeSet<String> = files
        .map(|entry| {
            let name = entry.expect("a readable entry").file_name();
            name.to_string_lossy().into_owned()
        })
        .collect();
    assert_eq!(listed, there);
    assert!(listed.len() >= 30);
}
