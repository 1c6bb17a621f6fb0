//! `<metadata>`: comments of a table and its columns.

use peerflow_model::LogLevel;
use peerflow_rows::{Comments, Error, Trouble};
use peerflow_workflow::Metadata;

use crate::attempt::{Attempt, Outcome, Unsuccessful};
use crate::links::Connection;

/// Columns that a message names.
const NAMED: usize = 20;

/// Gathers all comments, and sets them once they are whole.
pub(crate) async fn run(attempt: &mut Attempt<'_>, metadata: &Metadata) -> Outcome {
    let database = attempt.database(&metadata.link).await?;
    attempt.begin();
    let mut connection = attempt.connect(&metadata.link, &*database).await?;
    let present = comments_of(attempt, &mut connection, &metadata.table).await?;
    let mut from = Vec::with_capacity(metadata.from.len());
    for table in &metadata.from {
        from.push(comments_of(attempt, &mut connection, table).await?);
    }
    let description = attempt.task.workflow.description.clone();
    let wanted = wanted(metadata, &present, &from, description).map_err(|problems| {
        let link = connection.link();
        Unsuccessful::failed(format!("table `{}` on {link}: {problems}", metadata.table))
    })?;
    let changed = changed(&present, wanted);
    if changed != Comments::default() {
        let set = connection
            .set_comments(attempt, &metadata.table, &changed)
            .await?;
        set.map_err(|error| not_done(&connection, &metadata.table, "set", &error))?;
    }
    connection.close().await;
    tell(attempt, metadata, &changed).await;
    Ok(None)
}

async fn comments_of(
    attempt: &mut Attempt<'_>,
    connection: &mut Connection,
    table: &str,
) -> Result<Comments, Unsuccessful> {
    match connection.comments(attempt, table).await? {
        Ok(Some(comments)) => Ok(comments),
        Ok(None) => {
            let link = connection.link();
            Err(Unsuccessful::failed(format!(
                "table `{table}` on {link} does not exist; correct its name or make it before this step"
            )))
        }
        Err(error) => Err(not_done(connection, table, "read", &error)),
    }
}

fn not_done(connection: &Connection, table: &str, what: &str, error: &Error) -> Unsuccessful {
    let link = connection.link();
    let advice = match error.trouble {
        Trouble::Unsupported => "take the step out of the workflow, or name another database",
        Trouble::AccessDenied => "give its user that right",
        Trouble::Unreachable
        | Trouble::Settings
        | Trouble::Refused
        | Trouble::BadValue
        | Trouble::Lost
        | Trouble::Cancelled => "see to the database, then run the step again",
    };
    Unsuccessful::failed(format!(
        "the comments of table `{table}` on {link} cannot be {what}: {error}; {advice}"
    ))
}

/// What the table is to say of itself and of every column; otherwise which columns are in the way.
fn wanted(
    metadata: &Metadata,
    present: &Comments,
    from: &[Comments],
    description: String,
) -> Result<Comments, String> {
    let mut columns: Vec<(String, String)> = present
        .columns
        .iter()
        .map(|(name, comment)| {
            let mut found = from.iter().filter_map(|table| comment_in(table, name));
            let comment = found.next().unwrap_or(comment);
            (name.clone(), comment.to_owned())
        })
        .collect();
    let mut unknown = Vec::new();
    for (name, comment) in &metadata.column_comments {
        match position(&columns, name) {
            Some(index) => columns[index].1 = comment.trim().to_owned(),
            None => unknown.push(name.as_str()),
        }
    }
    let bare = columns.iter().filter(|(_, comment)| comment.is_empty());
    let bare: Vec<&str> = bare.map(|(name, _)| name.as_str()).collect();
    let mut problems = Vec::new();
    if !unknown.is_empty() {
        let names = named(&unknown);
        problems.push(format!(
            "there is no column {names}; correct <column-comment>"
        ));
    }
    if !bare.is_empty() {
        let names = named(&bare);
        problems.push(format!(
            "no comment for column {names}; write <column-comment>, or name a table in `from` that has one"
        ));
    }
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    let table = match &metadata.table_comment {
        Some(comment) => Some(comment.trim().to_owned()),
        // A workflow without a description says nothing of the table.
        None => Some(description).filter(|it| !it.is_empty()),
    };
    Ok(Comments { table, columns })
}

/// The comment that a table has for a column of this name.
fn comment_in<'t>(table: &'t Comments, name: &str) -> Option<&'t str> {
    let comment = table.columns[position(&table.columns, name)?].1.as_str();
    (!comment.is_empty()).then_some(comment)
}

/// The column of a name: as it is written, else the only one that differs in case alone.
fn position(columns: &[(String, String)], name: &str) -> Option<usize> {
    if let Some(exact) = columns.iter().position(|(it, _)| it == name) {
        return Some(exact);
    }
    let lower = name.to_lowercase();
    let alike = |(it, _): &(String, String)| it.to_lowercase() == lower;
    let first = columns.iter().position(alike)?;
    (!columns[first + 1..].iter().any(alike)).then_some(first)
}

/// What differs from what the table says already: nothing else needs to be touched.
fn changed(present: &Comments, wanted: Comments) -> Comments {
    let columns = wanted.columns.into_iter().zip(&present.columns);
    let differing = columns.filter(|((_, wanted), (_, present))| wanted != present);
    Comments {
        columns: differing.map(|(column, _)| column).collect(),
        table: wanted
            .table
            .filter(|it| present.table.as_ref().map_or("", String::as_str) != it),
    }
}

async fn tell(attempt: &mut Attempt<'_>, metadata: &Metadata, set: &Comments) {
    let table = &metadata.table;
    if *set == Comments::default() {
        let text = format!("table `{table}` has all its comments already");
        return attempt.info(text).await;
    }
    if let Some(comment) = &set.table {
        let text = format!("table `{table}`: {comment}");
        attempt.log.tell(LogLevel::Info, &text).await;
    }
    for (name, comment) in &set.columns {
        let text = format!("column `{name}`: {comment}");
        attempt.log.tell(LogLevel::Info, &text).await;
    }
}

fn named(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|it| format!("`{it}`"))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
