//! A database and a file system that answer as a test says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use peerflow_files::{Entry, FileSystem, ReadFile, WriteFile};
use peerflow_rows::{
    BatchReceiver, BatchSender, Cancel, Column, Comments, Database, Dialect, Error, Executed, Kind,
    Loaded, Session, Target, Trouble,
};
use tokio::sync::Notify;

/// What becomes of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Done(Executed),
    Fails(Error),
    /// Runs until it is cancelled.
    Hangs,
    /// Runs for ever, and cancelling it has no answer either.
    IsStuck,
}

/// A database that knows its statements. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct ScriptedDatabase(pub(crate) Arc<Script>);

/// What it answers, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) answers: BTreeMap<String, Answer>,
    /// Why there is no connection, if there is none.
    pub(crate) refusal: Option<Error>,
    /// By table.
    pub(crate) comments: Mutex<BTreeMap<String, Comments>>,
    /// What was set, by table.
    pub(crate) set: Mutex<Vec<(String, Comments)>>,
    pub(crate) begun: Mutex<Vec<String>>,
    pub(crate) cancelled: AtomicUsize,
    pub(crate) closed: AtomicUsize,
    pub(crate) stop: Notify,
}

impl ScriptedDatabase {
    pub(crate) fn new<const N: usize>(answers: [(&str, Answer); N]) -> Self {
        let answers = answers.map(|(text, answer)| (text.to_owned(), answer));
        Self(Arc::new(Script {
            answers: BTreeMap::from(answers),
            ..Script::default()
        }))
    }

    /// Whether a statement has begun.
    pub(crate) fn runs(&self, statement: &str) -> bool {
        let begun = self.0.begun.lock().unwrap();
        begun.iter().any(|it| it == statement)
    }

    /// How often a statement was cancelled.
    pub(crate) fn cancelled(&self) -> usize {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// How many connections were closed in good order.
    pub(crate) fn closed(&self) -> usize {
        self.0.closed.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct ScriptedSession(Arc<Script>);

#[async_trait]
impl Database for ScriptedDatabase {
    async fn connect(&self) -> Result<Box<dyn Session>, Error> {
        match &self.0.refusal {
            Some(error) => Err(error.clone()),
            None => Ok(Box::new(ScriptedSession(Arc::clone(&self.0)))),
        }
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &peerflow_sqlite::SqliteDialect
    }
}

#[derive(Debug)]
struct ScriptedCancel(Arc<Script>);

#[async_trait]
impl Cancel for ScriptedCancel {
    async fn cancel(&self) -> Result<(), Error> {
        self.0.cancelled.fetch_add(1, Ordering::SeqCst);
        let begun = self.0.begun.lock().unwrap().last().cloned();
        if let Some(Answer::IsStuck) = begun.and_then(|it| self.0.answers.get(&it)) {
            std::future::pending::<()>().await;
        }
        self.0.stop.notify_one();
        Ok(())
    }
}

fn unexpected() -> Error {
    Error::new(Trouble::Unsupported, "no action here does that")
}

#[async_trait]
impl Session for ScriptedSession {
    fn canceller(&self) -> Arc<dyn Cancel> {
        Arc::new(ScriptedCancel(Arc::clone(&self.0)))
    }

    async fn execute(&mut self, statement: &str, _first_rows: usize) -> Result<Executed, Error> {
        self.0.begun.lock().unwrap().push(statement.to_owned());
        match self.0.answers.get(statement) {
            Some(Answer::Done(executed)) => Ok(executed.clone()),
            Some(Answer::Fails(error)) => Err(error.clone()),
            Some(Answer::Hangs) => {
                self.0.stop.notified().await;
                Err(Error::new(Trouble::Cancelled, "interrupted"))
            }
            Some(Answer::IsStuck) => std::future::pending().await,
            None => Err(Error::new(Trouble::Refused, "never heard of that")),
        }
    }

    async fn describe(&mut self, _query: &str) -> Result<Vec<Column>, Error> {
        Err(unexpected())
    }

    async fn read(&mut self, _: &str, _: &[Column], _: BatchSender) -> Result<u64, Error> {
        Err(unexpected())
    }

    async fn table(&mut self, _table: &str) -> Result<Option<Vec<Column>>, Error> {
        Err(unexpected())
    }

    async fn begin(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn load(&mut self, _target: &Target, _rows: BatchReceiver) -> Result<Loaded, Error> {
        Err(unexpected())
    }

    async fn comments(&mut self, table: &str) -> Result<Option<Comments>, Error> {
        Ok(self.0.comments.lock().unwrap().get(table).cloned())
    }

    async fn set_comments(&mut self, table: &str, comments: &Comments) -> Result<(), Error> {
        let mut set = self.0.set.lock().unwrap();
        set.push((table.to_owned(), comments.clone()));
        Ok(())
    }

    async fn close(self: Box<Self>) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// A result of one column of text.
pub(crate) fn result(name: &str, values: &[Option<&str>], rows: u64) -> Executed {
    let mut builder = peerflow_rows::BatchBuilder::new(1);
    for value in values {
        builder.push(value.map(str::as_bytes)).unwrap();
    }
    Executed {
        columns: vec![Column::new(name, Kind::TEXT)],
        first_rows: builder.take(),
        rows: Some(rows),
        ..Executed::default()
    }
}

/// A file system that can be listed some times, and then not any more.
#[derive(Debug)]
pub(crate) struct ScriptedFiles(Mutex<VecDeque<Vec<Entry>>>);

impl ScriptedFiles {
    pub(crate) fn new<const N: usize>(listings: [&[(&str, u64)]; N]) -> Self {
        let listings = listings.map(|listing| {
            let entries = listing.iter().map(|&(name, size)| Entry {
                name: name.to_owned(),
                size,
            });
            entries.collect()
        });
        Self(Mutex::new(VecDeque::from(listings)))
    }
}

fn refused() -> peerflow_files::Error {
    peerflow_files::Error::new(peerflow_files::Trouble::Unreachable, "connection refused")
}

#[async_trait]
impl FileSystem for ScriptedFiles {
    async fn list(&self, _directory: &str) -> Result<Vec<Entry>, peerflow_files::Error> {
        self.0.lock().unwrap().pop_front().ok_or_else(refused)
    }

    async fn entry(&self, _path: &str) -> Result<Option<Entry>, peerflow_files::Error> {
        Err(refused())
    }

    async fn read(&self, _path: &str) -> Result<Box<dyn ReadFile>, peerflow_files::Error> {
        Err(refused())
    }

    async fn replace(&self, _path: &str) -> Result<Box<dyn WriteFile>, peerflow_files::Error> {
        Err(refused())
    }

    async fn remove(&self, _path: &str) -> Result<(), peerflow_files::Error> {
        Err(refused())
    }
}
