//! Values on their way in.

use peerflow_hive::HiveDialect;
use peerflow_rows::{Column, Dialect as _, Kind, Trouble};

use crate::support::{Row, finish, first_rows, load, read, run, session};

const LONG: Kind = Kind::Integer {
    bits: 64,
    unsigned: false,
};

fn row<'v>(values: &[Option<&'v str>]) -> Vec<Option<&'v [u8]>> {
    values
        .iter()
        .map(|value| value.map(str::as_bytes))
        .collect()
}

fn owned(row: &[Option<&[u8]>]) -> Row {
    row.iter()
        .map(|value| value.map(|value| String::from_utf8_lossy(value).into_owned()))
        .collect()
}

fn texts(values: &[Option<&str>]) -> Row {
    values
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn every_kind_goes_in_and_comes_back_the_same() {
    let Some(mut session) = session("round").await else {
        return;
    };
    // Spark by itself refuses days of the old calendar.
    for name in ["datetimeRebaseModeInWrite", "int96RebaseModeInWrite"] {
        let set = format!("SET spark.sql.parquet.{name}=CORRECTED");
        run(&mut *session, &set).await;
    }
    let decimal = Kind::Decimal {
        precision: Some(20),
        scale: Some(4),
    };
    let kinds = [
        LONG,
        Kind::Boolean,
        decimal,
        Kind::Float { bits: 64 },
        Kind::Float { bits: 32 },
        Kind::Date,
        Kind::Timestamp { decimals: 6 },
        Kind::TEXT,
        Kind::Time { decimals: 0 },
        Kind::Json,
    ];
    let columns: Vec<Column> = kinds
        .iter()
        .enumerate()
        .map(|(index, kind)| Column::new(format!("c {index}"), *kind))
        .collect();
    run(&mut *session, &HiveDialect.create_table("t", &columns)).await;
    let given = [
        row(&[
            Some("-9223372036854775808"),
            Some("1"),
            Some("-1234567890123456.7891"),
            Some("0.1"),
            Some("0.1"),
            Some("0001-01-01"),
            Some("1900-01-01 00:00:00.000001"),
            Some("it's a \\ \"quote\"\nand\ta ${line} $x 😀 订单; -- no comment"),
            Some("12:34:56"),
            Some("{\"a\": [1, null]}"),
        ]),
        row(&[
            Some("9223372036854775807"),
            Some("0"),
            Some("0.0000"),
            Some("-1.7976931348623157e308"),
            Some("Infinity"),
            Some("9999-12-31"),
            Some("9999-12-31 23:59:59.999999"),
            Some(""),
            Some("\u{1}\u{7f}\r\n"),
            Some("null"),
        ]),
        row(&[None; 10]),
    ];
    let loaded = load(&mut *session, "t", &kinds, &given).await.unwrap();
    assert_eq!(loaded.rows, 3);
    let (_, mut rows) = read(&mut *session, "SELECT * FROM t").await;
    rows.sort();
    let mut expected: Vec<Row> = given.iter().map(|row| owned(row)).collect();
    expected.sort();
    assert_eq!(rows, expected);
    finish(session, "round").await;
}

#[tokio::test]
async fn bytes_go_in_as_they_are() {
    let Some(mut session) = session("bytes").await else {
        return;
    };
    run(&mut *session, "CREATE TABLE t (b BINARY) STORED AS PARQUET").await;
    let all: Vec<u8> = (0..=255).collect();
    let kind = Kind::Binary { bytes: None };
    load(
        &mut *session,
        "t",
        &[kind],
        &[vec![Some(&all[..])], vec![Some(&b""[..])]],
    )
    .await
    .unwrap();
    let hex = first_rows(&mut *session, "SELECT hex(b) FROM t ORDER BY 1").await;
    let expected: String = all.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hex, [texts(&[Some("")]), texts(&[Some(&expected)])]);
    finish(session, "bytes").await;
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_with_its_row_and_column() {
    let Some(mut session) = session("unfit").await else {
        return;
    };
    run(
        &mut *session,
        "CREATE TABLE t (id INT, name VARCHAR(3)) STORED AS PARQUET",
    )
    .await;
    let good = row(&[Some("1"), Some("abc")]);
    let bad = row(&[Some("2"), Some("abcd")]);
    let kinds = [LONG, Kind::TEXT];
    let error = load(&mut *session, "t", &kinds, &[good.clone(), bad])
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::BadValue);
    assert_eq!(
        (error.row, error.column.as_deref()),
        (Some(2), Some("name"))
    );
    let rows = first_rows(&mut *session, "SELECT count(*) FROM t").await;
    assert_eq!(rows, [texts(&[Some("0")])], "the batch was not sent");
    let large = row(&[Some("2147483648"), None]);
    let error = load(&mut *session, "t", &kinds, &[large])
        .await
        .unwrap_err();
    assert_eq!(error.column.as_deref(), Some("id"));
    load(&mut *session, "t", &kinds, &[good]).await.unwrap();
    finish(session, "unfit").await;
}

