//! One value of a data monitor, from a database.

use peerflow_rows::statements::split;
use peerflow_rows::{Executed, Trouble};
use peerflow_workflow::DatabaseLink;

use super::number;
use crate::attempt::{Attempt, Unsuccessful};
use crate::links::shown;

/// Rows that are fetched: enough to tell that there is more than one.
const ROWS: usize = 2;

/// What the query gives, which must be one number. Each look has a connection of its own, so that a long wait between them
/// does not hold one.
pub(super) async fn read(
    attempt: &mut Attempt<'_>,
    name: &str,
    link: &DatabaseLink,
    query: &str,
) -> Result<f64, Unsuccessful> {
    let database = attempt.database(link).await?;
    let wrong = |why: String| {
        let link = shown(link);
        Unsuccessful::failed(format!("the query of `{name}` on {link} {why}"))
    };
    // Not every database takes a statement with its semicolon.
    let statements = split(query, database.dialect().lexis())
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let [statement] = &statements[..] else {
        let number = statements.len();
        return Err(wrong(format!(
            "must be one statement, but there are {number}"
        )));
    };
    let mut connection = attempt.connect(link, &*database).await?;
    let executed = connection.execute(attempt, statement.text, ROWS).await?;
    let executed = executed.map_err(|error| {
        let advice = match error.trouble {
            Trouble::AccessDenied => "give its user that right",
            Trouble::Unreachable
            | Trouble::Settings
            | Trouble::Refused
            | Trouble::BadValue
            | Trouble::Lost
            | Trouble::Cancelled
            | Trouble::Unsupported => "correct it, or see to the database",
        };
        wrong(format!("failed: {error}; {advice}"))
    })?;
    connection.close().await;
    value(&executed).map_err(wrong)
}

/// The one number of a result; otherwise what it was, for a message.
fn value(executed: &Executed) -> Result<f64, String> {
    const MUST: &str = "must give one number, but gave";
    let rows = executed.first_rows.rows();
    match (executed.columns.len(), rows) {
        (0, _) => return Err(format!("{MUST} no result at all")),
        (_, 0) => return Err(format!("{MUST} no row")),
        (1, 1) => {}
        (1, _) => {
            return Err(match executed.rows {
                Some(rows) => format!("{MUST} {rows} rows"),
                None => format!("{MUST} several rows"),
            });
        }
        (columns, _) => return Err(format!("{MUST} {columns} columns")),
    }
    let value = executed.first_rows.value(0, 0);
    let value = value.ok_or_else(|| format!("{MUST} NULL"))?;
    number(value).map_err(|shown| format!("{MUST} {shown}"))
}

#[cfg(test)]
mod tests {
    use peerflow_rows::{BatchBuilder, Column, Kind};

    use super::*;

    fn result(columns: usize, values: &[Option<&str>]) -> Executed {
        let mut builder = BatchBuilder::new(columns.max(1));
        for value in values {
            builder.push(value.map(str::as_bytes)).unwrap();
        }
        Executed {
            columns: vec![Column::new("c", Kind::TEXT); columns],
            first_rows: builder.take(),
            rows: Some((values.len() / columns.max(1)) as u64),
            ..Executed::default()
        }
    }

    #[test]
    fn one_number_is_taken_and_anything_else_is_told() {
        assert_eq!(value(&result(1, &[Some("12.50")])), Ok(12.5));
        for (executed, expected) in [
            (result(0, &[]), "gave no result at all"),
            (result(1, &[]), "gave no row"),
            (result(1, &[None]), "gave NULL"),
            (result(1, &[Some("1"), Some("2")]), "gave 2 rows"),
            (result(2, &[Some("1"), Some("2")]), "gave 2 columns"),
            (result(1, &[Some("many")]), "gave `many`"),
            (result(1, &[Some("")]), "gave nothing"),
        ] {
            let message = value(&executed).unwrap_err();
            assert!(message.ends_with(expected), "{message}");
        }
    }
}
