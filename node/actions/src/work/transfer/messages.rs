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

/// What nobody knows after a connection ended during commit. `is_safe`: the next run begins by emptying the table.
pub(super) fn unknown_commit(link: &str, table: &str, why: &str, is_safe: bool) -> String {
    let next = if is_safe {
        "run the step again, which empties the table first"
    } else {
        "look there before you run the step again, or they may be there twice"
    };
    format!("{link}: nobody knows whether the rows are in table `{table}`: {why}; {next}")
}

/// What became of a connection that ended during commit.
pub(super) fn undone_commit(link: &str, table: &str, why: &str) -> String {
    format!(
        "{link}: committing: {why}; the server has undone it, table `{table}` is as it was; look whether the server runs and \
         can be reached, then run the step again"
    )
}

/// Trouble with a statement that changes a table whose changes cannot be undone.
pub(super) fn left_in_parts(link: &str, table: &str, doing: &str, error: &Error) -> String {
    let said = cut(&error.message);
    format!(
        "{link}: {doing}: {said}; what is written into table `{table}` cannot be undone, so it may hold a part of the rows, all \
         of them or none: look there, and put it in order before you run the step again"
    )
}

/// Rows that did not all arrive, or did so more than once.
pub(super) fn other_count(link: &str, table: &str, loaded: u64, moved: u64) -> String {
    format!(
        "{link}: moving the rows from the staging table: there were {loaded}, and {moved} arrived in table `{table}`; look for \
         triggers or rules of the table that leave out rows or add some"
    )
}
