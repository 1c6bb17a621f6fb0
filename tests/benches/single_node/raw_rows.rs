//! The least that a store can do: durable rows, 500 in each commit, into a table with nothing but a key.

use std::path::Path;

use sqlx::mysql::MySqlConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::measure::{Stopwatch, per_second};

const ROWS: i64 = 20_000;
const BATCH: i64 = 500;
/// About what a visit or an attempt has.
const BYTES: usize = 150;

/// A table of its own beside the one that is measured.
pub(crate) enum RawRows {
    Sqlite(Box<SqliteConnection>, i64),
    Mysql(Box<MySqlConnection>, i64),
}

macro_rules! insert {
    ($link:expr, $first:expr) => {{
        let places = vec!["(?,?,?)"; usize::try_from(BATCH).expect("fits")].join(",");
        let sql = format!("INSERT INTO raw_rows VALUES {places}");
        for batch in 0..ROWS / BATCH {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for row in 0..BATCH {
                query = query
                    .bind(*$first + batch * BATCH + row)
                    .bind(row)
                    .bind("x".repeat(BYTES));
            }
            query.execute(&mut **$link).await.expect("rows go in");
        }
        *$first += ROWS;
    }};
}

impl RawRows {
    /// In a file of this folder, as durable as the embedded store.
    pub(crate) async fn sqlite(folder: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("raw_rows.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let mut link = options.connect().await.expect("SQLite opens");
        let table = "CREATE TABLE raw_rows (id INTEGER PRIMARY KEY, number INTEGER, body TEXT)";
        sqlx::raw_sql(table)
            .execute(&mut link)
            .await
            .expect("the table is made");
        Self::Sqlite(Box::new(link), 0)
    }

    /// In this database.
    pub(crate) async fn mysql(url: &str) -> Self {
        let mut link = MySqlConnection::connect(url)
            .await
            .expect("MariaDB answers");
        let table =
            "CREATE TABLE raw_rows (id BIGINT PRIMARY KEY, number BIGINT, body TEXT) ENGINE=InnoDB";
        sqlx::raw_sql(table)
            .execute(&mut link)
            .await
            .expect("the table is made");
        Self::Mysql(Box::new(link), 0)
    }

    /// Rows a second.
    pub(crate) async fn rate(&mut self) -> f64 {
        let watch = Stopwatch::start();
        match self {
            Self::Sqlite(link, first) => insert!(link, first),
            Self::Mysql(link, first) => insert!(link, first),
        }
        per_second(usize::try_from(ROWS).expect("fits"), watch.seconds())
    }
}
