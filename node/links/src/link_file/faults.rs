//! Faults of the XML itself, told without what may be a piece of a password.

use peerflow_workflow::{Diagnostic, Diagnostics};

/// Names that are surely no secrets.
const NAMES: [&str; 14] = [
    "db-links",
    "file-links",
    "link",
    "properties",
    "property",
    "name",
    "type",
    "jdbc-url",
    "host",
    "port",
    "username",
    "password",
    "desc",
    "value",
];

/// Faults quote names that stand at their place. Where a quote or a `<` of a password was not written as XML wants it, such
/// a name is a piece of the password.
pub(super) fn without_secrets(faults: Diagnostics) -> Diagnostics {
    Diagnostics(faults.0.into_iter().map(scrubbed).collect())
}

fn scrubbed(fault: Diagnostic) -> Diagnostic {
    if quotes_known_names(&fault.message) {
        return Diagnostic {
            help: if quotes_known_names(&fault.help) {
                fault.help
            } else {
                String::new()
            },
            ..fault
        };
    }
    Diagnostic {
        message: "the XML is broken here".to_owned(),
        help: "write &quot; for a quote, &lt; for < and &amp; for & within values, and close what was opened"
            .to_owned(),
        ..fault
    }
}

/// Whether every name that the words hold is one of the language: names stand behind `<`, `</`, `&` and `attribute `, and
/// before `=`.
fn quotes_known_names(words: &str) -> bool {
    let known = |name: &str| {
        let end = name
            .find(|character: char| !(character.is_alphanumeric() || "-_.:".contains(character)))
            .unwrap_or(name.len());
        let name = &name[..end];
        name.is_empty() || NAMES.contains(&name)
    };
    let behind = ["</", "<", "&", "attribute ", "encoding ", "write "];
    if words.starts_with("a document begins with") {
        return false;
    }
    let fixed = [
        "write &",
        "write \"",
        "write '",
        "write >",
        "write <",
        "write one before",
        "write name=",
    ];
    behind.iter().all(|mark| {
        words.match_indices(mark).all(|(at, _)| {
            let rest = &words[at + mark.len()..];
            if *mark == "write " {
                return fixed.iter().any(|start| words[at..].starts_with(start)) || known(rest);
            }
            if *mark == "&"
                && ["quot;", "amp;", "lt;", "gt;", "apos;", "#160;", "#xA0;"]
                    .iter()
                    .any(|entity| rest.starts_with(entity))
            {
                return true;
            }
            known(rest.trim_start_matches(['/', '#']))
        })
    })
}
