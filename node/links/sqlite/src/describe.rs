//! The columns of statements and tables.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use peerflow_rows::{Column, Error, Kind};
use sqlx::sqlite::{SqliteColumn, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, ColumnOrigin, Either, Executor as _, Row as _, SqlSafeStr as _,
    Statement as _,
};

use crate::declared::{self, Affinity};
use crate::failure::told;
use crate::names::TableName;
use crate::plain::{Storage, storage};
use crate::session::SqliteSession;

/// Rows that are looked at to tell what an expression gives.
const LOOKED_AT: usize = 100;
/// How a generated column, or one that a module hides, is marked; none of them is loaded.
const HIDDEN: std::ops::RangeInclusive<i64> = 1..=3;

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    pub(crate) declared: String,
    pub(crate) is_nullable: bool,
    pub(crate) is_hidden: bool,
}

impl TableColumn {
    pub(crate) fn affinity(&self) -> Affinity {
        Affinity::of(&self.declared)
    }
}

impl SqliteSession {
    /// All columns of a table; none when it does not exist.
    pub(crate) async fn columns_of(
        &mut self,
        table: &TableName,
    ) -> Result<Vec<TableColumn>, Error> {
        const COLUMNS: &str =
            "SELECT name, type, \"notnull\", hidden FROM pragma_table_xinfo(?, ?) ORDER BY cid";
        let patience = self.patience();
        let rows = loop {
            let query = sqlx::query(COLUMNS).bind(&table.table).bind(&table.schema);
            match query.fetch_all(&mut self.connection).await {
                Err(error) if patience.once_more(&error).await => {}
                answer => break answer.map_err(|error| told(&error))?,
            }
        };
        rows.iter()
            .map(|row| column(row).map_err(|error| told(&error)))
            .collect()
    }

    /// The columns that a statement gives, without running it. `None` is the kind of an expression.
    pub(crate) async fn columns_given(
        &mut self,
        sql: &str,
    ) -> Result<Vec<(String, Option<Kind>)>, Error> {
        // A statement that was kept from before somebody changed a table would tell the columns of that time.
        self.forget_statements().await?;
        self.see_schema().await?;
        let patience = self.patience();
        let statement = loop {
            let text = AssertSqlSafe(sql.to_owned()).into_sql_str();
            match (&mut self.connection).prepare(text).await {
                Err(error) if patience.once_more(&error).await => {}
                answer => break answer.map_err(|error| told(&error))?,
            }
        };
        let mut tables = BTreeMap::new();
        let mut columns = Vec::new();
        for column in statement.columns() {
            let kind = self.declared_kind(column, &mut tables).await?;
            columns.push((column.name().to_owned(), kind));
        }
        drop(statement);
        self.forget_statements().await?;
        Ok(columns)
    }

    async fn declared_kind(
        &mut self,
        column: &SqliteColumn,
        tables: &mut BTreeMap<String, Vec<TableColumn>>,
    ) -> Result<Option<Kind>, Error> {
        let ColumnOrigin::Table(origin) = column.origin() else {
            return Ok(None);
        };
        if !tables.contains_key(&*origin.table) {
            let found = self.columns_of_origin(&origin.table).await?;
            tables.insert(origin.table.to_string(), found);
        }
        let found = tables
            .get(&*origin.table)
            .and_then(|columns| columns.iter().find(|column| *column.name == *origin.name));
        Ok(match found {
            Some(column) => declared::kind(&column.declared),
            // The number of a row has a name of its own in every table.
            None => Some(Kind::Integer {
                bits: 64,
                unsigned: false,
            }),
        })
    }

    /// The name is `table`, or `database.table` of another database than the main one; both unquoted.
    async fn columns_of_origin(&mut self, name: &str) -> Result<Vec<TableColumn>, Error> {
        let whole = TableName {
            schema: None,
            table: name.to_owned(),
        };
        let found = self.columns_of(&whole).await?;
        match name.split_once('.') {
            Some((schema, table)) if found.is_empty() => {
                let within = TableName {
                    schema: Some(schema.to_owned()),
                    table: table.to_owned(),
                };
                self.columns_of(&within).await
            }
            Some(_) | None => Ok(found),
        }
    }

