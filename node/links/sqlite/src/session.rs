//! One connection to a file.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use peerflow_rows::{
    BatchBuilder, BatchReceiver, BatchSender, Cancel, Column, Comments, Error, Executed, Kind,
    Loaded, RowBatch, Session, Target, Trouble,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Either};
use tokio::time::Instant;

use crate::busy::Patience;
use crate::declared;
use crate::describe::{kind_of, named};
use crate::failure::told;
use crate::names::TableName;
use crate::plain::{push_row, storage};
use crate::stop::{STEPS, Stop};
use crate::writing::Writing;

pub(crate) mod words;

/// One connection to a file.
#[derive(Debug)]
pub struct SqliteSession {
    pub(crate) connection: SqliteConnection,
    pub(crate) stop: Stop,
    busy_timeout: Duration,
    pub(crate) file: PathBuf,
    /// The transaction that is open.
    writing: Option<Writing>,
}

impl SqliteSession {
    /// Lets SQLite look at the flag that stops it.
    pub(crate) async fn new(
        mut connection: SqliteConnection,
        file: PathBuf,
        busy_timeout: Duration,
    ) -> Result<Self, Error> {
        let stop = Stop::default();
        let flag = stop.clone();
        connection
            .lock_handle()
            .await
            .map_err(|error| told(&error))?
            .set_progress_handler(STEPS, move || !flag.is_set());
        Ok(Self {
            connection,
            stop,
            busy_timeout,
            file,
            writing: None,
        })
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience::new(self.busy_timeout, self.stop.clone())
    }

    /// Waits until what was stopped is over; only then may the next begin.
    async fn ready(&mut self) -> Result<(), Error> {
        if self.stop.is_set() {
            self.connection.ping().await.map_err(|error| told(&error))?;
            self.stop.clear();
        }
        Ok(())
    }

    pub(crate) async fn forget_statements(&mut self) -> Result<(), Error> {
        let done = self.connection.clear_cached_statements().await;
        done.map_err(|error| told(&error))
    }

    /// Runs a statement of our own.
    pub(crate) async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        self.ready().await?;
        let running = self.stop.running();
        let done = self.run_part(sql).await;
        running.ended();
        done
    }

    /// Sees what others changed in the schema. SQLite itself looks when a statement runs, too late for the columns that
    /// it was prepared to give.
    pub(crate) async fn see_schema(&mut self) -> Result<(), Error> {
        self.run_part("SELECT 1 FROM sqlite_schema LIMIT 1").await
    }

    pub(crate) async fn run_part(&mut self, sql: &str) -> Result<(), Error> {
        let patience = self.patience();
        loop {
            let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
            match statement.execute(&mut self.connection).await {
                Err(error) if patience.once_more(&error).await => {}
                done => return done.map(drop).map_err(|error| told(&error)),
            }
        }
    }

    /// Runs a statement to its end and keeps its first rows.
    async fn run_to_end(
        &mut self,
        statement: &str,
        columns: &mut [(String, Option<Kind>)],
        first_rows: usize,
    ) -> Result<(u64, u64, RowBatch), Error> {
        let mut first = (!columns.is_empty()).then(|| BatchBuilder::new(columns.len()));
        let (mut given, mut changed) = (0, 0);
        self.see_schema().await?;
        let patience = self.patience();
        'again: loop {
            let mut answers =
                sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).fetch_many(&mut self.connection);
            loop {
                match answers.try_next().await {
                    Ok(Some(Either::Right(row))) => {
                        let keeps = given < first_rows as u64;
                        given += 1;
                        if let Some(first) =
                            first.as_mut().filter(|first| keeps && !first.is_full())
                        {
                            keep(first, &row, columns)?;
                        }
                    }
                    Ok(Some(Either::Left(done))) => changed = done.rows_affected(),
                    Ok(None) => break 'again,
                    Err(error) if given == 0 && patience.once_more(&error).await => continue 'again,
                    Err(error) => return Err(told(&error)),
                }
            }
        }
        let first = first.map_or_else(RowBatch::default, |mut first| first.take());
        Ok((given, changed, first))
    }
}

