//! Real drivers in front of real databases: those of Debian for SQLite, MariaDB and PostgreSQL. A driver that is not
//! installed is left out, aloud.

#![cfg(feature = "odbc")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use peerflow_odbc::{OdbcDatabase, Settings, System};
use peerflow_rows::{Column, Database as _, Kind, Trouble, batches};
use support::{Driver, all, loaded};

const INTEGER: Kind = Kind::Integer {
    bits: 64,
    unsigned: false,
};

fn kinds() -> [Kind; 9] {
    [
        INTEGER,
        Kind::Decimal {
            precision: Some(30),
            scale: Some(4),
        },
        Kind::Float { bits: 64 },
        Kind::Text {
            characters: Some(80),
        },
        Kind::TEXT,
        Kind::Date,
        Kind::Timestamp { decimals: 6 },
        Kind::Boolean,
        Kind::Binary { bytes: None },
    ]
}

/// A row of the greatest, one of the least and one of NULLs.
fn rows(long: &str) -> [[&str; 9]; 3] {
    [
        [
            "9223372036854775807",
            "12345678901234567890123456.7800",
            "0.30000000000000004",
            "it's \"😀\"\n,\t\\",
            long,
            "2024-02-29",
            "2024-01-02 03:04:05.678901",
            "1",
            "bytes",
        ],
        [
            "-9223372036854775808",
            "-0.0001",
            "1.7976931348623157e308",
            "",
            "",
            "0001-01-01",
            "9999-12-31 23:59:59.999999",
            "0",
            "",
        ],
        ["NULL"; 9],
    ]
}

/// Whether a value came back; a driver may write other zeros at the end of a fraction.
fn is_same(driver: &Driver, column: usize, read: &str, wanted: &str) -> bool {
    let is_left_out = !driver.keeps_all && matches!(column, 2 | 6 | 8);
    is_left_out || read == wanted || read.trim_end_matches('0') == wanted.trim_end_matches('0')
}

async fn round_trip(driver: &Driver) {
    let table = driver.table("trip");
    let database = driver.database();
    let Some(mut session) = driver.connect(&database).await else {
        return;
    };
    let dialect = database.dialect();
    session
        .execute(&dialect.drop_table(&table), 0)
        .await
        .unwrap();
    let named = |(index, kind)| Column::new(format!("c{index}"), kind);
    let made: Vec<Column> = kinds().into_iter().enumerate().map(named).collect();
    session
        .execute(&dialect.create_table(&table, &made), 0)
        .await
        .unwrap();
    let long = "ж".repeat(100_000);
    let rows = rows(&long);
    let target = session.table(&table).await.unwrap().unwrap();
    for is_kept in [true, false] {
        session.begin().await.unwrap();
        let done = loaded(&mut *session, &table, &target, &made, &rows).await;
        assert_eq!(done, Ok(3), "{}", driver.name);
        if is_kept {
            session.commit().await.unwrap();
        } else {
            session.rollback().await.unwrap();
        }
    }
    let (_, read) = all(&mut *session, &format!("SELECT * FROM {table}")).await;
    assert_eq!(read.len(), 3);
    for (row, wanted) in read.iter().zip(&rows) {
        for (index, (value, wanted)) in row.iter().zip(wanted).enumerate() {
            let what = format!(
                "{} column {index}: {value:.80} instead of {wanted:.80}",
                driver.name
            );
            assert!(is_same(driver, index, value, wanted), "{what}");
        }
    }
    assert_eq!(session.table(&driver.table("missing")).await.unwrap(), None);
    let error = session.execute("SELEC 1", 0).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Refused, "{error}");
    session
        .execute(&format!("DROP TABLE {table}"), 0)
        .await
        .unwrap();
    session.close().await;
}

async fn many_rows(driver: &Driver) {
    let table = driver.table("many");
    let database = driver.database();
    let Some(mut session) = driver.connect(&database).await else {
        return;
    };
    session
        .execute(&database.dialect().drop_table(&table), 0)
        .await
        .unwrap();
    let columns = [
        Column::new("a", INTEGER),
        Column::new(
            "b",
            Kind::Text {
                characters: Some(40),
            },
        ),
    ];
    session
        .execute(&database.dialect().create_table(&table, &columns), 0)
        .await
        .unwrap();
    let rows: Vec<[String; 2]> = (0..5_000)
        .map(|row| [row.to_string(), format!("row {row} é")])
        .collect();
    session.begin().await.unwrap();
    assert_eq!(
        loaded(&mut *session, &table, &columns, &columns, &rows).await,
        Ok(5_000)
    );
    session.commit().await.unwrap();
    let (described, read) = all(
        &mut *session,
        &format!("SELECT a, b FROM {table} ORDER BY a"),
    )
    .await;
    let is_integer = matches!(described[0].kind, Kind::Integer { .. });
    assert!(is_integer || !driver.keeps_all, "{described:?}");
    assert_eq!(read, rows);
    // Nobody wants the rows: reading ends well, and the connection goes on.
    let (sender, receiver) = batches();
    drop(receiver);
    let query = format!(
        "SELECT x.a, x.b FROM {table} x, (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) y"
    );
    let columns = session.describe(&query).await.unwrap();
    session.read(&query, &columns, sender).await.unwrap();
    session
        .execute(&format!("DROP TABLE {table}"), 0)
        .await
        .unwrap();
}

#[tokio::test]
async fn values_survive_the_way_through_sqlites_driver() {
    let folder = tempfile::tempdir().unwrap();
    let driver = Driver::sqlite(folder.path());
    round_trip(&driver).await;
    many_rows(&driver).await;
}

#[tokio::test]
async fn values_survive_the_way_through_mariadbs_driver() {
    round_trip(&Driver::mariadb()).await;
    many_rows(&Driver::mariadb()).await;
}

