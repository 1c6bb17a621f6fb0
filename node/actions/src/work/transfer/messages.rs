//! What a transfer says when something is wrong: what happened, where, and what to do.

use peerflow_rows::{Column, Error, Trouble};

/// Columns that a message names.
const NAMED: usize = 20;

/// Characters of a server's message that are passed on.
const MESSAGE_CHARACTERS: usize = 2_000;

/// Trouble with the database of `link` while `doing` something.
pub(super) fn of_database(link: &str, doing: &str, error: &Error) -> String {
    let (said, advice) = (cut(&error.message), advice(error.trouble));
    format!("{link}: {doing}: {said}; {advice}")
}

fn advice(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Unreachable | Trouble::Lost => {
            "look whether the server runs and can be reached, then run the step again"
        }
        Trouble::AccessDenied => "correct the link, or give its user that right",
        Trouble::Refused => "correct the statement, or the table",
        Trouble::BadValue => "correct the value, or the type of the column",
        Trouble::Cancelled => "a time limit or a person stopped it on the server",
        Trouble::Settings | Trouble::Unsupported => "correct the link or the step",
    }
}

/// A server's words, as many as a message may hold.
fn cut(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MESSAGE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A source and a table of different widths.
pub(super) fn width(link: &str, table: &str, source: &[Column], target: &[Column]) -> String {
    format!(
        "{link}: the source has {} column(s) ({}), table `{table}` has {} ({}); give as many columns as the table has, in its \
         order",
        source.len(),
        names(source),
        target.len(),
        names(target)
    )
}

fn names(columns: &[Column]) -> String {
    let shown: Vec<&str> = columns
        .iter()
        .take(NAMED)
        .map(|column| column.name.as_str())
        .collect();
    let more = if columns.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// What nobody knows after a connection ended during commit.
pub(super) fn unknown_commit(link: &str, table: &str, why: &str) -> String {
    format!(
        "{link}: nobody knows whether the rows are in table `{table}`: {why}; look there before you run the step again, or \
         they may be there twice"
    )
}
