//! One connection to a PostgreSQL server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use peerflow_rows::{
    BatchReceiver, BatchSender, Cancel, Column, Comments, Error, Executed, Fate, Loaded, Session,
    Target, Trouble,
};
use tokio_postgres::{CancelToken, Client};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::driver::Driver;
use crate::read::Reader;
use crate::{catalog, error, execute, fate, load, read};

/// How long asking for a cancel, and saying goodbye, may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A client, and what drives its connection.
pub(crate) struct PostgresSession {
    client: Client,
    driver: Driver,
    canceller: Arc<PostgresCancel>,
}

impl PostgresSession {
    pub(crate) fn new(client: Client, driver: Driver, canceller: Arc<PostgresCancel>) -> Self {
        Self {
            client,
            driver,
            canceller,
        }
    }

    async fn run(&self, sql: &str) -> Result<(), Error> {
        let done = self.client.batch_execute(sql).await;
        done.map_err(|error| self.driver.explain(&error))
    }
}

impl fmt::Debug for PostgresSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresSession")
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Session for PostgresSession {
    fn canceller(&self) -> Arc<dyn Cancel> {
        Arc::clone(&self.canceller) as Arc<dyn Cancel>
    }

    async fn execute(&mut self, statement: &str, first_rows: usize) -> Result<Executed, Error> {
        execute::execute(&self.client, &mut self.driver, statement, first_rows).await
    }

    async fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        read::describe(&self.client, &self.driver, query).await
    }

    async fn read(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        let reader = Reader {
            client: &self.client,
            driver: &mut self.driver,
            canceller: &self.canceller,
            rows,
        };
        reader.read(query, columns).await
    }

    /// Columns that the server generates are left out: they take no values.
    async fn table(&mut self, table: &str) -> Result<Option<Vec<Column>>, Error> {
        catalog::columns(&self.client, &self.driver, table).await
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.run("BEGIN").await
    }

    /// Known by its number, which costs it nothing. Servers that only speak like PostgreSQL may not tell theirs.
    async fn begin_witnessed(&mut self, _witness: Option<&str>) -> Result<Option<String>, Error> {
        self.begin().await?;
        match fate::receipt(&self.client, &self.driver).await {
            Ok(receipt) => Ok(Some(receipt)),
            Err(error) if matches!(error.trouble, Trouble::Lost | Trouble::Cancelled) => Err(error),
            Err(_unknown) => self.run("ROLLBACK; BEGIN").await.map(|()| None),
        }
    }

    async fn fate(&mut self, receipt: &str) -> Result<Fate, Error> {
        fate::fate(&self.client, &self.driver, receipt).await
    }

    /// The server answers COMMIT with an undo, and without an error, when a statement of the transaction has failed. What
    /// comes before it fails then.
    async fn commit(&mut self) -> Result<(), Error> {
        self.run("SELECT 1; COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.run("ROLLBACK").await
    }

    async fn load(&mut self, target: &Target, rows: BatchReceiver) -> Result<Loaded, Error> {
        load::load(&self.client, &mut self.driver, target, rows).await
    }

    async fn move_rows(&mut self, statement: &str, _target: &Target) -> Result<Option<u64>, Error> {
        Ok(self.execute(statement, 0).await?.rows)
    }

    async fn comments(&mut self, table: &str) -> Result<Option<Comments>, Error> {
        catalog::comments(&self.client, &self.driver, table).await
    }

    async fn set_comments(&mut self, table: &str, comments: &Comments) -> Result<(), Error> {
        let sql = catalog::set_comments(&self.client, &self.driver, table, comments).await?;
        self.run(&sql).await
    }

    /// Without its client a connection takes leave once everything is answered.
    async fn close(self: Box<Self>) {
        let Self {
            client, mut driver, ..
        } = *self;
        drop(client);
        tokio::time::timeout(GOODBYE, driver.ended()).await.ok();
    }
}

/// Asks the server, over a connection of its own, to stop what a session runs.
pub(crate) struct PostgresCancel {
    token: CancelToken,
    tls: MakeRustlsConnect,
}

impl PostgresCancel {
    pub(crate) fn new(token: CancelToken, tls: MakeRustlsConnect) -> Self {
        Self { token, tls }
    }
}

impl fmt::Debug for PostgresCancel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresCancel")
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Cancel for PostgresCancel {
    async fn cancel(&self) -> Result<(), Error> {
        let asked = self.token.cancel_query(self.tls.clone());
        match tokio::time::timeout(GOODBYE, asked).await {
            Ok(asked) => asked.map_err(|error| {
                Error::new(
                    Trouble::Unreachable,
                    format!("cannot ask the server to cancel: {}", error::chain(&error)),
                )
            }),
            Err(_elapsed) => Err(Error::new(
                Trouble::Unreachable,
                "the server does not take a request to cancel",
            )),
        }
    }
}
