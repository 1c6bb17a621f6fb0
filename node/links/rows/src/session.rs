//! One connection to a database, and what is done over it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::{Column, Dialect, Error, RowBatch};

/// Batches on their way between a source and a target.
const BATCHES: usize = 4;

/// Where a source puts its rows; waits while the target is behind.
pub type BatchSender = mpsc::Sender<RowBatch>;
/// Where a target takes rows from; `None` once the source is done *or gave up*: who runs both knows which.
pub type BatchReceiver = mpsc::Receiver<RowBatch>;

/// A bounded way for rows, so that memory stays flat whatever their number.
pub fn batches() -> (BatchSender, BatchReceiver) {
    mpsc::channel(BATCHES)
}

/// A database that can be connected to.
#[async_trait]
pub trait Database: Send + Sync + Debug {
    /// Opens a connection of its own, never one of a pool.
    ///
    /// # Errors
    /// When it cannot be reached, or access is denied. The message holds no secret.
    async fn connect(&self) -> Result<Box<dyn Session>, Error>;

    /// How its SQL is written.
    fn dialect(&self) -> &'static dyn Dialect;
}

/// One connection. Dropping it closes it; whatever transaction is open then is undone by the server.
#[async_trait]
pub trait Session: Send + Debug {
    /// What stops the statement that runs on this connection, from another task.
    fn canceller(&self) -> Arc<dyn Cancel>;

    /// From now on, what the server logs of a statement while [`Self::execute`] runs it, line by line. Whoever is behind
    /// loses lines. `None` where servers tell no such thing, or only through [`Executed::warnings`].
    fn log_lines(&mut self) -> Option<mpsc::Receiver<String>> {
        None
    }

    /// Runs one statement as its user wrote it, to its end.
    ///
    /// # Errors
    /// With the server's own words.
    async fn execute(&mut self, statement: &str, first_rows: usize) -> Result<Executed, Error>;

    /// The columns that a query gives, without reading its rows where the database can tell so.
    ///
    /// # Errors
    /// When the query is refused.
    async fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error>;

    /// Reads all rows of `query` in plain form and sends them; `columns` are those that [`Self::describe`] gave. Returns
    /// how many there were. Ends early and well when the receiver is gone.
    ///
    /// # Errors
    /// When reading breaks off; the rows sent until then are not all.
    async fn read(
        &mut self,
        query: &str,
        columns: &[Column],
        rows: BatchSender,
    ) -> Result<u64, Error>;

    /// The columns of a table as written by its user (`table` or `schema.table`, quoted or not), in order; `None` when it
    /// does not exist.
    ///
    /// # Errors
    /// When the server cannot tell.
    async fn table(&mut self, table: &str) -> Result<Option<Vec<Column>>, Error>;

    /// Whether what is written into a table can be undone. Of a database that has transactions, all tables but those of
    /// engines without them.
    ///
    /// # Errors
    /// When the server cannot tell.
    async fn undoes_changes_of(&mut self, _table: &str) -> Result<bool, Error> {
        Ok(true)
    }

    /// Begins a transaction. Databases without transactions do nothing.
    ///
    /// # Errors
    /// When the server refuses.
    async fn begin(&mut self) -> Result<(), Error>;

    /// As [`Self::begin`], such that another session's [`Self::fate`] can tell what became of the transaction, should this
    /// one be lost during commit. `witness` is the table that [`Dialect::witness`] names: it may be made here, and is the
    /// caller's to drop. Returns what to ask by; `None` where nobody could tell, for want of a right for instance.
    ///
    /// # Errors
    /// When the server refuses the transaction.
    async fn begin_witnessed(&mut self, _witness: Option<&str>) -> Result<Option<String>, Error> {
        self.begin().await?;
        Ok(None)
    }

    /// What became of a transaction of a session that was lost, by what [`Self::begin_witnessed`] gave. Ends that session
    /// on the server where it still stands there, and waits for what it is doing.
    ///
    /// # Errors
    /// When the server cannot tell at present: ask again over a new session.
    async fn fate(&mut self, _receipt: &str) -> Result<Fate, Error> {
        Ok(Fate::Unknown)
    }

