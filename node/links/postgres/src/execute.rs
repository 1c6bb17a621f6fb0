//! Statements as their users write them, over the simple query protocol.

use std::pin::pin;

use futures::TryStreamExt;
use peerflow_rows::{BatchBuilder, Column, Error, Executed, Kind, Trouble};
use tokio::time::Instant;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::driver::Driver;
use crate::kind::kind_of;
use crate::plain::Form;
use crate::statement::first_word;

/// Runs one statement. Of its rows only the first are kept, whatever their number.
pub(crate) async fn execute(
    client: &Client,
    driver: &mut Driver,
    statement: &str,
    first_rows: usize,
) -> Result<Executed, Error> {
    no_zero_byte(statement)?;
    driver.warnings();
    let began = Instant::now();
    let kinds = kinds(client, driver, statement).await?;
    let mut outcome = Outcome::new(kinds, first_rows);
    if let Err(error) = run(client, statement, &mut outcome).await {
        if error.as_db_error().is_none() && !error.is_closed() {
            driver.abort();
            return Err(copying(statement).unwrap_or_else(|| driver.explain(&error)));
        }
        return Err(driver.explain_statement(&error, statement));
    }
    let mut executed = outcome.executed?;
    executed.took = began.elapsed();
    executed.rows = executed
        .rows
        .filter(|&rows| rows > 0 || tells_rows(statement));
    executed.warnings = driver.warnings();
    executed.first_rows = match outcome.kept {
        Some(mut kept) => kept.take(),
        None => executed.first_rows,
    };
    Ok(executed)
}

async fn run(
    client: &Client,
    statement: &str,
    outcome: &mut Outcome,
) -> Result<(), tokio_postgres::Error> {
    let mut answers = pin!(client.simple_query_raw(statement).await?);
    while let Some(answer) = answers.try_next().await? {
        match answer {
            SimpleQueryMessage::RowDescription(columns) => {
                outcome.columns(columns.iter().map(|column| column.name().to_owned()));
            }
            SimpleQueryMessage::Row(row) => outcome.row(&row),
            SimpleQueryMessage::CommandComplete(rows) => {
                if let Ok(executed) = &mut outcome.executed {
                    executed.rows = Some(rows);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The simple protocol gives the names of columns but not their types. The server tells them of statements that give
/// rows; asking twice costs it little beside running them.
async fn kinds(client: &Client, driver: &Driver, statement: &str) -> Result<Vec<Kind>, Error> {
    let ask = match first_word(statement).as_str() {
        "SELECT" | "WITH" | "VALUES" | "TABLE" => true,
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
            statement.len() < 64 * 1024 && statement.to_ascii_lowercase().contains("returning")
        }
        _ => false,
    };
    if !ask {
        return Ok(Vec::new());
    }
    let prepared = client.prepare(statement).await;
    let prepared = prepared.map_err(|error| driver.explain_statement(&error, statement))?;
    let columns = prepared.columns().iter();
    Ok(columns
        .map(|column| kind_of(column.type_().oid(), column.type_modifier()))
        .collect())
}

/// What comes of a statement while it runs.
struct Outcome {
    kinds: Vec<Kind>,
    forms: Vec<Form>,
    first_rows: usize,
    /// Rows to keep yet.
    wanted: usize,
    kept: Option<BatchBuilder>,
    executed: Result<Executed, Error>,
}

impl Outcome {
    fn new(kinds: Vec<Kind>, first_rows: usize) -> Self {
        Self {
            kinds,
            forms: Vec::new(),
            first_rows,
            wanted: 0,
            kept: None,
            executed: Ok(Executed::default()),
        }
    }

    fn columns(&mut self, names: impl Iterator<Item = String>) {
        let columns: Vec<Column> = names
            .enumerate()
            .map(|(index, name)| {
                Column::new(name, self.kinds.get(index).copied().unwrap_or(Kind::TEXT))
            })
            .collect();
        let forms = columns.iter().map(|column| Form::of(column.kind));
        self.forms = forms.collect();
        self.wanted = if columns.is_empty() {
            0
        } else {
            self.first_rows
        };
        self.kept = (!columns.is_empty()).then(|| BatchBuilder::new(columns.len()));
        if let Ok(executed) = &mut self.executed {
            executed.columns = columns;
        }
    }

    /// Keeps a row while they are few and small.
    fn row(&mut self, row: &SimpleQueryRow) {
        let Some(kept) = self.kept.as_mut().filter(|_| self.wanted > 0) else {
            return;
        };
        if kept.is_full() {
            self.wanted = 0;
            return;
        }
        self.wanted -= 1;
        if let Err(error) = push_row(row, &self.forms, kept) {
            self.wanted = 0;
            self.kept = None;
            self.executed = Err(error);
        }
    }
}

/// Appends a row as the simple protocol gives it.
pub(crate) fn push_row(
    row: &SimpleQueryRow,
    forms: &[Form],
    builder: &mut BatchBuilder,
) -> Result<(), Error> {
    for (index, form) in forms.iter().enumerate() {
        let value = row.try_get(index).map_err(|_not_utf8| {
            Error::new(
                Trouble::BadValue,
                "the database gives text that is no UTF-8",
            )
        })?;
        match value {
            Some(text) => form.push(text.as_bytes(), builder)?,
            None => builder.end_null(),
        }
    }
    Ok(())
}

/// Whether the number of rows that comes with the end of a statement counts rows, and is not there for want of one.
fn tells_rows(statement: &str) -> bool {
    matches!(
        first_word(statement).as_str(),
        "SELECT"
            | "WITH"
            | "VALUES"
            | "TABLE"
            | "INSERT"
            | "UPDATE"
            | "DELETE"
            | "MERGE"
            | "COPY"
            | "FETCH"
            | "MOVE"
    )
}

/// Over this protocol the rows of a COPY would come from or go to the client, which has none.
fn copying(statement: &str) -> Option<Error> {
    (first_word(statement) == "COPY").then(|| {
        Error::new(
            Trouble::Unsupported,
            "COPY FROM STDIN and COPY TO STDOUT have no other end here: use a transfer",
        )
    })
}

/// The protocol ends a statement with a zero byte.
pub(crate) fn no_zero_byte(statement: &str) -> Result<(), Error> {
    match statement.contains('\0') {
        true => Err(Error::new(
            Trouble::Refused,
            "the statement holds a zero byte (0x00)",
        )),
        false => Ok(()),
    }
}
