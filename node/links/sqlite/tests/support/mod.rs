//! Files for tests, and rows as text.

use std::sync::Arc;
use std::time::Duration;

use peerflow_rows::{
    BatchBuilder, Column, Database as _, Dialect as _, Error, Kind, RowBatch, Session, Target,
    batches,
};
use peerflow_sqlite::{Access, Settings, SqliteDatabase, SqliteDialect};

/// A file of its own, gone with it.
pub(crate) struct File {
    folder: tempfile::TempDir,
}

impl File {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = Self { folder };
        file.session_with(Access::Create).await;
        file
    }

    fn settings(&self) -> Settings {
        Settings::new(self.folder.path().join("test.db"))
    }

    pub(crate) async fn session(&self) -> Box<dyn Session> {
        self.session_with(Access::ReadWrite).await
    }

    pub(crate) async fn session_with(&self, access: Access) -> Box<dyn Session> {
        let mut settings = self.settings();
        settings.access = access;
        SqliteDatabase::new(settings).connect().await.unwrap()
    }

    pub(crate) async fn session_waiting(&self, busy_timeout: Duration) -> Box<dyn Session> {
        let mut settings = self.settings();
        settings.busy_timeout = busy_timeout;
        SqliteDatabase::new(settings).connect().await.unwrap()
    }

    /// How large it is.
    pub(crate) fn bytes(&self) -> u64 {
        std::fs::metadata(self.settings().path).unwrap().len()
    }

    /// Runs a statement over a connection of its own.
    pub(crate) async fn run(&self, statement: &str) {
        self.session().await.execute(statement, 0).await.unwrap();
    }
}

/// All rows of a query as text.
pub(crate) async fn all(session: &mut dyn Session, query: &str) -> (Vec<Column>, Vec<Vec<String>>) {
    let columns = session.describe(query).await.unwrap();
    let (sender, mut receiver) = batches();
    let mut rows = Vec::new();
    let receive = async {
        while let Some(batch) = receiver.recv().await {
            rows.extend(text_rows(&batch));
        }
    };
    let (read, ()) = tokio::join!(session.read(query, &columns, sender), receive);
    assert_eq!(read.unwrap(), rows.len() as u64);
    (columns, rows)
}

/// Rows as text, NULL as such, and bytes that are none escaped.
pub(crate) fn text_rows(batch: &RowBatch) -> Vec<Vec<String>> {
    let text = |value: Option<&[u8]>| match value {
        None => "NULL".to_owned(),
        Some(value) => match std::str::from_utf8(value) {
            Ok(text) => text.to_owned(),
            Err(_) => value.escape_ascii().to_string(),
        },
    };
    let values: Vec<String> = batch.values().map(text).collect();
    values
        .chunks(batch.columns().max(1))
        .map(<[String]>::to_vec)
        .collect()
}

/// Makes a table for values of these kinds.
pub(crate) async fn table_of(session: &mut dyn Session, name: &str, kinds: &[Kind]) -> Vec<Column> {
    let columns: Vec<Column> = kinds
        .iter()
        .enumerate()
        .map(|(index, &kind)| Column::new(format!("c{index}"), kind))
        .collect();
    session
        .execute(&SqliteDialect.create_table(name, &columns), 0)
        .await
        .unwrap();
    session.table(name).await.unwrap().unwrap()
}

/// Loads rows of text; `NULL` is one.
pub(crate) async fn loaded<V: AsRef<str>, const WIDTH: usize>(
    session: &mut dyn Session,
    table: &str,
    columns: &[Column],
    source: &[Kind],
    rows: &[[V; WIDTH]],
) -> Result<u64, Error> {
    let mut builder = BatchBuilder::new(WIDTH);
    for value in rows.iter().flatten() {
        let value = value.as_ref();
        builder
            .push((value != "NULL").then_some(value.as_bytes()))
            .unwrap();
    }
    let target = Target {
        table: table.to_owned(),
        columns: columns.to_vec(),
        source: source.iter().map(|&kind| Column::new("", kind)).collect(),
        progress: Arc::default(),
    };
    let (sender, receiver) = batches();
    sender.send(builder.take()).await.unwrap();
    drop(sender);
    session
        .load(&target, receiver)
        .await
        .map(|loaded| loaded.rows)
}
