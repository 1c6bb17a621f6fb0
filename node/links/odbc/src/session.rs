//! One connection through a driver.

use std::sync::Arc;

use async_trait::async_trait;
use odbc_api::handles::StatementImpl;
use odbc_api::{Cursor, Preallocated};
use peerflow_rows::{
    BatchBuilder, BatchReceiver, BatchSender, Cancel, Column, Comments, Dialect as _, Error,
    Executed, Loaded, Session, Target, Trouble,
};
use tokio::time::Instant;

use crate::describe;
use crate::dialect::OdbcDialect;
use crate::failure::{is_no_table, told};
use crate::read::Value;
use crate::running::Running;
use crate::system::System;
use crate::thread::{Thread, Worker};

/// One connection through a driver.
#[derive(Debug)]
pub struct OdbcSession {
    thread: Thread,
    dialect: &'static OdbcDialect,
}

impl OdbcSession {
    pub(crate) fn new(thread: Thread, dialect: &'static OdbcDialect) -> Self {
        Self { thread, dialect }
    }
}

impl Worker {
    /// A new statement, with the link's limit of time where the driver knows one.
    pub(crate) fn statement(&self) -> Result<Preallocated<StatementImpl<'_>>, Error> {
        let mut statement = self
            .connection
            .preallocate()
            .map_err(|error| told(&error))?;
        if let Some(seconds) = self.statement_timeout {
            // Drivers without such a limit refuse it; the task has one of its own.
            statement.set_query_timeout_sec(seconds).ok();
        }
        Ok(statement)
    }

    /// Runs a statement to its end and keeps its first rows.
    fn execute(&mut self, sql: &str, first_rows: usize) -> Result<Executed, Error> {
        let running = self.running.clone();
        let mut statement = self.statement()?;
        let _lent = running.lends(&mut statement);
        if let Some(cursor) = statement.execute(sql, ()).map_err(|error| told(&error))? {
            return count(cursor, first_rows, &running);
        }
        let rows = statement.row_count().map_err(|error| told(&error))?;
        Ok(Executed {
            rows: rows.and_then(|rows| u64::try_from(rows).ok()),
            ..Executed::default()
        })
    }

    /// What the statement gives, by preparing it; drivers that tell only then have it run.
    fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        let mut prepared = self
            .connection
            .prepare(query)
            .map_err(|error| told(&error))?;
        describe::columns(&mut prepared)
    }

    fn table(&mut self, query: &str) -> Result<Option<Vec<Column>>, Error> {
        let mut statement = self.statement()?;
        match statement.execute(query, ()) {
            Ok(Some(mut cursor)) => describe::columns(&mut cursor).map(Some),
            Ok(None) => Ok(None),
            Err(error) if is_no_table(&error, self.system) => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }

    fn transaction(&mut self, begins: bool) -> Result<(), Error> {
        if self.system == System::ClickHouse {
            return Ok(());
        }
        self.connection
            .set_autocommit(!begins)
            .map_err(|error| told(&error))
    }
}

/// Goes through all rows and keeps the first.
fn count(mut cursor: impl Cursor, first_rows: usize, running: &Running) -> Result<Executed, Error> {
    let columns = describe::columns(&mut cursor)?;
    let mut builder = BatchBuilder::new(columns.len().max(1));
    let mut value = Value::default();
    let mut rows = 0;
    while let Some(mut row) = cursor.next_row().map_err(|error| told(&error))? {
        if rows < first_rows as u64 && !builder.is_full() {
            value.push_row(&mut builder, &mut row, &columns)?;
        }
        rows += 1;
        running.is_stopped()?;
    }
    Ok(Executed {
        columns,
        first_rows: builder.take(),
        rows: Some(rows),
        ..Executed::default()
    })
}

#[async_trait]
impl Session for OdbcSession {
    fn canceller(&self) -> Arc<dyn Cancel> {
        Arc::new(self.thread.running.clone())
    }

    async fn execute(&mut self, statement: &str, first_rows: usize) -> Result<Executed, Error> {
        let started = Instant::now();
        let statement = statement.to_owned();
        let executed = self
            .thread
            .run(move |worker| worker.execute(&statement, first_rows))
            .await?;
        Ok(Executed {
            took: started.elapsed(),
            ..executed
        })
    }

    async fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        let query = query.to_owned();
        self.thread.run(move |worker| worker.describe(&query)).await
    }

    async fn read(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        let (query, columns) = (query.to_owned(), columns.to_vec());
        self.thread
            .run(move |worker| worker.read(&query, &columns, &rows))
            .await
    }

    async fn table(&mut self, table: &str) -> Result<Option<Vec<Column>>, Error> {
        let query = format!("SELECT * FROM {table} WHERE 1 = 0");
        self.thread.run(move |worker| worker.table(&query)).await
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.thread.run(|worker| worker.transaction(true)).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.thread
            .run(|worker| {
                worker.connection.commit().map_err(|error| told(&error))?;
                worker.transaction(false)
            })
            .await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.thread
            .run(|worker| {
                worker.connection.rollback().map_err(|error| told(&error))?;
                worker.transaction(false)
            })
            .await
    }

    async fn load(&mut self, target: &Target, mut rows: BatchReceiver) -> Result<Loaded, Error> {
        if target.columns.is_empty() {
            return Err(Error::new(
                Trouble::Refused,
                "no columns are named to load into",
            ));
        }
        let names: Vec<String> = target
            .columns
            .iter()
            .map(|column| self.dialect.quote(&column.name))
            .collect();
        let marks = vec!["?"; names.len()].join(", ");
        let insert = format!(
            "INSERT INTO {} ({}) VALUES ({marks})",
            target.table,
            names.join(", ")
        );
        let target = target.clone();
        self.thread
            .run(move |worker| worker.load(&insert, &target, &mut rows))
            .await
    }

    async fn comments(&mut self, _table: &str) -> Result<Option<Comments>, Error> {
        Err(no_comments(self.dialect))
    }

    async fn set_comments(&mut self, _table: &str, _comments: &Comments) -> Result<(), Error> {
        Err(no_comments(self.dialect))
    }

    async fn close(self: Box<Self>) {
        // The thread disconnects once nobody gives it anything to do.
    }
}

fn no_comments(dialect: &OdbcDialect) -> Error {
    let message = format!(
        "comments of tables and columns are not known over ODBC ({}); set them in an sql action",
        dialect.name()
    );
    Error::new(Trouble::Unsupported, message)
}