    /// Makes everything since [`Self::begin`] durable.
    ///
    /// # Errors
    /// When it is not, or nobody knows whether it is ([`crate::Trouble::Lost`]).
    async fn commit(&mut self) -> Result<(), Error>;

    /// Undoes everything since [`Self::begin`].
    ///
    /// # Errors
    /// When the server cannot; closing the connection does it then.
    async fn rollback(&mut self) -> Result<(), Error>;

    /// Appends rows to the columns of a table, as fast as the database can, in the open transaction. Values are in the
    /// plain form of their *source's* column; what does not fit the target's is an error, never changed silently.
    ///
    /// # Errors
    /// With the row and column where the server told them. The caller undoes what was loaded.
    async fn load(&mut self, target: &Target, rows: BatchReceiver) -> Result<Loaded, Error>;

    /// The statement that makes a staging table beside `table` for these of its columns; `None` where that of
    /// [`Dialect::create_staging`] will do.
    ///
    /// # Errors
    /// When the server cannot tell what the columns are.
    async fn staging_definition(
        &mut self,
        _staging: &str,
        _table: &str,
        _columns: &[Column],
    ) -> Result<Option<String>, Error> {
        Ok(None)
    }

    /// Moves the rows of a staging table by `statement`, which [`Dialect::move_rows`] has made, into `target`: by the same
    /// rules as [`Self::load`]. Returns how many arrived, where the server surely counts them.
    ///
    /// # Errors
    /// When the server refuses a row or the statement.
    async fn move_rows(&mut self, statement: &str, _target: &Target) -> Result<Option<u64>, Error> {
        self.execute(statement, 0).await?;
        Ok(None)
    }

    /// The comments that a table and its columns have; `None` when it does not exist.
    ///
    /// # Errors
    /// When the server cannot tell, or this kind of database keeps none ([`crate::Trouble::Unsupported`]).
    async fn comments(&mut self, table: &str) -> Result<Option<Comments>, Error>;

    /// Sets the comments that are given and leaves everything else of the table as it is: types, defaults, keys.
    ///
    /// # Errors
    /// As [`Self::comments`]. Databases without transactions over such statements may have set some.
    async fn set_comments(&mut self, table: &str, comments: &Comments) -> Result<(), Error>;

    /// Closes it in good order.
    async fn close(self: Box<Self>);
}

/// Where and how rows are loaded.
#[derive(Clone, Debug)]
pub struct Target {
    /// The table as its user wrote it, or the quoted name of a staging table.
    pub table: String,
    /// The table's columns, in the order of the rows' values; as many as these have.
    pub columns: Vec<Column>,
    /// The columns that the values come from, for their plain forms.
    pub source: Vec<Column>,
    /// Rows sent so far, for whoever watches the progress.
    pub progress: Arc<std::sync::atomic::AtomicU64>,
}

/// Stops a statement on the server.
#[async_trait]
pub trait Cancel: Send + Sync + Debug {
    /// Asks the server, over another connection where it needs one, to stop what runs. Harmless when nothing does.
    ///
    /// # Errors
    /// When the server cannot be asked.
    async fn cancel(&self) -> Result<(), Error>;
}

/// What became of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Of a statement that gives rows: its columns.
    pub columns: Vec<Column>,
    /// The first rows in plain form, as many as were asked for.
    pub first_rows: RowBatch,
    /// How many rows it gave, or changed; `None` where the database does not tell.
    pub rows: Option<u64>,
    /// What the server warned of, at most a hundred.
    pub warnings: Vec<String>,
    /// From sending it to its end.
    pub took: Duration,
}

/// What became of a transaction whose connection was lost during commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it is there.
    Committed,
    /// Nothing of it is there, or will be.
    Undone,
    /// Nobody will ever know.
    Unknown,
}

/// What became of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub rows: u64,
}

/// What is said of a table and its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comments {
    /// Of the table; `None` leaves it as it is, and empty is none.
    pub table: Option<String>,
    /// Of its columns, in the table's order: name and comment, which is empty where there is none.
    pub columns: Vec<(String, String)>,
}
