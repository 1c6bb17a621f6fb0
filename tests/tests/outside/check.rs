//! `peerflow workflow check`: documents broken in every way we know, as a person meets the answer.

use std::path::PathBuf;

use peerflow_tests::run;
use serde_json::Value;

/// Each broken document of the language's own tests, with the line of its fault.
const BROKEN: &[(&str, u64)] = &[
    ("ampersand.xml", 4),
    ("back-to-start.xml", 3),
    ("bad-cron.xml", 4),
    ("bad-instance-limit.xml", 1),
    ("bad-mail-level.xml", 1),
    ("bad-number.xml", 4),
    ("bad-on-partition.xml", 3),
    ("bad-retry-times.xml", 3),
    ("bad-size.xml", 4),
    ("bad-start-time.xml", 3),
    ("bad-time-format.xml", 4),
    ("bad-time-offset.xml", 4),
    ("bad-time-zone.xml", 1),
    ("bad-transfer-type.xml", 4),
    ("coordinator-without-workflow.xml", 1),
    ("cycle-without-action.xml", 3),
    ("dangling-to.xml", 5),
    ("double-attribute.xml", 3),
    ("dtd.xml", 2),
    ("duplicate-name.xml", 7),
    ("empty-command.xml", 4),
    ("encoding.xml", 1),
    ("end-of-file.xml", 3),
    ("english-guess.xml", 3),
    ("file-executor-without-file.xml", 4),
    ("fork-without-path.xml", 3),
    ("impossible-date.xml", 3),
    ("join-without-to.xml", 3),
    ("less-than-in-attribute.xml", 3),
    ("no-action-type.xml", 3),
    ("no-end.xml", 1),
    ("no-name.xml", 1),
    ("no-ok.xml", 3),
    ("no-start.xml", 1),
    ("parameter-in-cron.xml", 3),
    ("script-without-code.xml", 4),
    ("sql-without-link.xml", 4),
    ("transfer-without-table.xml", 5),
    ("two-action-types.xml", 5),
    ("two-starts.xml", 3),
    ("unclosed-comment.xml", 3),
    ("unclosed-tag.xml", 7),
    ("unknown-entity.xml", 4),
    ("unknown-root.xml", 1),
    ("unknown-time-macro.xml", 4),
    ("unquoted-attribute.xml", 3),
];

#[test]
fn every_broken_document_is_answered_with_its_line_and_what_to_write_instead() {
    for (name, line) in BROKEN {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../node/workflow/tests/broken")
            .join(name);
        let path = path.display().to_string();
        let outcome = run(&["-o", "json", "workflow", "check", &path]);
        assert_eq!(outcome.code, 1, "{name}: {}", outcome.text());
        let answer: Value = serde_json::from_str(&outcome.stdout).expect("an answer as JSON");
        let first = &answer["items"][0]["errors"][0];
        assert_eq!(first["line"], *line, "{name}: {first}");
        assert!(
            first["column"].as_u64().is_some_and(|column| column > 0),
            "{name}: {first}"
        );
        assert!(
            !first["message"].as_str().unwrap_or_default().is_empty(),
            "{name}: {first}"
        );
        assert!(
            !first["help"].as_str().unwrap_or_default().is_empty(),
            "{name}: {first}"
        );

        let shown = run(&["workflow", "check", &path]);
        assert!(
            shown.text().contains(&format!("{name}:{line}:")),
            "{name}: {}",
            shown.text()
        );
    }
}
