//! One connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Driver};
use peerflow_rows::{
    BatchReceiver, BatchSender, Cancel, Column, Comments, Error, Executed, Fate, Loaded, Session,
    Target, Trouble,
};
use tokio::time::timeout;

use crate::cancel::Canceller;
use crate::error::talking;
use crate::names::TableName;
use crate::properties::ZeroDates;
use crate::{comments, kinds};

/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// No such table.
pub(crate) const NO_SUCH_TABLE: u16 = 1146;

/// What is known of a server and of how its values are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Whether it takes LOAD DATA LOCAL, and the link does not forbid it.
    pub(crate) local_infile: bool,
    /// The longest statement, in bytes.
    pub(crate) max_packet: usize,
    pub(crate) zero_dates: ZeroDates,
    pub(crate) tiny_is_boolean: bool,
}

/// A session with a server.
pub(crate) struct MySqlSession {
    /// Absent once it was cut.
    conn: Option<Conn>,
    pub(crate) cancel: Arc<Canceller>,
    pub(crate) facts: Facts,
}

impl fmt::Debug for MySqlSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlSession")
            .field("cancel", &self.cancel)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl MySqlSession {
    pub(crate) fn new(conn: Conn, cancel: Arc<Canceller>, facts: Facts) -> Self {
        Self {
            conn: Some(conn),
            cancel,
            facts,
        }
    }

    /// The connection, while there is one.
    pub(crate) fn conn(&mut self) -> Result<&mut Conn, Error> {
        match &mut self.conn {
            Some(conn) if !conn.is_disconnected() => Ok(conn),
            Some(_) | None => Err(Error::new(
                Trouble::Lost,
                "the connection to the server was lost before",
            )),
        }
    }

    /// Closes the connection without reading what is still under way: the driver by itself would read all of it.
    pub(crate) fn cut(&mut self) {
        if let Some(conn) = self.conn.take() {
            drop(conn.disconnect().now_or_never());
        }
    }

    /// Runs a statement whose result does not matter.
    pub(crate) async fn run(&mut self, statement: &str) -> Result<(), Error> {
        let conn = self.conn()?;
        conn.query_drop(statement).await.map_err(|e| talking(&e))
    }
}

impl Drop for MySqlSession {
    fn drop(&mut self) {
        self.cut();
    }
}

#[async_trait]
impl Session for MySqlSession {
    fn canceller(&self) -> Arc<dyn Cancel> {
        Arc::clone(&self.cancel) as Arc<dyn Cancel>
    }

    async fn execute(&mut self, statement: &str, first_rows: usize) -> Result<Executed, Error> {
        self.execute_statement(statement, first_rows).await
    }

    async fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        self.describe_query(query).await
    }

    async fn read(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        self.read_query(query, columns, rows).await
    }

    async fn table(&mut self, table: &str) -> Result<Option<Vec<Column>>, Error> {
        let tiny_is_boolean = self.facts.tiny_is_boolean;
        let query = format!(
            "SELECT * FROM {} LIMIT 0",
            TableName::parse(table)?.quoted()
        );
        match self.conn()?.query_iter(query).await {
            Ok(result) => {
                let columns = kinds::columns(result.columns_ref(), tiny_is_boolean);
                result.drop_result().await.map_err(|e| talking(&e))?;
                Ok(Some(columns))
            }
            Err(Driver::Server(server)) if server.code == NO_SUCH_TABLE => Ok(None),
            Err(error) => Err(talking(&error)),
        }
    }

    async fn undoes_changes_of(&mut self, table: &str) -> Result<bool, Error> {
        self.has_transactions(table).await
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.run("START TRANSACTION").await
    }

    async fn begin_witnessed(&mut self, witness: Option<&str>) -> Result<Option<String>, Error> {
        match witness {
            Some(witness) => self.begin_with_row(witness).await,
            None => self.begin().await.map(|()| None),
        }
    }

    async fn fate(&mut self, receipt: &str) -> Result<Fate, Error> {
        self.fate_of(receipt).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.run("COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.run("ROLLBACK").await
    }

    async fn load(&mut self, target: &Target, rows: BatchReceiver) -> Result<Loaded, Error> {
        self.load_rows(target, rows).await
    }

    async fn staging_definition(
        &mut self,
        staging: &str,
        table: &str,
        columns: &[Column],
    ) -> Result<Option<String>, Error> {
        self.define_staging(staging, table, columns).await
    }

    async fn move_rows(&mut self, statement: &str, target: &Target) -> Result<Option<u64>, Error> {
        self.move_staged(statement, target).await.map(Some)
    }

    async fn comments(&mut self, table: &str) -> Result<Option<Comments>, Error> {
        comments::comments(self, table).await
    }

    async fn set_comments(&mut self, table: &str, comments: &Comments) -> Result<(), Error> {
        comments::set_comments(self, table, comments).await
    }

    async fn close(mut self: Box<Self>) {
        if let Some(conn) = self.conn.take() {
            // It is closed either way.
            drop(timeout(GOODBYE, conn.disconnect()).await);
        }
    }
}
