//! Rows into tables.

use peerflow_rows::{Kind, Trouble};

use crate::support::{Schema, load, read, row, run, target};

const INT: Kind = Kind::Integer {
    bits: 32,
    unsigned: false,
};

#[tokio::test]
async fn plain_forms_become_what_the_columns_take() {
    let (schema, mut session) = Schema::new("loads").await;
    run(
        &mut session,
        "create table t (b boolean, i int, n numeric(30,10), f float8, d date, ts timestamp, tz timestamptz, \
         x text, y bytea, j jsonb, u uuid)",
    )
    .await;
    let kinds = [
        Kind::Boolean,
        Kind::Decimal {
            precision: Some(10),
            scale: Some(2),
        },
        Kind::Decimal {
            precision: Some(65),
            scale: Some(30),
        },
        Kind::Float { bits: 64 },
        Kind::Timestamp { decimals: 0 },
        Kind::Date,
        Kind::Instant { decimals: 6 },
        Kind::TEXT,
        Kind::Binary { bytes: None },
        Kind::Json,
        Kind::TEXT,
    ];
    let first: [Option<&[u8]>; 11] = [
        Some(b"1"),
        Some(b"7.00"),
        Some(b"1.000000000000000000000000000000"),
        Some(b"1e-300"),
        Some(b"2026-01-01 00:00:00"),
        Some(b"2026-01-02"),
        Some(b"2026-01-03 04:05:06.000007+00:00"),
        Some("tab\tline\nback\\slash\r\\N\\. 订单 🚀".as_bytes()),
        Some(b"\x00\xff\\\n"),
        Some(b"{\"a\": \"\\n\"}"),
        Some(b"00000000-0000-0000-0000-0000000000ff"),
    ];
    let mut second = [None; 11];
    second[7] = Some(&b""[..]);
    session.begin().await.unwrap();
    let loaded = load(&mut session, "t", &kinds, &[&first, &second, &second])
        .await
        .unwrap();
    assert_eq!(loaded.rows, 3);
    session.commit().await.unwrap();
    let (_, rows) = read(
        &mut session,
        "select b, i, n, f, d, ts, tz, x, y::text, j, u from t limit 2",
    )
    .await;
    let expected = [
        row(&[
            Some("1"),
            Some("7"),
            Some("1.0000000000"),
            Some("1e-300"),
            Some("2026-01-01"),
            Some("2026-01-02 00:00:00"),
            Some("2026-01-03 04:05:06.000007+00:00"),
            Some("tab\tline\nback\\slash\r\\N\\. 订单 🚀"),
            Some("\\x00ff5c0a"),
            Some("{\"a\": \"\\n\"}"),
            Some("00000000-0000-0000-0000-0000000000ff"),
        ]),
        row(&[
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            Some(""),
            None,
            None,
            None,
        ]),
    ];
    assert_eq!(rows, expected);
    schema.drop(session).await;
}

#[tokio::test]
async fn a_bad_value_is_told_with_its_row_and_column_and_nothing_stays() {
    let (schema, mut session) = Schema::new("badvalues").await;
    run(
        &mut session,
        "create table \"Tab, le\" (n int, \"Größe: x\" varchar(3), d date)",
    )
    .await;
    let kinds = [Kind::TEXT, Kind::TEXT, Kind::TEXT];
    let good: [Option<&[u8]>; 3] = [Some(b"1"), Some(b"abc"), None];
    for (bad, column, words) in [
        ([Some(&b"one"[..]), None, None], "n", "\"one\""),
        (
            [None, Some(&b"abcd"[..]), None],
            "Größe: x",
            "longer than 3",
        ),
        ([None, None, Some(&b"2026-02-30"[..])], "d", "2026-02-30"),
        (
            [None, None, Some(&b"0000-00-00"[..])],
            "d",
            "no date for PostgreSQL",
        ),
        ([None, Some(&b"a\0"[..]), None], "Größe: x", "zero byte"),
    ] {
        session.begin().await.unwrap();
        let rows = [&good[..], &good, &good, &good, &bad, &good, &good];
        let error = load(&mut session, "\"Tab, le\"", &kinds, &rows)
            .await
            .unwrap_err();
        assert_eq!(error.trouble, Trouble::BadValue, "{error}");
        assert_eq!(
            (error.row, error.column.as_deref()),
            (Some(5), Some(column)),
            "{error}"
        );
        assert!(error.message.contains(words), "{error}");
        session.rollback().await.unwrap();
    }
    assert_eq!(run(&mut session, "table \"Tab, le\"").await.rows, Some(0));
    schema.drop(session).await;
}

