//! Rows of queries, in plain form.

use peerflow_rows::{Kind, Trouble};

use crate::support::{Schema, connect, read, row, run, settings};

#[tokio::test]
async fn every_type_comes_in_its_plain_form() {
    let (schema, mut session) = Schema::new("types").await;
    run(&mut session, "create type mood as enum ('fine', 'so so')").await;
    run(
        &mut session,
        "create domain price as numeric(8,3) check (value >= 0)",
    )
    .await;
    let query = "select true as b, '-32768'::int2 as i2, 2147483647 as i4, '-9223372036854775808'::int8 as i8, \
        12.50::numeric(10,2) as n, '-0.00000000000000000001'::numeric as any, 0.1::float4 as f4, \
        0.30000000000000004::float8 as f8, 'NaN'::float8 as nan, '-infinity'::float4 as inf, \
        date '0044-03-15 BC' as old, date '2026-02-28' as d, time(3) '23:59:59.125' as t, \
        timetz '12:00+08' as tz, timestamp '2026-01-01 00:00:00.000001' as ts, \
        timestamptz '2026-01-01 00:00:00+08' as tstz, 'a'::varchar(5) as v, 'a'::char(3) as c, \
        '{\"b\": 1,  \"a\": 2}'::json as j, '{\"b\": 1,  \"a\": 2}'::jsonb as jb, \
        '00000000-0000-0000-0000-0000000000ff'::uuid as u, inet '10.0.0.1/8' as ip, \
        array['a', null, 'c d'] as a, 'so so'::mood as m, int4range(1, 5) as r, interval '1 day 2 hours' as i, \
        1.5::price as p, null as nothing";
    let (columns, rows) = read(&mut session, query).await;
    let expected = [
        "1",
        "-32768",
        "2147483647",
        "-9223372036854775808",
        "12.50",
        "-0.00000000000000000001",
        "0.1",
        "0.30000000000000004",
        "NaN",
        "-Infinity",
        "0044-03-15 BC",
        "2026-02-28",
        "23:59:59.125",
        "12:00:00+08",
        "2026-01-01 00:00:00.000001",
        "2025-12-31 16:00:00+00:00",
        "a",
        "a  ",
        "{\"b\": 1,  \"a\": 2}",
        "{\"a\": 2, \"b\": 1}",
        "00000000-0000-0000-0000-0000000000ff",
        "10.0.0.1/8",
        "{a,NULL,\"c d\"}",
        "so so",
        "[1,5)",
        "1 day 02:00:00",
        "1.500",
    ];
    let mut expected: Vec<Option<&str>> = expected.into_iter().map(Some).collect();
    expected.push(None);
    assert_eq!(rows, [row(&expected)]);
    let kind = |name: &str| {
        columns
            .iter()
            .find(|column| column.name == name)
            .unwrap()
            .kind
    };
    let decimal = |precision, scale| Kind::Decimal { precision, scale };
    assert_eq!(kind("n"), decimal(Some(10), Some(2)));
    assert_eq!(kind("any"), decimal(None, None));
    assert_eq!(kind("p"), decimal(Some(8), Some(3)));
    assert_eq!(kind("t"), Kind::Time { decimals: 3 });
    assert_eq!(kind("tstz"), Kind::Instant { decimals: 6 });
    assert_eq!(
        kind("v"),
        Kind::Text {
            characters: Some(5)
        }
    );
    assert_eq!(
        (kind("j"), kind("m"), kind("nothing")),
        (Kind::Json, Kind::TEXT, Kind::TEXT)
    );
    schema.drop(session).await;
}

#[tokio::test]
async fn escapes_nulls_and_empty_values_come_as_they_are() {
    let (schema, mut session) = Schema::new("escapes").await;
    let query = "select * from (values (1, E'tab\\tline\\nreturn\\r\\b\\f\\x0bback\\\\slash \\\\N', ''), \
        (2, '\\N', null), (3, E'\\\\.', '订单 🚀'), (4, null, E'\\t')) as v(n, a, b) order by n -- a comment ends it";
    let (_, rows) = read(&mut session, query).await;
    let expected = [
        row(&[
            Some("1"),
            Some("tab\tline\nreturn\r\x08\x0c\x0bback\\slash \\N"),
            Some(""),
        ]),
        row(&[Some("2"), Some("\\N"), None]),
        row(&[Some("3"), Some("\\."), Some("订单 🚀")]),
        row(&[Some("4"), None, Some("\t")]),
    ];
    assert_eq!(rows, expected);
    schema.drop(session).await;
}

