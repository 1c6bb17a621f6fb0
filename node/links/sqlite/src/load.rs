//! Appending rows to a table.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use peerflow_rows::{BatchReceiver, Column, Error, Kind, Loaded, RowBatch, Target, Trouble};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::bind::{Bound, Rule};
use crate::declared::{self, Affinity};
use crate::failure::{column, is_about_a_row, told};
use crate::names::{TableName, quote};
use crate::session::SqliteSession;

/// Values of one statement. More gain nothing, and SQLite takes at most 32,766.
const VALUES: usize = 2_000;
/// Bytes of the values of one statement, more or less.
const BYTES: usize = 1024 * 1024;
/// Characters of a value that a message shows.
const SHOWN: usize = 60;

/// Rows that wait to be inserted by one statement.
#[derive(Debug, Default)]
struct Chunk {
    values: SqliteArguments,
    rows: usize,
    bytes: usize,
}

impl SqliteSession {
    /// Inserts all rows that come, several by each statement.
    pub(crate) async fn load_rows(
        &mut self,
        target: &Target,
        mut rows: BatchReceiver,
    ) -> Result<Loaded, Error> {
        let rules = self.rules(target).await?;
        self.forget_statements().await?;
        let insert = Insert::new(target);
        let chunk_rows = (VALUES / rules.len()).max(1);
        let full = insert.of(chunk_rows);
        let mut chunk = Chunk::default();
        let mut loaded = 0;
        while let Some(batch) = rows.recv().await {
            check_width(&batch, &rules)?;
            let mut values = batch.values();
            for _ in 0..batch.rows() {
                for rule in &rules {
                    let value = values.next().flatten();
                    chunk
                        .add(rule, value)
                        .map_err(|error| error.at_row(loaded + chunk.rows as u64 + 1))?;
                }
                chunk.rows += 1;
                if chunk.rows == chunk_rows {
                    loaded += self
                        .insert(&insert, full.clone(), &mut chunk, loaded, target)
                        .await?;
                } else if chunk.bytes >= BYTES {
                    let some = insert.of(chunk.rows);
                    loaded += self
                        .insert(&insert, some, &mut chunk, loaded, target)
                        .await?;
                }
            }
        }
        if chunk.rows > 0 {
            let rest = insert.of(chunk.rows);
            loaded += self
                .insert(&insert, rest, &mut chunk, loaded, target)
                .await?;
        }
        Ok(Loaded { rows: loaded })
    }

    /// Inserts a chunk after `before` rows and says how many it had.
    async fn insert(
        &mut self,
        insert: &Insert,
        statement: SqlStr,
        chunk: &mut Chunk,
        before: u64,
        target: &Target,
    ) -> Result<u64, Error> {
        let Chunk { values, rows, .. } = std::mem::take(chunk);
        let is_full = rows == (VALUES / target.columns.len()).max(1);
        let patience = self.patience();
        loop {
            let query = sqlx::query_with(statement.clone(), values.clone()).persistent(is_full);
            match query.execute(&mut self.connection).await {
                Ok(_) => break,
                Err(error) if patience.once_more(&error).await => {}
                Err(error) if is_about_a_row(&error) => {
                    let found = self.find_row(insert, values, rows, before).await;
                    return Err(found.unwrap_or_else(|| told(&error)));
                }
                Err(error) => return Err(told(&error)),
            }
        }
        let rows = rows as u64;
        target.progress.fetch_add(rows, Ordering::Relaxed);
        Ok(rows)
    }

    /// The error of the first row that the table refuses: they are inserted one by one, for all is undone anyway.
    async fn find_row(
        &mut self,
        insert: &Insert,
        values: SqliteArguments,
        rows: usize,
        before: u64,
    ) -> Option<Error> {
        for row in 0..rows {
            let query = sqlx::query_with(insert.of_row(row), values.clone()).persistent(false);
            if let Err(error) = query.execute(&mut self.connection).await {
                let error = told(&error);
                let error = match column(&error) {
                    Some(column) => error.at_column(column),
                    None => error,
                };
                return Some(error.at_row(before + row as u64 + 1));
            }
        }
        None
    }

