//! A database in memory whose connections tell what is done, and fail or hang where a test says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use peerflow_rows::{
    BatchBuilder, BatchReceiver, BatchSender, Cancel, Column, Comments, Database, Dialect, Error,
    Executed, Fate, Kind, Loaded, RowBatch, Session, Target, Trouble,
};
use tokio::sync::{Notify, watch};

/// What differs between the kinds of databases that it can be.
#[derive(Debug)]
pub(crate) struct Ways {
    transactions: bool,
    ddl: bool,
    /// Tells what became of a transaction.
    fates: bool,
}

/// As PostgreSQL.
pub(crate) static WHOLE: Ways = Ways {
    transactions: true,
    ddl: true,
    fates: true,
};
/// As MySQL.
pub(crate) static NO_DDL: Ways = Ways {
    transactions: true,
    ddl: false,
    fates: true,
};
/// As one behind ODBC.
pub(crate) static NO_FATES: Ways = Ways {
    transactions: true,
    ddl: false,
    fates: false,
};
/// As Hive.
pub(crate) static NONE: Ways = Ways {
    transactions: false,
    ddl: false,
    fates: false,
};

impl Dialect for Ways {
    fn name(&self) -> &'static str {
        "Memory"
    }

    fn quote(&self, identifier: &str) -> String {
        identifier.to_owned()
    }

    fn column_type(&self, _kind: Kind) -> String {
        "text".to_owned()
    }

    fn has_transactions(&self) -> bool {
        self.transactions
    }

    fn ddl_is_transactional(&self) -> bool {
        self.ddl
    }

    fn create_staging(&self, staging: &str, _table: &str) -> String {
        format!("CREATE TABLE {staging} ()")
    }

    fn staging_name(&self, _table: &str, mark: &str) -> String {
        mark.to_owned()
    }

    fn list_staging(&self, _table: &str, prefix: &str) -> String {
        format!("LIST {prefix}")
    }
}

/// What happens instead of what was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Trick {
    Fails(Error),
    /// The first so many times.
    FailsTimes(usize, Error),
    /// It is done all the same.
    DoneBut(Error),
    /// Until it is cancelled.
    Hangs,
    /// Until the test lets it go on.
    Waits(Arc<Notify>),
}

/// Values of the one column that all its tables have.
type Values = Vec<Option<String>>;

#[derive(Debug)]
pub(crate) struct Memory {
    ways: &'static Ways,
    pub(crate) tables: Mutex<BTreeMap<String, Values>>,
    /// What was done, in order.
    pub(crate) done: Mutex<Vec<String>>,
    /// What was loaded.
    pub(crate) loaded: Mutex<Vec<Target>>,
    /// Transactions that were begun, each with whether it was committed.
    transactions: Mutex<Vec<bool>>,
    /// By the beginning of what is done.
    tricks: Vec<(&'static str, Trick)>,
    /// Rows of a query.
    pub(crate) source: u64,
    cancelled: watch::Sender<usize>,
}

/// Clones are the same database.
#[derive(Clone, Debug)]
pub(crate) struct MemoryDatabase(pub(crate) Arc<Memory>);

impl MemoryDatabase {
    pub(crate) fn new(ways: &'static Ways, tricks: &[(&'static str, Trick)]) -> Self {
        Self(Arc::new(Memory {
            ways,
            tables: Mutex::default(),
            done: Mutex::default(),
            loaded: Mutex::default(),
            transactions: Mutex::default(),
            tricks: tricks.to_vec(),
            source: 10,
            cancelled: watch::channel(0).0,
        }))
    }

    pub(crate) fn with_table(self, name: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|&it| Some(it.to_owned())).collect();
        self.0
            .tables
            .lock()
            .unwrap()
            .insert(name.to_owned(), values);
        self
    }

    /// What was done, without the number of the connection.
    pub(crate) fn done(&self) -> Vec<String> {
        self.0.done.lock().unwrap().clone()
    }

    pub(crate) fn did(&self, beginning: &str) -> bool {
        self.done().iter().any(|it| it.starts_with(beginning))
    }

    pub(crate) fn tables(&self) -> Vec<String> {
        self.0.tables.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn values(&self, table: &str) -> Vec<String> {
        let tables = self.0.tables.lock().unwrap();
        let values = tables[table].iter();
        values
            .map(|it| it.clone().unwrap_or_else(|| "NULL".to_owned()))
            .collect()
    }

    pub(crate) fn cancelled(&self) -> usize {
        *self.0.cancelled.borrow()
    }
}