#[tokio::test]
async fn bytes_come_as_bytes() {
    let (schema, mut session) = Schema::new("bytes").await;
    let query =
        "select string_agg(set_byte('\\x00', 0, n), '' order by n) from generate_series(0, 255) n";
    let columns = session.describe(query).await.unwrap();
    assert_eq!(columns[0].kind, Kind::Binary { bytes: None });
    let (sender, mut receiver) = peerflow_rows::batches();
    let (count, batch) = tokio::join!(session.read(query, &columns, sender), receiver.recv());
    assert_eq!(count.unwrap(), 1);
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(batch.unwrap().value(0, 0), Some(&all[..]));
    schema.drop(session).await;
}

/// A query means what it means elsewhere; only the form of its values is ours.
#[tokio::test]
async fn instants_come_in_utc_from_sessions_of_any_zone() {
    let (schema, session) = Schema::new("zones").await;
    let mut away = schema
        .session_with(&[("options", "-c TimeZone=Asia/Kolkata")])
        .await;
    let query = "select timestamptz '2026-01-01 00:00:00.5+00', \
        extract(hour from timestamptz '2026-01-01 00:00:00+00')::int, timestamptz 'infinity'";
    let (_, rows) = read(&mut away, query).await;
    let expected = row(&[
        Some("2026-01-01 00:00:00.5+00:00"),
        Some("5"),
        Some("infinity"),
    ]);
    assert_eq!(rows, [expected]);
    away.close().await;
    schema.drop(session).await;
}

#[tokio::test]
async fn statements_that_copy_does_not_take_are_read_all_the_same() {
    let (schema, mut session) = Schema::new("others").await;
    run(&mut session, "create table t (n int, b boolean)").await;
    let with =
        "with gone as (insert into t values (1, true), (2, null) returning *) select * from gone;";
    let (_, rows) = read(&mut session, with).await;
    assert_eq!(
        rows,
        [row(&[Some("1"), Some("1")]), row(&[Some("2"), None])]
    );
    let (_, rows) = read(&mut session, "insert into t values (3, false) returning b").await;
    assert_eq!(rows, [row(&[Some("0")])]);
    run(&mut session, "prepare p as select n, b from t where n = 1").await;
    assert_eq!(
        read(&mut session, "execute p;").await.1,
        [row(&[Some("1"), Some("1")])]
    );
    assert_eq!(
        read(&mut session, "show transaction_isolation")
            .await
            .1
            .len(),
        1
    );
    assert_eq!(read(&mut session, "table t").await.1.len(), 3);
    schema.drop(session).await;
}

#[tokio::test]
async fn what_is_no_query_is_refused_before_anything_runs() {
    let (schema, mut session) = Schema::new("noquery").await;
    run(&mut session, "create table t (n int)").await;
    for (query, words) in [
        ("insert into t values (1)", "gives no rows"),
        ("select 1; drop table t", "another follows"),
        ("select n from t where n = $1", "parameters"),
        ("select m from t", "column \"m\" does not exist"),
        ("select 1 \0", "zero byte"),
    ] {
        let error = session.describe(query).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::Refused, "{query}");
        assert!(error.message.contains(words), "{error}");
    }
    assert_eq!(run(&mut session, "table t").await.rows, Some(0));
    schema.drop(session).await;
}

#[tokio::test]
async fn reading_that_breaks_off_is_an_error() {
    let (schema, mut session) = Schema::new("breaks").await;
    let query = "select 1 / (5 - n) from generate_series(1, 10) n";
    let columns = session.describe(query).await.unwrap();
    let (sender, mut receiver) = peerflow_rows::batches();
    let take = async { while receiver.recv().await.is_some() {} };
    let (read, ()) = tokio::join!(session.read(query, &columns, sender), take);
    let error = read.unwrap_err();
    assert_eq!(error.trouble, Trouble::BadValue);
    assert!(error.message.contains("division by zero"), "{error}");
    schema.drop(session).await;
}

/// A database without an encoding keeps whatever bytes it is given, and judges them on their way out.
#[tokio::test]
async fn text_of_no_known_encoding_is_told_rather_than_passed_on() {
    let (schema, mut session) = Schema::new("ascii").await;
    let name = &schema.name;
    let drop = format!("drop database if exists {name}");
    run(&mut session, &drop).await;
    let create =
        format!("create database {name} encoding 'SQL_ASCII' locale 'C' template template0");
    run(&mut session, &create).await;
    let mut settings = settings();
    settings.database.clone_from(name);
    let mut ascii = connect(settings).await.unwrap();
    let query = "select E'\\xe9t\\xe9'";
    let columns = ascii.describe(query).await.unwrap();
    let (sender, _receiver) = peerflow_rows::batches();
    let error = ascii.read(query, &columns, sender).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::BadValue);
    assert!(error.message.contains("invalid byte sequence"), "{error}");
    assert_eq!(read(&mut ascii, "select 'été'").await.1.len(), 1);
    assert!(ascii.execute(query, 1).await.is_err());
    ascii.close().await;
    run(&mut session, &drop).await;
    schema.drop(session).await;
}