#[tokio::test]
async fn broken_constraints_are_told_with_their_row() {
    let (schema, mut session) = Schema::new("constraints").await;
    run(
        &mut session,
        "create table t (n int primary key, m int not null check (m < 10))",
    )
    .await;
    let first: [Option<&[u8]>; 2] = [Some(b"1"), Some(b"1")];
    let second: [Option<&[u8]>; 2] = [Some(b"2"), Some(b"2")];
    for (bad, words) in [
        (
            [Some(&b"1"[..]), Some(&b"3"[..])],
            "Key (n)=(1) already exists",
        ),
        ([Some(&b"3"[..]), None], "not-null"),
        ([Some(&b"3"[..]), Some(&b"30"[..])], "t_m_check"),
    ] {
        session.begin().await.unwrap();
        let error = load(&mut session, "t", &[INT, INT], &[&first, &second, &bad])
            .await
            .unwrap_err();
        assert_eq!(
            (error.trouble, error.row),
            (Trouble::BadValue, Some(3)),
            "{error}"
        );
        assert!(error.message.contains(words), "{error}");
        session.rollback().await.unwrap();
    }
    schema.drop(session).await;
}

#[tokio::test]
async fn a_load_without_rows_still_says_what_is_wrong_with_its_target() {
    let (schema, mut session) = Schema::new("norows").await;
    run(&mut session, "create table t (n int)").await;
    assert_eq!(load(&mut session, "t", &[INT], &[]).await.unwrap().rows, 0);
    let mut away = target(&mut session, "t", &[INT]).await;
    away.table = "missing".to_owned();
    let (_, none) = peerflow_rows::batches();
    let error = session.load(&away, none).await.unwrap_err();
    assert!(
        error.message.contains("\"missing\" does not exist"),
        "{error}"
    );
    schema.drop(session).await;
}

/// The server says only at the end of a COPY what it did not like in it: rows of later portions count on.
#[tokio::test]
async fn a_row_far_behind_is_told_by_its_number_in_the_whole_load() {
    let (schema, mut session) = Schema::new("far").await;
    run(&mut session, "create table t (n int, x text)").await;
    let target = target(&mut session, "t", &[INT, Kind::TEXT]).await;
    let (sender, receiver) = peerflow_rows::batches();
    let give = async move {
        let text = vec![b'x'; 100_000];
        let mut builder = peerflow_rows::BatchBuilder::new(2);
        for row in 1..=2000 {
            let number = if row == 800 {
                "bad".to_owned()
            } else {
                row.to_string()
            };
            builder.push(Some(number.as_bytes())).unwrap();
            builder.push(Some(&text)).unwrap();
            if builder.is_full() && sender.send(builder.take()).await.is_err() {
                return row;
            }
        }
        0
    };
    session.begin().await.unwrap();
    let (loaded, left_at) = tokio::join!(session.load(&target, receiver), give);
    let error = loaded.unwrap_err();
    assert_eq!(
        (error.row, error.column.as_deref()),
        (Some(800), Some("n")),
        "{error}"
    );
    assert!(
        left_at > 800,
        "the source is stopped, and not read to its end: {left_at}"
    );
    session.rollback().await.unwrap();
    schema.drop(session).await;
}

/// Where the server looks only once a COPY begins, the transaction is undone by the end of its connection.
#[tokio::test]
async fn a_target_that_takes_no_copy_is_refused_in_the_servers_words() {
    let (schema, mut session) = Schema::new("views").await;
    run(&mut session, "create table t (n int)").await;
    run(&mut session, "create view v as select n from t").await;
    session.begin().await.unwrap();
    let error = load(&mut session, "v", &[INT], &[&[Some(b"1")]])
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Refused);
    assert!(
        error.message.contains("cannot copy to view \"v\""),
        "{error}"
    );
    session.close().await;
    let session = schema.session().await;
    schema.drop(session).await;
}