    /// Gives expressions a kind by the first rows of the query.
    pub(crate) async fn look_at_rows(
        &mut self,
        query: &str,
        kinds: &mut [Option<Kind>],
    ) -> Result<(), Error> {
        let running = self.stop.running();
        let unknown: Vec<usize> = (0..kinds.len())
            .filter(|&index| kinds[index].is_none())
            .collect();
        let mut seen = Seen::default();
        let mut left = LOOKED_AT;
        let patience = self.patience();
        'again: loop {
            let mut answers =
                sqlx::raw_sql(AssertSqlSafe(query.to_owned())).fetch_many(&mut self.connection);
            loop {
                match answers.try_next().await {
                    Ok(Some(Either::Right(row))) => {
                        left -= 1;
                        seen.add(&row, &unknown)?;
                        if left == 0 {
                            // What runs is stopped by dropping `running`.
                            seen.tell(&unknown, kinds);
                            return Ok(());
                        }
                    }
                    Ok(Some(Either::Left(_))) => {}
                    Ok(None) => break 'again,
                    Err(error) if patience.once_more(&error).await => continue 'again,
                    Err(error) => return Err(told(&error)),
                }
            }
        }
        running.ended();
        seen.tell(&unknown, kinds);
        Ok(())
    }
}

/// How the values of expressions were stored so far.
#[derive(Debug, Default)]
struct Seen(BTreeMap<usize, Option<Kind>>);

impl Seen {
    fn add(&mut self, row: &SqliteRow, unknown: &[usize]) -> Result<(), Error> {
        for &index in unknown.iter().filter(|&&index| index < row.len()) {
            let Some(storage) = storage(row, index)? else {
                continue;
            };
            let kind = kind_of(storage);
            self.0
                .entry(index)
                .and_modify(|before| *before = before.and_then(|before| both(before, kind)))
                .or_insert(Some(kind));
        }
        Ok(())
    }

    fn tell(&self, unknown: &[usize], kinds: &mut [Option<Kind>]) {
        for index in unknown {
            kinds[*index] = self.0.get(index).copied().flatten();
        }
    }
}

/// The kind of an expression whose value is stored so.
pub(crate) fn kind_of(storage: Storage) -> Kind {
    match storage {
        Storage::Integer => Kind::Integer {
            bits: 64,
            unsigned: false,
        },
        Storage::Real => Kind::Float { bits: 64 },
        Storage::Text => Kind::TEXT,
        Storage::Blob => Kind::Binary { bytes: None },
    }
}

/// What holds values of both kinds; `None` when only text does.
fn both(one: Kind, other: Kind) -> Option<Kind> {
    match (one, other) {
        _ if one == other => Some(one),
        (Kind::Integer { .. }, Kind::Float { .. }) | (Kind::Float { .. }, Kind::Integer { .. }) => {
            Some(Kind::Float { bits: 64 })
        }
        _ => None,
    }
}

/// Named columns; what nothing is known of is text.
pub(crate) fn named(columns: Vec<(String, Option<Kind>)>) -> Vec<Column> {
    columns
        .into_iter()
        .map(|(name, kind)| Column::new(name, kind.unwrap_or(Kind::TEXT)))
        .collect()
}

fn column(row: &SqliteRow) -> Result<TableColumn, sqlx::Error> {
    let is_required: bool = row.try_get(2)?;
    let hidden: i64 = row.try_get(3)?;
    Ok(TableColumn {
        name: row.try_get(0)?,
        declared: row.try_get(1)?,
        is_nullable: !is_required,
        is_hidden: HIDDEN.contains(&hidden),
    })
}