/// Keeps one of the first rows, and what kind its expressions have.
fn keep(
    first: &mut BatchBuilder,
    row: &SqliteRow,
    columns: &mut [(String, Option<Kind>)],
) -> Result<(), Error> {
    for (index, (_, kind)) in columns.iter_mut().enumerate() {
        if kind.is_none() {
            *kind = storage(row, index)?.map(kind_of);
        }
    }
    push_row(first, row, &named(columns.to_vec()))
}

#[async_trait]
impl Session for SqliteSession {
    fn canceller(&self) -> Arc<dyn Cancel> {
        Arc::new(self.stop.clone())
    }

    async fn execute(&mut self, statement: &str, first_rows: usize) -> Result<Executed, Error> {
        self.ready().await?;
        let running = self.stop.running();
        let started = Instant::now();
        let mut columns = self.columns_given(statement).await?;
        let (given, changed, first_rows) =
            self.run_to_end(statement, &mut columns, first_rows).await?;
        running.ended();
        let rows = if !columns.is_empty() {
            Some(given)
        } else {
            words::changes_rows(statement).then_some(changed)
        };
        Ok(Executed {
            columns: named(columns),
            first_rows,
            rows,
            warnings: Vec::new(),
            took: started.elapsed(),
        })
    }

    async fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        self.ready().await?;
        let running = self.stop.running();
        let mut columns = self.columns_given(query).await?;
        running.ended();
        if columns.iter().any(|(_, kind)| kind.is_none()) && words::only_reads(query) {
            let mut kinds: Vec<Option<Kind>> = columns.iter().map(|(_, kind)| *kind).collect();
            self.look_at_rows(query, &mut kinds).await?;
            for ((_, kind), found) in columns.iter_mut().zip(kinds) {
                *kind = found;
            }
        }
        Ok(named(columns))
    }

    async fn read(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        self.ready().await?;
        self.read_rows(query, columns, rows).await
    }

    async fn table(&mut self, table: &str) -> Result<Option<Vec<Column>>, Error> {
        self.ready().await?;
        let found = self.columns_of(&TableName::parse(table)).await?;
        let columns: Vec<Column> = found
            .into_iter()
            .filter(|column| !column.is_hidden)
            .map(|column| Column {
                kind: declared::kind(&column.declared).unwrap_or(Kind::TEXT),
                nullable: Some(column.is_nullable),
                name: column.name,
            })
            .collect();
        Ok((!columns.is_empty()).then_some(columns))
    }

    /// At once as a writer: a transaction that only becomes one later may find that somebody else was faster.
    async fn begin(&mut self) -> Result<(), Error> {
        self.run("BEGIN IMMEDIATE").await?;
        self.writing = Some(Writing::to(&self.file));
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.run("COMMIT").await?;
        self.writing = None;
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.writing = None;
        match self.run("ROLLBACK").await {
            // After some errors SQLite has undone everything by itself.
            Err(error) if error.message.contains("no transaction is active") => Ok(()),
            done => done,
        }
    }

    async fn load(&mut self, target: &Target, rows: BatchReceiver) -> Result<Loaded, Error> {
        self.ready().await?;
        let running = self.stop.running();
        let loaded = self.load_rows(target, rows).await;
        running.ended();
        loaded
    }

    async fn comments(&mut self, _table: &str) -> Result<Option<Comments>, Error> {
        Err(no_comments())
    }

    async fn set_comments(&mut self, _table: &str, _comments: &Comments) -> Result<(), Error> {
        Err(no_comments())
    }

    async fn close(self: Box<Self>) {
        // Whoever closes is done with it; what was not committed is undone by dropping it as well.
        self.connection.close().await.ok();
    }
}

fn no_comments() -> Error {
    Error::new(
        Trouble::Unsupported,
        "SQLite keeps no comments of tables and columns; leave out the metadata of this link's tables",
    )
}
