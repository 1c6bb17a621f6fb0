//! A schema for one test, and what tests do with sessions.

use std::sync::Arc;

use peerflow_postgres::{PostgresDatabase, Settings};
use peerflow_rows::{
    BatchBuilder, Column, Database as _, Error, Executed, Kind, Loaded, RowBatch, Session, Target,
    batches,
};
use tokio_postgres::config::Host;

pub(crate) type Row = Vec<Option<String>>;

/// The server of the tests, without any property.
pub(crate) fn settings() -> Settings {
    let url = std::env::var("PEERFLOW_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let config: tokio_postgres::Config = url.parse().expect("PEERFLOW_TEST_POSTGRES is a URL");
    let host = match &config.get_hosts()[0] {
        Host::Tcp(host) => host.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    Settings {
        host,
        port: config
            .get_ports()
            .first()
            .copied()
            .unwrap_or(Settings::PORT),
        database: config.get_dbname().unwrap_or_default().to_owned(),
        user: config.get_user().unwrap_or_default().to_owned(),
        password: config
            .get_password()
            .map(|password| String::from_utf8_lossy(password).into_owned())
            .unwrap_or_default(),
        properties: Vec::new(),
        connect_timeout: Settings::CONNECT_TIMEOUT,
    }
}

pub(crate) fn with(properties: &[(&str, &str)]) -> Settings {
    let mut settings = settings();
    for &(name, value) in properties {
        settings
            .properties
            .push((name.to_owned(), value.to_owned()));
    }
    settings
}

pub(crate) async fn connect(settings: Settings) -> Result<Box<dyn Session>, Error> {
    PostgresDatabase::new(settings).connect().await
}

/// A schema of its own, and sessions whose tables are there.
pub(crate) struct Schema {
    pub(crate) name: String,
}

impl Schema {
    /// Begins empty, whatever a test that broke off left.
    pub(crate) async fn new(name: &str) -> (Self, Box<dyn Session>) {
        let name = format!("peerflow_test_{name}_{}", std::process::id());
        let mut session = connect(settings())
            .await
            .expect("a PostgreSQL for the tests");
        let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
        session.execute(&sql, 0).await.unwrap();
        session
            .execute(&format!("CREATE SCHEMA {name}"), 0)
            .await
            .unwrap();
        session.close().await;
        let schema = Self { name };
        let session = schema.session().await;
        (schema, session)
    }

    pub(crate) async fn session(&self) -> Box<dyn Session> {
        self.session_with(&[]).await
    }

    pub(crate) async fn session_with(&self, properties: &[(&str, &str)]) -> Box<dyn Session> {
        let mut settings = with(properties);
        let schema = ("currentSchema".to_owned(), self.name.clone());
        settings.properties.push(schema);
        connect(settings).await.unwrap()
    }

    pub(crate) async fn drop(self, mut session: Box<dyn Session>) {
        let sql = format!("DROP SCHEMA {} CASCADE", self.name);
        session.execute(&sql, 0).await.unwrap();
        session.close().await;
    }
}

pub(crate) async fn run(session: &mut Box<dyn Session>, sql: &str) -> Executed {
    session
        .execute(sql, 20)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// All rows of a query as `read` gives them.
pub(crate) async fn read(session: &mut Box<dyn Session>, query: &str) -> (Vec<Column>, Vec<Row>) {
    let columns = session.describe(query).await.unwrap();
    let (sender, mut receiver) = batches();
    let take = async {
        let mut all = Vec::new();
        while let Some(batch) = receiver.recv().await {
            all.extend(rows_of(&batch));
        }
        all
    };
    let (count, rows) = tokio::join!(session.read(query, &columns, sender), take);
    assert_eq!(count.unwrap(), rows.len() as u64);
    (columns, rows)
}

pub(crate) fn rows_of(batch: &RowBatch) -> Vec<Row> {
    let values: Vec<Option<String>> = batch
        .values()
        .map(|value| value.map(|value| String::from_utf8(value.to_vec()).unwrap()))
        .collect();
    values
        .chunks(batch.columns().max(1))
        .map(<[_]>::to_vec)
        .collect()
}

pub(crate) fn row(values: &[Option<&str>]) -> Row {
    values
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

/// Loads rows of values that come from columns of these kinds.
pub(crate) async fn load(
    session: &mut Box<dyn Session>,
    table: &str,
    kinds: &[Kind],
    rows: &[&[Option<&[u8]>]],
) -> Result<Loaded, Error> {
    let target = target(session, table, kinds).await;
    let (sender, receiver) = batches();
    let give = async move {
        let mut builder = BatchBuilder::new(target.columns.len());
        for (index, row) in rows.iter().enumerate() {
            for value in *row {
                builder.push(*value).unwrap();
            }
            // Several batches, so that rows are counted over them.
            if index % 2 == 1 && sender.send(builder.take()).await.is_err() {
                return;
            }
        }
        if !builder.is_empty() {
            sender.send(builder.take()).await.ok();
        }
    };
    let target = self::target(session, table, kinds).await;
    let (loaded, ()) = tokio::join!(session.load(&target, receiver), give);
    loaded
}

pub(crate) async fn target(session: &mut Box<dyn Session>, table: &str, kinds: &[Kind]) -> Target {
    let columns = session
        .table(table)
        .await
        .unwrap()
        .expect("the table is there");
    let source = columns
        .iter()
        .zip(kinds)
        .map(|(column, &kind)| Column::new(&column.name, kind))
        .collect();
    Target {
        table: table.to_owned(),
        columns,
        source,
        progress: Arc::default(),
    }
}
