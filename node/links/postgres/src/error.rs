//! The server's and the connection's troubles, in words.

use std::error::Error as _;

use peerflow_rows::{Error, Trouble};
use tokio_postgres::error::{DbError, ErrorPosition};

/// A trouble while a session was at work.
pub(crate) fn working(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(server) => Error::new(trouble(server.code().code()), words(server, "")),
        None => Error::new(
            Trouble::Lost,
            format!("the connection ended: {}", chain(error)),
        ),
    }
}

/// A trouble with a statement that went to the server as its user wrote it, so that places in it mean something.
pub(crate) fn in_statement(error: &tokio_postgres::Error, statement: &str) -> Option<Error> {
    let server = error.as_db_error()?;
    let place = match server.position() {
        Some(ErrorPosition::Original(position)) => place(statement, *position),
        _ => String::new(),
    };
    Some(Error::new(
        trouble(server.code().code()),
        words(server, &place),
    ))
}

/// The line and the character in it that the server means by a position, from 1 all of them.
fn place(statement: &str, position: u32) -> String {
    let before = usize::try_from(position).unwrap_or(1).saturating_sub(1);
    let (mut line, mut column) = (1, 1);
    for character in statement.chars().take(before) {
        if character == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    match line {
        1 => format!(" at character {column}"),
        _ => format!(" at character {column} of line {line}"),
    }
}

/// A trouble while a session was being opened.
pub(crate) fn connecting(error: &tokio_postgres::Error, place: &str, user: &str) -> Error {
    let Some(server) = error.as_db_error() else {
        return Error::new(
            Trouble::Unreachable,
            format!("cannot connect to {place}: {}", chain(error)),
        );
    };
    let trouble = match server.code().code() {
        code if code.starts_with("28") => Trouble::AccessDenied,
        "42501" => Trouble::AccessDenied,
        "3D000" => Trouble::Settings,
        code if code.starts_with("22") || code.starts_with("42") => Trouble::Settings,
        _ => Trouble::Unreachable,
    };
    Error::new(
        trouble,
        format!("{place} refuses user {user:?}: {}", words(server, "")),
    )
}

/// What kind of trouble an SQLSTATE tells of.
fn trouble(code: &str) -> Trouble {
    match code {
        // Cancelled by someone, or by the server's limits on statements, locks and transactions.
        "57014" | "55P03" | "25P04" => Trouble::Cancelled,
        _ => match &code[..code.len().min(2)] {
            "22" | "23" => Trouble::BadValue,
            "28" => Trouble::AccessDenied,
            "08" | "57" => Trouble::Lost,
            _ if code == "25P03" => Trouble::Lost,
            _ => Trouble::Refused,
        },
    }
}

/// All that the server says of it but for where in its own source it said so.
fn words(server: &DbError, place: &str) -> String {
    let mut words = format!("{}{place}", server.message());
    if let Some(detail) = server.detail() {
        words.push_str(&format!("; detail: {detail}"));
    }
    if let Some(hint) = server.hint() {
        words.push_str(&format!("; hint: {hint}"));
    }
    words.push_str(&format!(" (SQLSTATE {})", server.code().code()));
    words
}

/// An error and what it came from.
pub(crate) fn chain(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    words
}
