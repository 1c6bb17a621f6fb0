//! Drivers for tests, and rows as text.

use std::path::Path;
use std::sync::Arc;

use peerflow_odbc::{OdbcDatabase, Settings};
use peerflow_rows::{
    BatchBuilder, Column, Database as _, Error, Session, Target, Trouble, batches,
};

/// A driver and where it leads.
pub(crate) struct Driver {
    pub(crate) name: &'static str,
    url: String,
    /// SQLite's driver writes doubles with 15 digits, three decimals of the second, and bytes as text.
    pub(crate) keeps_all: bool,
    user: Option<&'static str>,
}

impl Driver {
    pub(crate) fn sqlite(folder: &Path) -> Self {
        Self {
            name: "sqlite",
            url: format!(
                "odbc:Driver=SQLite3;Database={};Timeout=1000",
                folder.join("test.db").display()
            ),
            keeps_all: false,
            user: None,
        }
    }

    pub(crate) fn mariadb() -> Self {
        Self {
            name: "mariadb",
            url: "odbc:Driver={MariaDB Unicode};Server=127.0.0.1;Port=3306;Database=test"
                .to_owned(),
            keeps_all: true,
            user: Some("root"),
        }
    }

    pub(crate) fn postgresql() -> Self {
        Self {
            name: "postgresql",
            url: "odbc:Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=5432;Database=test;ByteaAsLongVarBinary=1"
                .to_owned(),
            keeps_all: true,
            user: Some("postgres"),
        }
    }

    /// A table of this process.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("peerflow_odbc_{name}_{}", std::process::id())
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::from_url(&self.url, self.user, None, &[]).unwrap()
    }

    pub(crate) fn database(&self) -> OdbcDatabase {
        OdbcDatabase::new(self.settings(), None)
    }

    /// `None` when the driver is not installed.
    pub(crate) async fn connect(&self, database: &OdbcDatabase) -> Option<Box<dyn Session>> {
        match database.connect().await {
            Ok(session) => Some(session),
            Err(error) if error.trouble == Trouble::Settings => {
                eprintln!("left out: {}: {error}", self.name);
                None
            }
            Err(error) => panic!("{}: {error:?}", self.name),
        }
    }
}

/// All rows of a query as text, NULL as such.
pub(crate) async fn all(session: &mut dyn Session, query: &str) -> (Vec<Column>, Vec<Vec<String>>) {
    let columns = session.describe(query).await.unwrap();
    let (sender, mut receiver) = batches();
    let mut rows = Vec::new();
    let receive = async {
        while let Some(batch) = receiver.recv().await {
            let text = |value: Option<&[u8]>| {
                value.map_or_else(
                    || "NULL".to_owned(),
                    |value| String::from_utf8_lossy(value).into_owned(),
                )
            };
            let values: Vec<String> = batch.values().map(text).collect();
            rows.extend(values.chunks(batch.columns()).map(<[String]>::to_vec));
        }
    };
    let (read, ()) = tokio::join!(session.read(query, &columns, sender), receive);
    assert_eq!(read.unwrap(), rows.len() as u64);
    (columns, rows)
}

/// Loads rows of text; `NULL` is one.
pub(crate) async fn loaded<V: AsRef<str>, const WIDTH: usize>(
    session: &mut dyn Session,
    table: &str,
    columns: &[Column],
    source: &[Column],
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
        source: source.to_vec(),
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