#[async_trait]
impl Database for MemoryDatabase {
    async fn connect(&self) -> Result<Box<dyn Session>, Error> {
        Ok(Box::new(MemorySession {
            memory: Arc::clone(&self.0),
            open: None,
            number: 0,
        }))
    }

    fn dialect(&self) -> &'static dyn Dialect {
        self.0.ways
    }
}

#[derive(Debug)]
enum Change {
    Create(String),
    Clear(String),
    Append(String, Values),
}

#[derive(Debug)]
struct MemorySession {
    memory: Arc<Memory>,
    /// What the open transaction is to do.
    open: Option<Vec<Change>>,
    /// Of that transaction.
    number: usize,
}

#[derive(Debug)]
struct MemoryCancel(Arc<Memory>);

#[async_trait]
impl Cancel for MemoryCancel {
    async fn cancel(&self) -> Result<(), Error> {
        self.0.cancelled.send_modify(|times| *times += 1);
        Ok(())
    }
}

fn cancelled() -> Error {
    Error::new(Trouble::Cancelled, "interrupted")
}

impl Memory {
    async fn does(&self, what: &str) -> Result<(), Error> {
        self.done.lock().unwrap().push(what.to_owned());
        match self.trick(what) {
            Some((_, Trick::Fails(error))) => Err(error.clone()),
            Some((beginning, Trick::FailsTimes(most, error))) => {
                let done = self.done.lock().unwrap();
                let times = done.iter().filter(|it| it.starts_with(beginning));
                if times.count() > *most {
                    Ok(())
                } else {
                    Err(error.clone())
                }
            }
            Some((_, Trick::Hangs)) => {
                let mut times = self.cancelled.subscribe();
                let _gone = times.wait_for(|times| *times > 0).await;
                Err(cancelled())
            }
            Some((_, Trick::Waits(until))) => {
                until.notified().await;
                Ok(())
            }
            Some((_, Trick::DoneBut(_))) | None => Ok(()),
        }
    }

    fn trick(&self, what: &str) -> Option<&(&'static str, Trick)> {
        let mut tricks = self.tricks.iter();
        tricks.find(|(beginning, _)| what.starts_with(beginning))
    }

