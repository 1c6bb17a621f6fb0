//! Values on their way out.

use peerflow_rows::{Kind, Trouble, batches};

use crate::support::{finish, read, session};

#[tokio::test]
async fn every_type_comes_in_its_plain_form() {
    let Some(mut session) = session("types").await else {
        return;
    };
    let query = "SELECT true AS b, CAST(-128 AS TINYINT) AS t, CAST(-32768 AS SMALLINT) AS s, 2147483647 AS i, \
        -9223372036854775808 AS l, CAST(0.1 AS FLOAT) AS f, 1.5e300D AS d, CAST('NaN' AS DOUBLE) AS n, \
        CAST('-12345678901234567890123456789012345.678' AS DECIMAL(38,3)) AS dec, DATE'0001-01-01' AS day, \
        TIMESTAMP'2024-02-29 23:59:59.123450' AS ts, 'it\\'s 😀' AS txt, X'00FF10' AS bin, array(1, 2) AS arr, \
        CAST(NULL AS INT) AS nothing, '' AS empty -- to its end";
    let (columns, rows) = read(&mut *session, query).await;
    let integer = |bits| Kind::Integer {
        bits,
        unsigned: false,
    };
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds[..11],
        [
            Kind::Boolean,
            integer(8),
            integer(16),
            integer(32),
            integer(64),
            Kind::Float { bits: 32 },
            Kind::Float { bits: 64 },
            Kind::Float { bits: 64 },
            Kind::Decimal {
                precision: Some(38),
                scale: Some(3)
            },
            Kind::Date,
            Kind::Timestamp { decimals: 6 },
        ]
    );
    assert_eq!(columns[8].name, "dec");
    assert_eq!(kinds[12], Kind::Binary { bytes: None });
    let values: Vec<_> = rows[0].iter().map(Option::as_deref).collect();
    assert_eq!(
        values[..12],
        [
            Some("1"),
            Some("-128"),
            Some("-32768"),
            Some("2147483647"),
            Some("-9223372036854775808"),
            Some("0.1"),
            Some("1.5e300"),
            Some("NaN"),
            Some("-12345678901234567890123456789012345.678"),
            Some("0001-01-01"),
            Some("2024-02-29 23:59:59.12345"),
            Some("it's 😀"),
        ]
    );
    assert_eq!(values[12], Some("\0\u{fffd}\u{10}"));
    assert_eq!(values[13], Some("[1,2]"));
    assert_eq!(values[14..], [None, Some("")]);
    finish(session, "types").await;
}

#[tokio::test]
async fn many_rows_come_whole_with_their_nulls() {
    let Some(mut session) = session("many").await else {
        return;
    };
    let query = "SELECT id, IF(id % 3 = 0, NULL, CAST(id AS STRING)) AS t, IF(id % 7 = 0, NULL, id % 2 = 0) AS b \
        FROM range(50000) ORDER BY id";
    let (_, rows) = read(&mut *session, query).await;
    assert_eq!(rows.len(), 50_000);
    for (id, row) in rows.iter().enumerate() {
        assert_eq!(row[0], Some(id.to_string()));
        assert_eq!(row[1], (id % 3 != 0).then(|| id.to_string()));
        let even = if id % 2 == 0 { "1" } else { "0" };
        assert_eq!(row[2], (id % 7 != 0).then(|| even.to_owned()));
    }
    finish(session, "many").await;
}

#[tokio::test]
async fn long_values_are_fetched_in_smaller_parts() {
    let Some(mut session) = session("long").await else {
        return;
    };
    let query = "SELECT id, repeat('x', 200000) AS x FROM range(300)";
    let (_, rows) = read(&mut *session, query).await;
    assert_eq!(rows.len(), 300);
    assert!(
        rows.iter()
            .all(|row| row[1].as_ref().unwrap().len() == 200_000)
    );
    finish(session, "long").await;
}

#[tokio::test]
async fn what_cannot_stand_in_a_query_is_read_too() {
    let Some(mut session) = session("show").await else {
        return;
    };
    let (columns, rows) = read(&mut *session, "SHOW DATABASES").await;
    assert_eq!(columns.len(), 1);
    assert!(rows.iter().any(|row| row[0].as_deref() == Some("default")));
    let (_, rows) = read(&mut *session, "WITH a AS (SELECT 1 AS n) SELECT n FROM a").await;
    assert_eq!(rows.len(), 1);
    let error = session.describe("SELECT nothing FROM nowhere").await;
    let error = error.unwrap_err();
    assert_eq!(error.trouble, Trouble::Refused);
    assert!(!error.message.contains("peerflow_rows"), "{error}");
    finish(session, "show").await;
}

#[tokio::test]
async fn reading_ends_well_when_nobody_takes_the_rows() {
    let Some(mut session) = session("unwanted").await else {
        return;
    };
    let query = "SELECT id, repeat('x', 1000) AS x FROM range(100000)";
    let columns = session.describe(query).await.unwrap();
    let (sender, mut receiver) = batches();
    let taking = async {
        assert!(receiver.recv().await.is_some());
        drop(receiver);
    };
    let (read, ()) = tokio::join!(session.read(query, &columns, sender), taking);
    assert!(read.is_ok(), "{read:?}");
    let Some(session) = self::session("unwanted").await else {
        return;
    };
    finish(session, "unwanted").await;
}
