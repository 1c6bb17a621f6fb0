//! A database of its own for each test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use peerflow_mysql::{MySqlDatabase, Settings};
use peerflow_rows::{
    BatchBuilder, Column, Database, Error, Kind, Loaded, RowBatch, Session, Target, batches,
};

/// Where the server is.
pub(crate) fn settings() -> Settings {
    let url = std::env::var("PEERFLOW_TEST_MYSQL")
        .unwrap_or_else(|_unset| "mysql://root@127.0.0.1:3306".to_owned());
    let rest = url.trim_start_matches("mysql://").trim_end_matches('/');
    let (user, place) = rest.rsplit_once('@').unwrap_or(("root", rest));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "3306"));
    Settings {
        port: port.parse().expect("PEERFLOW_TEST_MYSQL has a port"),
        user: user.to_owned(),
        password: password.to_owned(),
        ..Settings::new(host)
    }
}

/// A database of the server; `drop_it` removes it.
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) settings: Settings,
}

impl Place {
    pub(crate) async fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "peerflow_mysql_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let mut server = connect(settings()).await;
        run(
            &mut *server,
            &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
        )
        .await;
        let settings = Settings {
            database: name.clone(),
            ..settings()
        };
        Self { name, settings }
    }

    pub(crate) async fn session(&self) -> Box<dyn Session> {
        connect(self.settings.clone()).await
    }

    pub(crate) async fn session_with(&self, name: &str, value: &str) -> Box<dyn Session> {
        let mut settings = self.settings.clone();
        settings
            .properties
            .insert(name.to_owned(), value.to_owned());
        connect(settings).await
    }

    pub(crate) async fn drop_it(self) {
        let mut server = connect(settings()).await;
        run(&mut *server, &format!("DROP DATABASE {}", self.name)).await;
    }
}

pub(crate) async fn connect(settings: Settings) -> Box<dyn Session> {
    let place = format!("{}:{}", settings.host, settings.port);
    let database = MySqlDatabase::new(settings).unwrap();
    database.connect().await.unwrap_or_else(|error| {
        panic!("these tests need MariaDB at {place} (PEERFLOW_TEST_MYSQL): {error}")
    })
}

pub(crate) async fn run(session: &mut dyn Session, statement: &str) {
    session
        .execute(statement, 0)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// All rows of a query, each value as text or `NULL`.
pub(crate) async fn rows(session: &mut dyn Session, query: &str) -> Vec<Vec<String>> {
    let (_, batches) = read(session, query).await.unwrap();
    batches.iter().flat_map(texts).collect()
}

pub(crate) fn texts(batch: &RowBatch) -> Vec<Vec<String>> {
    (0..batch.rows())
        .map(|row| {
            (0..batch.columns())
                .map(|column| {
                    batch.value(row, column).map_or_else(
                        || "NULL".to_owned(),
                        |value| String::from_utf8_lossy(value).into_owned(),
                    )
                })
                .collect()
        })
        .collect()
}

/// Describes and reads a query.
pub(crate) async fn read(
    session: &mut dyn Session,
    query: &str,
) -> Result<(Vec<Column>, Vec<RowBatch>), Error> {
    let columns = session.describe(query).await?;
    let (sender, mut receiver) = batches();
    let reading = session.read(query, &columns, sender);
    let taking = async {
        let mut all = Vec::new();
        while let Some(batch) = receiver.recv().await {
            all.push(batch);
        }
        all
    };
    let (count, all) = tokio::join!(reading, taking);
    assert_eq!(
        count?,
        all.iter().map(|batch| batch.rows() as u64).sum::<u64>()
    );
    Ok((columns, all))
}

/// Rows of values; `None` is NULL.
pub(crate) fn batch(rows: &[&[Option<&[u8]>]]) -> RowBatch {
    let mut builder = BatchBuilder::new(rows[0].len());
    for value in rows.iter().copied().flatten() {
        builder.push(*value).unwrap();
    }
    builder.take()
}

/// Loads batches into the columns of a table.
pub(crate) async fn load(
    session: &mut dyn Session,
    table: &str,
    columns: &[(&str, Kind)],
    rows: Vec<RowBatch>,
) -> Result<Loaded, Error> {
    let source: Vec<Column> = columns
        .iter()
        .map(|(name, kind)| Column::new(*name, *kind))
        .collect();
    let progress = Arc::new(AtomicU64::new(0));
    let target = Target {
        table: table.to_owned(),
        columns: source.clone(),
        source,
        progress: Arc::clone(&progress),
    };
    let (sender, receiver) = batches();
    let sending = async move {
        for batch in rows {
            if sender.send(batch).await.is_err() {
                break;
            }
        }
    };
    let (loaded, ()) = tokio::join!(session.load(&target, receiver), sending);
    if let Ok(loaded) = &loaded {
        assert_eq!(progress.load(Ordering::Relaxed), loaded.rows);
    }
    loaded
}