    /// What follows once it is done.
    fn after(&self, what: &str) -> Result<(), Error> {
        match self.trick(what) {
            Some((_, Trick::DoneBut(error))) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn apply(&self, changes: Vec<Change>) {
        let mut tables = self.tables.lock().unwrap();
        for change in changes {
            match change {
                Change::Create(table) => drop(tables.insert(table, Vec::new())),
                Change::Clear(table) => tables.get_mut(&table).unwrap().clear(),
                Change::Append(table, values) => tables.get_mut(&table).unwrap().extend(values),
            }
        }
    }
}

impl MemorySession {
    fn change(&mut self, change: Change) {
        let is_ddl = matches!(change, Change::Create(_));
        match &mut self.open {
            Some(open) if self.memory.ways.transactions && (!is_ddl || self.memory.ways.ddl) => {
                open.push(change);
            }
            _ => self.memory.apply(vec![change]),
        }
    }
}

fn columns() -> Vec<Column> {
    vec![Column::new("v", Kind::TEXT)]
}

/// As the database itself tells of them.
pub(crate) fn columns_of_table() -> Vec<Column> {
    let characters = Some(9);
    vec![Column::new("v", Kind::Text { characters })]
}

fn batch(values: &[String]) -> RowBatch {
    let mut builder = BatchBuilder::new(1);
    for value in values {
        builder.push(Some(value.as_bytes())).unwrap();
    }
    builder.take()
}

#[async_trait]
impl Session for MemorySession {
    fn canceller(&self) -> Arc<dyn Cancel> {
        Arc::new(MemoryCancel(Arc::clone(&self.memory)))
    }

    async fn execute(&mut self, statement: &str, _first_rows: usize) -> Result<Executed, Error> {
        self.memory.does(statement).await?;
        let words: Vec<&str> = statement.split_whitespace().collect();
        let mut executed = Executed::default();
        match words[..] {
            ["CREATE", "TABLE", table, ..] => self.change(Change::Create(table.to_owned())),
            ["DROP", .., table] => drop(self.memory.tables.lock().unwrap().remove(table)),
            ["DELETE", "FROM", table] => self.change(Change::Clear(table.to_owned())),
            ["INSERT", "INTO", table, .., staging] => {
                let values = self.memory.tables.lock().unwrap()[staging].clone();
                self.change(Change::Append(table.to_owned(), values));
            }
            ["LIST", prefix] => {
                let tables = self.memory.tables.lock().unwrap();
                let names: Vec<String> = tables
                    .keys()
                    .filter(|it| it.starts_with(prefix))
                    .cloned()
                    .collect();
                executed.first_rows = batch(&names);
            }
            ["SELECT", "COUNT(*)", "FROM", table] => {
                let tables = self.memory.tables.lock().unwrap();
                let missing = || Error::new(Trouble::Refused, "no such table");
                let values = tables.get(table).ok_or_else(missing)?;
                executed.first_rows = batch(&[values.len().to_string()]);
            }
            _ => {}
        }
        self.memory.after(statement)?;
        Ok(executed)
    }

    async fn describe(&mut self, query: &str) -> Result<Vec<Column>, Error> {
        self.memory.does(&format!("describe {query}")).await?;
        Ok(columns())
    }

    async fn read(&mut self, _: &str, _: &[Column], rows: BatchSender) -> Result<u64, Error> {
        for row in 1..=self.memory.source {
            if rows.send(batch(&[format!("row {row}")])).await.is_err() {
                return Ok(row);
            }
            self.memory.does(&format!("read {row}.")).await?;
        }
        Ok(self.memory.source)
    }

    async fn table(&mut self, table: &str) -> Result<Option<Vec<Column>>, Error> {
        let tables = self.memory.tables.lock().unwrap();
        let mut open = self.open.iter().flatten();
        let is_new = open.any(|change| matches!(change, Change::Create(it) if it == table));
        Ok((is_new || tables.contains_key(table)).then(columns_of_table))
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.memory.does("begin").await?;
        self.open = Some(Vec::new());
        let mut transactions = self.memory.transactions.lock().unwrap();
        self.number = transactions.len();
        transactions.push(false);
        Ok(())
    }

    async fn begin_witnessed(&mut self, _witness: Option<&str>) -> Result<Option<String>, Error> {
        self.begin().await?;
        Ok(self.memory.ways.fates.then(|| self.number.to_string()))
    }

    async fn fate(&mut self, receipt: &str) -> Result<Fate, Error> {
        self.memory.does("fate").await?;
        let number: usize = receipt.parse().unwrap();
        let is_committed = self.memory.transactions.lock().unwrap()[number];
        Ok(if is_committed {
            Fate::Committed
        } else {
            Fate::Undone
        })
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.memory.does("commit").await?;
        self.memory.apply(self.open.take().unwrap());
        self.memory.transactions.lock().unwrap()[self.number] = true;
        self.memory.after("commit")
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.open = None;
        self.memory.does("rollback").await
    }

    async fn load(&mut self, target: &Target, mut rows: BatchReceiver) -> Result<Loaded, Error> {
        self.memory.does(&format!("load {}", target.table)).await?;
        self.memory.loaded.lock().unwrap().push(target.clone());
        let mut loaded = 0;
        while let Some(batch) = rows.recv().await {
            let text =
                |value: Option<&[u8]>| value.map(|it| String::from_utf8(it.to_vec()).unwrap());
            let values: Values = batch.values().map(text).collect();
            for value in values.iter().flatten() {
                loaded += 1;
                let taken = self.memory.does(&format!("take {value}.")).await;
                taken.map_err(|error| error.at_row(loaded).at_column("v"))?;
            }
            self.change(Change::Append(target.table.clone(), values));
        }
        Ok(Loaded { rows: loaded })
    }

    async fn comments(&mut self, _table: &str) -> Result<Option<Comments>, Error> {
        Err(cancelled())
    }

    async fn set_comments(&mut self, _table: &str, _comments: &Comments) -> Result<(), Error> {
        Err(cancelled())
    }

    async fn close(self: Box<Self>) {}
}