    /// What each column takes: its type tells what SQLite does to values, and the target what they are meant to be.
    async fn rules(&mut self, target: &Target) -> Result<Vec<Rule>, Error> {
        if target.columns.is_empty() {
            return Err(Error::new(
                Trouble::Refused,
                "no columns are named to load into",
            ));
        }
        let found = self.columns_of(&TableName::parse(&target.table)).await?;
        let rule = |(index, column): (usize, &Column)| {
            let source = target
                .source
                .get(index)
                .map_or(Kind::TEXT, |source| source.kind);
            let of_table = found
                .iter()
                .find(|known| known.name.eq_ignore_ascii_case(&column.name));
            let has_no_type =
                of_table.is_some_and(|known| declared::kind(&known.declared).is_none());
            Rule {
                name: column.name.clone(),
                kind: if has_no_type {
                    source
                } else {
                    declared::kept(column.kind)
                },
                affinity: of_table.map_or(Affinity::None, |known| known.affinity()),
                source,
            }
        };
        Ok(target.columns.iter().enumerate().map(rule).collect())
    }
}

impl Chunk {
    fn add(&mut self, rule: &Rule, value: Option<&[u8]>) -> Result<(), Error> {
        let Some(value) = value else {
            return self.push(None::<i64>);
        };
        self.bytes += value.len();
        match rule.bind(value) {
            Ok(Bound::Integer(integer)) => self.push(integer),
            Ok(Bound::Real(double)) => self.push(double),
            Ok(Bound::Text(text)) => self.push(Arc::<str>::from(text)),
            Ok(Bound::Rewritten(text)) => self.push(text),
            Ok(Bound::Blob(bytes)) => self.push(bytes),
            Err(misfit) => {
                let message = format!(
                    "{} does not fit column {}: {misfit}",
                    shown(value),
                    rule.name
                );
                Err(Error::new(Trouble::BadValue, message).at_column(&rule.name))
            }
        }
    }

    fn push<'t, T>(&mut self, value: T) -> Result<(), Error>
    where
        T: sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.values
            .add(value)
            .map_err(|error| Error::new(Trouble::BadValue, error.to_string()))
    }
}

/// The statements that insert rows of one width.
#[derive(Debug)]
struct Insert {
    head: String,
    columns: usize,
}

impl Insert {
    fn new(target: &Target) -> Self {
        let names: Vec<String> = target
            .columns
            .iter()
            .map(|column| quote(&column.name))
            .collect();
        Self {
            head: format!("INSERT INTO {} ({}) VALUES ", target.table, names.join(",")),
            columns: names.len(),
        }
    }

    /// For so many rows.
    fn of(&self, rows: usize) -> SqlStr {
        let row = format!("({})", vec!["?"; self.columns].join(","));
        let sql = format!("{}{}", self.head, vec![row; rows].join(","));
        AssertSqlSafe(sql).into_sql_str()
    }

    /// For one of several rows, from 0, whose values are all given.
    fn of_row(&self, row: usize) -> SqlStr {
        let first = row * self.columns + 1;
        let numbers: Vec<String> = (first..first + self.columns)
            .map(|number| format!("?{number}"))
            .collect();
        AssertSqlSafe(format!("{}({})", self.head, numbers.join(","))).into_sql_str()
    }
}

fn check_width(batch: &RowBatch, rules: &[Rule]) -> Result<(), Error> {
    if batch.columns() == rules.len() {
        return Ok(());
    }
    let message = format!(
        "rows of {} values do not fit {} columns",
        batch.columns(),
        rules.len()
    );
    Err(Error::new(Trouble::BadValue, message))
}

/// The beginning of a value, for messages.
fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut beginning: String = text.chars().take(SHOWN).collect();
    if beginning.len() < text.len() {
        beginning.push('…');
    }
    format!("'{}'", beginning.escape_debug())
}
