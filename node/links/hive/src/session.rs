//! One connection, with a session on the server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use peerflow_rows::{
    BatchReceiver, BatchSender, Cancel, Column, Comments, Error, Executed, Loaded, Session, Target,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::cancel::Canceller;
use crate::catalog;
use crate::client::Client;
use crate::log::LogLines;
use crate::product::Product;
use crate::structs::{Handle, Operation};

/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A session with a server.
pub(crate) struct HiveSession {
    pub(crate) client: Client,
    pub(crate) handle: Handle,
    pub(crate) cancel: Arc<Canceller>,
    pub(crate) product: Product,
    /// Absent while nobody wants the server's log lines.
    pub(crate) log: Option<LogLines>,
    /// What runs on the server, or ran and holds its result there.
    pub(crate) open: Option<Operation>,
}

impl fmt::Debug for HiveSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HiveSession")
            .field("place", &self.client.place())
            .field("product", &self.product)
            .finish_non_exhaustive()
    }
}

impl HiveSession {
    pub(crate) fn new(
        client: Client,
        handle: Handle,
        cancel: Arc<Canceller>,
        product: Product,
    ) -> Self {
        Self {
            client,
            handle,
            cancel,
            product,
            log: None,
            open: None,
        }
    }
}

#[async_trait]
impl Session for HiveSession {
    fn canceller(&self) -> Arc<dyn Cancel> {
        Arc::clone(&self.cancel) as Arc<dyn Cancel>
    }

    fn log_lines(&mut self) -> Option<mpsc::Receiver<String>> {
        if !self.product.fetches_log() {
            return None;
        }
        let (log, lines) = LogLines::new();
        self.log = Some(log);
        Some(lines)
    }

    async fn execute(&mut self, statement: &str, first_rows: usize) -> Result<Executed, Error> {
        self.cancel.begin();
        match catalog::staging_pattern(statement) {
            Some(list) => catalog::list_staging(self, list).await,
            None => self.execute_statement(statement, first_rows).await,
        }
    }

    async fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        self.cancel.begin();
        self.describe_query(query).await
    }

    async fn read(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error> {
        self.cancel.begin();
        self.read_query(query, columns, rows).await
    }

    async fn table(&mut self, table: &str) -> Result<Option<Vec<Column>>, Error> {
        self.cancel.begin();
        catalog::table(self, table).await
    }

    /// There are no transactions.
    async fn begin(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn load(&mut self, target: &Target, rows: BatchReceiver) -> Result<Loaded, Error> {
        self.cancel.begin();
        self.load_rows(target, rows).await
    }

    async fn comments(&mut self, table: &str) -> Result<Option<Comments>, Error> {
        self.cancel.begin();
        catalog::comments(self, table).await
    }

    async fn set_comments(&mut self, table: &str, comments: &Comments) -> Result<(), Error> {
        self.cancel.begin();
        catalog::set_comments(self, table, comments).await
    }

    async fn close(mut self: Box<Self>) {
        if self.client.is_broken() {
            return;
        }
        let goodbye = async {
            self.end().await;
            let handle = self.handle.clone();
            self.client.close_session(&handle).await
        };
        // The server closes it too when the connection ends.
        drop(timeout(GOODBYE, goodbye).await);
    }
}
