//! Garbage of every kind: no panic, no hang, and every place lies in the document.

use peerflow_workflow::{Document, MAX_DOCUMENT_BYTES, Parameters};
use proptest::prelude::*;

use crate::{at, with_action};

/// A document that has something of everything.
const SOUND: &str = "<?xml version=\"1.0\"?>\n<work-flow name=\"流\" mail-level=\"成功\" instance-limit=\"${param:n}\">
  <coordinator><depend-list cron=\"*/5 * * * *\"><workflow name=\"x\"/></depend-list>
    <param-list><param name=\"d\" value=\"${time.today|yyyy-MM-dd|-1 day}\"/></param-list></coordinator>
  <start name=\"s\" to=\"f\"/><fork name=\"f\"><path to=\"a\"/><path to=\"b\"/></fork>
  <action name=\"a\" retry-times=\"3\"><script><code><![CDATA[
    cat <<EOF
    ${param:d} ${HOME}
  ]]></code></script><ok to=\"j\"/><error to=\"k\"/></action>
  <action name=\"b\"><email><p class='x'>&lt;${param:d}&#33;</p></email><ok to=\"j\"/></action>
  <join name=\"j\" to=\"e\"/><kill name=\"k\"><message>m</message></kill><end name=\"e\"/></work-flow>";

/// Reads, renders and resolves; what comes out must be consistent.
fn exercise(bytes: &[u8]) -> Result<(), TestCaseError> {
    let text = String::from_utf8_lossy(bytes);
    let diagnostics = match Document::from_bytes(bytes) {
        Ok((document, warnings)) => {
            prop_assert!(!warnings.has_errors());
            if let Document::Workflow(document) = document {
                let mut parameters = Parameters::new();
                for name in document.parameters_needed() {
                    parameters.insert(name, "1".to_owned());
                }
                let resolved =
                    document.resolve(&parameters, &at("2026-03-29T00:30:00Z", "Europe/Berlin"));
                if let Ok(workflow) = resolved {
                    prop_assert_eq!(workflow.steps.len(), document.workflow().steps.len());
                }
            }
            warnings
        }
        Err(diagnostics) => {
            prop_assert!(diagnostics.has_errors());
            diagnostics
        }
    };
    for each in &diagnostics.0 {
        prop_assert!(
            each.place.offset + each.place.length <= bytes.len(),
            "{:?} of {}",
            each,
            bytes.len()
        );
        prop_assert!(
            !each.message.is_empty() && !each.help.is_empty(),
            "{:?}",
            each
        );
    }
    diagnostics.render("x.xml", &text, false);
    Ok(())
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[
        b"<",
        b">",
        b"&",
        b"\"",
        b"'",
        b"/>",
        b"${",
        b"}",
        b"<!--",
        b"]]>",
        b"<![CDATA[",
        b"<!DOCTYPE a>",
        b"&nbsp;",
        b"\xff",
        "监".as_bytes(),
        b"",
    ];
    let piece = proptest::sample::select(PIECES);
    proptest::collection::vec((0..SOUND.len(), 0..30_usize, piece), 1..6).prop_map(|edits| {
        let mut bytes = SOUND.as_bytes().to_vec();
        for (at, removed, piece) in edits {
            let start = at.min(bytes.len());
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, piece.iter().copied());
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn garbage_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        exercise(&bytes)?;
    }

    #[test]
    fn garbage_markup_is_survived(text in "[<>/='\"&;a-c ${}!\\[\\]?-]{0,200}") {
        exercise(text.as_bytes())?;
        exercise(format!("<work-flow name='w'>{text}</work-flow>").as_bytes())?;
    }

    #[test]
    fn mutated_documents_are_survived(bytes in mutated()) {
        exercise(&bytes)?;
    }

    #[test]
    fn macros_of_any_kind_are_survived(text in "(\\$\\{(param:|time\\.)?[a-z監|,\\-0-9 yM']{0,12}\\}?|[a-z ]){0,8}") {
        let text = text.replace('\'', "&apos;");
        exercise(with_action(&format!("<shell><command>x{text}</command></shell>")).as_bytes())?;
        exercise(with_action(&format!("<shell><command>x</command></shell><ok to='{text}'/>")).as_bytes())?;
    }
}

/// `head`, then `unit` as often as fits into `size` bytes, then `tail`.
fn filled(size: usize, head: &str, unit: &str, tail: &str) -> String {
    let count = (size - head.len() - tail.len()) / unit.len();
    format!("{head}{}{tail}", unit.repeat(count))
}

#[test]
fn documents_of_the_greatest_size_are_survived() {
    for unit in ["<kill name='k'/>", "x ", "<!-- -->"] {
        let text = filled(
            MAX_DOCUMENT_BYTES,
            "<work-flow name='w'>",
            unit,
            "</work-flow>",
        );
        exercise(text.as_bytes()).expect("survived");
    }
}

/// Long documents that stress one thing each; a quadratic reader would not come back from them.
#[test]
fn long_documents_of_every_kind_are_survived() {
    let fill =
        |head: &str, unit: &str, tail: &str| filled(MAX_DOCUMENT_BYTES / 8, head, unit, tail);
    let head = "<work-flow name='w'>";
    for text in [
        fill(head, "<start/>", "</work-flow>"),
        fill(head, "<start name='s' to='q'/>", "</work-flow>"),
        fill(head, "&amp;", "</work-flow>"),
        fill(head, "&", ""),
        fill(head, "&x;", ""),
        fill(head, "</a>", ""),
        fill("<work-flow ", "a='' ", "/>"),
        fill("<work-flow name='", "${param:", "'/>"),
        fill("<work-flow name='w' desc='", "${param:x}", "'/>"),
        fill(head, "<![CDATA[", ""),
        fill(head, "<!--", ""),
        fill(
            &with_action("<script><code>").replace(
                "<ok to=\"end\"/></action><end name=\"end\"/></work-flow>",
                "",
            ),
            "cat <![CDATA[<<]]>EOF\n",
            "",
        ),
        fill(
            "<work-flow name='w'><start name='s' to='",
            "x",
            "'/></work-flow>",
        ),
        fill("", "\n", ""),
        fill("", "<", ""),
    ] {
        exercise(text.as_bytes()).expect("survived");
    }
}
