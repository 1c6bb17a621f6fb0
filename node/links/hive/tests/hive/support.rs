//! The server of the tests, and what tests do with sessions.

use std::sync::Arc;

use peerflow_hive::{HiveDatabase, Settings};
use peerflow_rows::{
    BatchBuilder, Column, Database as _, Error, Kind, Loaded, RowBatch, Session, Target, batches,
};

pub(crate) type Row = Vec<Option<String>>;

/// The server, where there is one.
pub(crate) fn settings() -> Option<Settings> {
    let Ok(url) = std::env::var("PEERFLOW_TEST_HIVE") else {
        println!("skipped: PEERFLOW_TEST_HIVE names no server of HiveServer2");
        return None;
    };
    let (place, properties) = url.split_once(';').unwrap_or((&url, ""));
    let (host, port) = place
        .strip_prefix("hive2://")
        .and_then(|place| place.trim_end_matches('/').rsplit_once(':'))
        .expect("PEERFLOW_TEST_HIVE is hive2://host:port;name=value;…");
    let mut settings = Settings::new(host);
    for property in properties.split_terminator(';') {
        let (name, value) = property.split_once('=').expect("name=value");
        settings
            .properties
            .insert(name.to_owned(), value.to_owned());
    }
    settings.port = port.parse().expect("a port");
    settings.user = "tester".to_owned();
    Some(settings)
}

pub(crate) async fn connect(settings: Settings) -> Box<dyn Session> {
    HiveDatabase::new(settings)
        .expect("settings that make sense")
        .connect()
        .await
        .expect("a HiveServer2 for the tests")
}

/// A session that is told what the server logs of its statements.
pub(crate) async fn talkative_session() -> Option<Box<dyn Session>> {
    let mut settings = settings()?;
    settings.properties.insert(
        "hiveconf:hive.server2.logging.operation.level".to_owned(),
        "VERBOSE".to_owned(),
    );
    Some(connect(settings).await)
}

/// A session whose tables are in a database of its own, which begins empty.
pub(crate) async fn session(name: &str) -> Option<Box<dyn Session>> {
    let settings = settings()?;
    let database = database(name);
    let mut session = connect(settings.clone()).await;
    run(
        &mut *session,
        &format!("DROP DATABASE IF EXISTS {database} CASCADE"),
    )
    .await;
    run(&mut *session, &format!("CREATE DATABASE {database}")).await;
    session.close().await;
    Some(
        connect(Settings {
            database,
            ..settings
        })
        .await,
    )
}

pub(crate) fn database(name: &str) -> String {
    format!("peerflow_test_{name}")
}

/// Ends a test well: its database goes.
pub(crate) async fn finish(mut session: Box<dyn Session>, name: &str) {
    let drop = format!("DROP DATABASE {} CASCADE", database(name));
    run(&mut *session, &drop).await;
    session.close().await;
}

pub(crate) async fn run(session: &mut dyn Session, statement: &str) {
    session.execute(statement, 0).await.expect(statement);
}

pub(crate) fn rows_of(batch: &RowBatch) -> Vec<Row> {
    let value = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    (0..batch.rows())
        .map(|row| {
            (0..batch.columns())
                .map(|column| batch.value(row, column).map(value))
                .collect()
        })
        .collect()
}

pub(crate) async fn first_rows(session: &mut dyn Session, query: &str) -> Vec<Row> {
    rows_of(&session.execute(query, 1000).await.expect(query).first_rows)
}

/// All rows of a query, read as a transfer reads them.
pub(crate) async fn read(session: &mut dyn Session, query: &str) -> (Vec<Column>, Vec<Row>) {
    let columns = session.describe(query).await.expect(query);
    let (sender, mut receiver) = batches();
    let taking = async {
        let mut rows = Vec::new();
        while let Some(batch) = receiver.recv().await {
            rows.extend(rows_of(&batch));
        }
        rows
    };
    let (count, rows) = tokio::join!(session.read(query, &columns, sender), taking);
    assert_eq!(count.expect(query), rows.len() as u64);
    (columns, rows)
}

/// Loads rows whose values have these kinds into the columns of a table.
pub(crate) async fn load(
    session: &mut dyn Session,
    table: &str,
    source: &[Kind],
    rows: &[Vec<Option<&[u8]>>],
) -> Result<Loaded, Error> {
    let columns = session.table(table).await?.expect("the table is there");
    let target = Target {
        table: table.to_owned(),
        source: source.iter().map(|kind| Column::new("s", *kind)).collect(),
        columns,
        progress: Arc::default(),
    };
    let (sender, receiver) = batches();
    let feeding = async move {
        let mut builder = BatchBuilder::new(source.len());
        for row in rows {
            for value in row {
                builder.push(*value).expect("a small row");
            }
            if builder.is_full() && sender.send(builder.take()).await.is_err() {
                return;
            }
        }
        if !builder.is_empty() {
            drop(sender.send(builder.take()).await);
        }
    };
    tokio::join!(session.load(&target, receiver), feeding).0
}