#[tokio::test]
async fn values_survive_the_way_through_postgresqls_driver() {
    round_trip(&Driver::postgresql()).await;
    many_rows(&Driver::postgresql()).await;
}

async fn bad_value_is_told(driver: Driver) {
    let table = driver.table("bad");
    let database = driver.database();
    let Some(mut session) = driver.connect(&database).await else {
        return;
    };
    let dialect = database.dialect();
    session
        .execute(&dialect.drop_table(&table), 0)
        .await
        .unwrap();
    let columns = [Column::new("a", INTEGER)];
    session
        .execute(&dialect.create_table(&table, &columns), 0)
        .await
        .unwrap();
    session.begin().await.unwrap();
    let rows = [["1"], ["two"], ["3"]];
    let error = loaded(&mut *session, &table, &columns, &columns, &rows)
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::BadValue, "{error}");
    assert!(error.message.contains("rows 1 to 3"), "{error}");
    session.rollback().await.unwrap();
    let (_, read) = all(&mut *session, &format!("SELECT * FROM {table}")).await;
    assert!(read.is_empty());
    session
        .execute(&dialect.drop_table(&table), 0)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_and_nothing_is_left() {
    bad_value_is_told(Driver::postgresql()).await;
    bad_value_is_told(Driver::mariadb()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_nobody_waits_for_any_more_is_stopped() {
    let driver = Driver::postgresql();
    let database = driver.database();
    let Some(mut session) = driver.connect(&database).await else {
        return;
    };
    let sleeping = session.execute("SELECT pg_sleep(3600)", 1);
    let given_up = tokio::time::timeout(Duration::from_millis(100), sleeping).await;
    assert!(given_up.is_err());
    let (_, rows) = all(&mut *session, "SELECT 1").await;
    assert_eq!(rows, [["1"]]);
}

async fn is_stopped(driver: Driver, sleeps: &'static str) {
    let database = driver.database();
    let Some(mut session) = driver.connect(&database).await else {
        return;
    };
    let canceller = session.canceller();
    let mut set = tokio::task::JoinSet::new();
    set.spawn(async move {
        let done = session.execute(sleeps, 1).await;
        (session, done)
    });
    let (mut session, done) = loop {
        canceller.cancel().await.unwrap();
        match tokio::time::timeout(Duration::from_millis(100), set.join_next()).await {
            Ok(joined) => break joined.unwrap().unwrap(),
            Err(_) => continue,
        }
    };
    assert_eq!(done.unwrap_err().trouble, Trouble::Cancelled);
    let (_, rows) = all(&mut *session, "SELECT 1").await;
    assert_eq!(rows, [["1"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_is_stopped_on_postgresql() {
    is_stopped(Driver::postgresql(), "SELECT pg_sleep(60)").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_is_stopped_on_mariadb() {
    is_stopped(Driver::mariadb(), "SELECT BENCHMARK(2000000000, SHA1('x'))").await;
}

#[tokio::test]
async fn a_statement_ends_at_the_limit_that_its_driver_knows() {
    let driver = Driver::postgresql();
    let mut settings = driver.settings();
    settings.statement_timeout = Some(Duration::from_secs(1));
    let database = OdbcDatabase::new(settings, None);
    let Some(mut session) = driver.connect(&database).await else {
        return;
    };
    let error = session
        .execute("SELECT pg_sleep(3600)", 1)
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Cancelled, "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_as_such() {
    for name in ["MariaDB Unicode", "PostgreSQL Unicode"] {
        let url = format!("Driver={{{name}}};Server=127.0.0.1;Port=1;Database=test");
        let settings = Settings::from_url(&url, Some("root"), None, &[]).unwrap();
        let error = OdbcDatabase::new(settings, None)
            .connect()
            .await
            .unwrap_err();
        if error.trouble != Trouble::Settings {
            assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
        }
    }
}

#[tokio::test]
async fn a_view_whose_definer_is_gone_is_no_missing_table() {
    let driver = Driver::mariadb();
    let database = driver.database();
    let Some(mut session) = driver.connect(&database).await else {
        return;
    };
    let view = driver.table("orphan");
    let made =
        format!("CREATE OR REPLACE DEFINER = 'nobody_here'@'%' VIEW {view} AS SELECT 1 AS a");
    session.execute(&made, 0).await.unwrap();
    let told = session.table(&view).await;
    session
        .execute(&format!("DROP VIEW {view}"), 0)
        .await
        .unwrap();
    let error = told.unwrap_err();
    assert!(error.message.contains("does not exist"), "{error}");
    assert_eq!(session.table(&view).await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_source_are_told_without_secrets() {
    let settings =
        Settings::from_url("odbc:no_such_source", Some("me"), Some("sesame-7"), &[]).unwrap();
    let error = OdbcDatabase::new(settings, None)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Settings, "{error}");
    assert!(!error.message.contains("sesame"), "{error}");
    let url = "Driver={MariaDB Unicode};Server=127.0.0.1;Port=3306";
    let settings = Settings::from_url(url, Some("nobody_here"), Some("sesame-7"), &[]).unwrap();
    let database = OdbcDatabase::new(settings, None);
    let error = database.connect().await.unwrap_err();
    if error.trouble != Trouble::Settings {
        assert_eq!(error.trouble, Trouble::AccessDenied, "{error}");
    }
    assert!(!error.message.contains("sesame"), "{error}");
    assert_eq!(database.dialect().name(), "MySQL", "by the driver's name");
    let settings = Settings::from_url("DSN=x", None, None, &[]).unwrap();
    let database = OdbcDatabase::new(settings, Some(System::Oracle));
    assert_eq!(database.dialect().name(), "Oracle", "by the link's type");
}