#[tokio::test]
async fn rows_are_gathered_beside_the_table_and_moved_at_once() {
    let Some(mut session) = session("staging").await else {
        return;
    };
    let table = format!("{}.`Target`", crate::support::database("staging"));
    run(
        &mut *session,
        &format!("CREATE TABLE {table} (id INT, name VARCHAR(5)) STORED AS PARQUET"),
    )
    .await;
    let staging = HiveDialect.staging_name(&table, "pf_7_1");
    run(&mut *session, &HiveDialect.create_staging(&staging, &table)).await;
    run(&mut *session, "CREATE TABLE other (a INT)").await;
    let list = HiveDialect.list_staging(&table, "pf_7");
    let found = first_rows(&mut *session, &list).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let found = found[0][0].clone().unwrap();
    let kinds = [LONG, Kind::TEXT];
    let rows = [row(&[Some("1"), Some("a")]), row(&[Some("2"), None])];
    load(&mut *session, &staging, &kinds, &rows).await.unwrap();
    let columns = session.table(&table).await.unwrap().unwrap();
    for _ in 0..2 {
        run(&mut *session, &HiveDialect.delete_all(&table)).await;
        let move_rows = HiveDialect.move_rows(&found, &table, &columns);
        run(&mut *session, &move_rows).await;
    }
    run(&mut *session, &HiveDialect.drop_table(&found)).await;
    assert!(first_rows(&mut *session, &list).await.is_empty());
    let count = first_rows(&mut *session, &format!("SELECT count(*) FROM {table}")).await;
    assert_eq!(count, [texts(&[Some("2")])]);
    finish(session, "staging").await;
}

#[tokio::test]
async fn a_failed_insert_names_its_rows_and_the_first_cause() {
    let Some(mut session) = session("cause").await else {
        return;
    };
    run(&mut *session, "CREATE TABLE t (day DATE) STORED AS PARQUET").await;
    let rows = [row(&[Some("1500-01-01")])];
    let error = load(&mut *session, "t", &[Kind::Date], &rows).await;
    let error = error.unwrap_err();
    assert!(error.message.contains("rows 1 to 1"), "{error}");
    assert!(error.message.contains("1582"), "{error}");
    finish(session, "cause").await;
}

#[tokio::test]
async fn an_instant_stays_the_same_instant_in_spark() {
    let Some(mut session) = session("instant").await else {
        return;
    };
    run(
        &mut *session,
        "CREATE TABLE t (at TIMESTAMP) STORED AS PARQUET",
    )
    .await;
    run(
        &mut *session,
        "SET spark.sql.session.timeZone=Asia/Shanghai",
    )
    .await;
    let kind = Kind::Instant { decimals: 6 };
    let at = row(&[Some("2024-01-01 00:00:00.5+00:00")]);
    load(&mut *session, "t", &[kind], &[at]).await.unwrap();
    let (_, rows) = read(&mut *session, "SELECT at FROM t").await;
    assert_eq!(rows, [texts(&[Some("2024-01-01 08:00:00.5")])]);
    finish(session, "instant").await;
}
