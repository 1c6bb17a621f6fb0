//! `<sql>`: statements in order on one connection.

mod beginning;
mod table;

use std::time::Duration;

use peerflow_model::LogLevel;
use peerflow_rows::statements::{Statement, split};
use peerflow_rows::{Executed, Trouble};
use peerflow_workflow::Sql;

use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::links::Connection;
use beginning::beginning;

/// Rows of a result that the log shows.
const SHOWN_ROWS: usize = 20;

/// Characters of a server's message or warning that are passed on.
const MESSAGE_CHARACTERS: usize = 2_000;

/// Runs the statements up to the first error.
pub(crate) async fn run(attempt: &mut Attempt<'_>, sql: &Sql) -> Outcome {
    let database = attempt.database(&sql.link).await?;
    let statements = split(&sql.statements, database.dialect().lexis()).map_err(|error| {
        let (line, what) = (in_document(sql.line, error.line), error.what);
        Unsuccessful::failed(format!(
            "the statements cannot be told apart: line {line}: {what}"
        ))
    })?;
    if statements.is_empty() {
        return Err(Unsuccessful::failed(
            "there is no statement, only comments; write one or remove the step",
        ));
    }
    attempt.begin();
    let mut connection = attempt.connect(&sql.link, &*database).await?;
    for statement in &statements {
        let of = statements.len();
        let done = run_one(attempt, &mut connection, statement, of, sql.line).await;
        if let Err(end) = done {
            tell_done(attempt, statement.number - 1).await;
            return Err(end);
        }
    }
    connection.close().await;
    Ok(None)
}

/// The line of the document that is line `line` of a text which begins in `first`. A parameter's value of several lines
/// moves what follows it.
fn in_document(first: u32, line: u32) -> u32 {
    first.saturating_add(line.saturating_sub(1))
}

/// Runs one statement and logs what became of it.
async fn run_one(
    attempt: &mut Attempt<'_>,
    connection: &mut Connection,
    statement: &Statement<'_>,
    of: usize,
    first_line: u32,
) -> Result<(), Unsuccessful> {
    let Statement { number, line, text } = *statement;
    let line = in_document(first_line, line);
    let begins = beginning(text);
    let starts = format!("statement {number} of {of} (line {line}): {begins}");
    attempt.log.tell(LogLevel::Info, &starts).await;
    match connection.execute(attempt, text, SHOWN_ROWS).await {
        Ok(Ok(executed)) => {
            report(attempt, number, &executed).await;
            Ok(())
        }
        Ok(Err(error)) => {
            let (link, advice) = (connection.link(), advice(error.trouble));
            let said = cut(&error.message);
            Err(Unsuccessful::failed(format!(
                "statement {number} (line {line}) on {link}: {said}; {advice}"
            )))
        }
        Err(stopped) => {
            attempt
                .warn(format!("stopped while statement {number} ran"))
                .await;
            Err(stopped)
        }
    }
}

fn advice(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Refused | Trouble::BadValue | Trouble::Unsupported | Trouble::Settings => {
            "correct the statement"
        }
        Trouble::AccessDenied => "give its user that right",
        Trouble::Unreachable | Trouble::Lost => {
            "look whether the statement was done before you run the step again"
        }
        Trouble::Cancelled => "a time limit or a person stopped it on the server",
    }
}

/// What an attempt that ends early leaves: nothing is undone but an open transaction, which the server undoes.
async fn tell_done(attempt: &mut Attempt<'_>, number: u32) {
    let done = match number {
        0 => return,
        1 => "statement 1 was".to_owned(),
        last => format!("statements 1 to {last} were"),
    };
    attempt
        .warn(format!(
            "{done} done before, and stay done unless they stood in a transaction"
        ))
        .await;
}

async fn report(attempt: &mut Attempt<'_>, number: u32, executed: &Executed) {
    for warning in &executed.warnings {
        let text = format!("statement {number}: {}", cut(warning));
        attempt.log.tell(LogLevel::Warn, &text).await;
    }
    let took = took(executed.took);
    let gives_rows = !executed.columns.is_empty();
    let shown = executed.first_rows.rows();
    let mut text = match executed.rows {
        Some(rows) if gives_rows => format!("statement {number}: {} in {took}", counted(rows)),
        Some(rows) => format!("statement {number}: {} changed in {took}", counted(rows)),
        None => format!("statement {number}: done in {took}"),
    };
    if gives_rows && executed.rows.is_none_or(|rows| rows > shown as u64) {
        text.push_str(&format!("; the first {shown}:"));
    } else if shown > 0 {
        text.push(':');
    }
    attempt.log.tell(LogLevel::Info, &text).await;
    if shown > 0 {
        for line in table::lines(&executed.columns, &executed.first_rows) {
            attempt.log.tell(LogLevel::Info, &line).await;
        }
    }
}

fn counted(rows: u64) -> String {
    match rows {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    }
}

fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_endless_words_are_cut() {
        assert_eq!(cut(" short\n"), "short");
        let long = "长".repeat(MESSAGE_CHARACTERS + 1);
        assert_eq!(cut(&long).chars().count(), MESSAGE_CHARACTERS + 1);
    }

    #[test]
    fn short_and_long_times_read_well() {
        assert_eq!(took(Duration::from_micros(12_900)), "12 ms");
        assert_eq!(took(Duration::from_millis(61_260)), "61.3 s");
    }
}
