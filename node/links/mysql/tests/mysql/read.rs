//! What comes out of a query.

use peerflow_rows::{Kind, Trouble};

use crate::places::{Place, read, rows, run};

#[tokio::test]
async fn every_type_comes_in_its_plain_form() {
    let place = Place::create().await;
    let mut session = place
        .session_with("sessionVariables", "time_zone='+08:00',sql_mode=''")
        .await;
    run(
        &mut *session,
        "CREATE TABLE t (b TINYINT(1) NOT NULL, i TINYINT UNSIGNED, z INT ZEROFILL, l BIGINT, u BIGINT UNSIGNED, \
         d DECIMAL(30,10), f FLOAT, g DOUBLE, bits BIT(9), y YEAR, e ENUM('x','y'), s SET('p','q'), v VARCHAR(7), \
         c CHAR(3) CHARACTER SET latin1, x TEXT, bin VARBINARY(5), bl BLOB, j JSON, da DATE, ti TIME(3), dt DATETIME(6), ts TIMESTAMP(2) NULL)",
    )
    .await;
    run(
        &mut *session,
        "INSERT INTO t VALUES (1, 255, 42, -9223372036854775808, 18446744073709551615, -12345678901234567890.0123456789, \
         16777217.0, 0.1e0+0.2e0, 258, 1999, 'y', 'p,q', '中文😀', 'äö', 'a\\tb\\nc', x'00ff', x'', '{\"a\": 1}', '0000-00-00', \
         '-838:59:59.5', '9999-12-31 23:59:59.000001', '2024-01-01 07:00:00.25')",
    )
    .await;
    run(
        &mut *session,
        "INSERT INTO t (b, f, g, ts) VALUES (0, 3.4028235e38, 1e-300, '0000-00-00')",
    )
    .await;
    let (columns, batches) = read(&mut *session, "SELECT * FROM t ORDER BY i DESC")
        .await
        .unwrap();
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    let int = |bits, unsigned| Kind::Integer { bits, unsigned };
    let text = |n| Kind::Text {
        characters: Some(n),
    };
    assert_eq!(
        kinds,
        [
            Kind::Boolean,
            int(8, true),
            int(32, true),
            int(64, false),
            int(64, true),
            Kind::Decimal {
                precision: Some(30),
                scale: Some(10)
            },
            Kind::Float { bits: 32 },
            Kind::Float { bits: 64 },
            int(16, true),
            int(16, true),
            text(1),
            text(3),
            text(7),
            text(3),
            Kind::TEXT,
            Kind::Binary { bytes: Some(5) },
            Kind::Binary {
                bytes: Some(65_535)
            },
            Kind::TEXT,
            Kind::Date,
            Kind::Time { decimals: 3 },
            Kind::Timestamp { decimals: 6 },
            Kind::Instant { decimals: 2 },
        ]
    );
    assert_eq!(columns[0].nullable, Some(false));
    let batch = &batches[0];
    let value = |row, column| {
        batch
            .value(row, column)
            .map(|v| String::from_utf8_lossy(v).into_owned())
    };
    let first: Vec<String> = (0..22)
        .filter(|c| *c != 15)
        .map(|c| value(0, c).unwrap())
        .collect();
    assert_eq!(
        first,
        [
            "1",
            "255",
            "42",
            "-9223372036854775808",
            "18446744073709551615",
            "-12345678901234567890.0123456789",
            "16777216",
            "0.30000000000000004",
            "258",
            "1999",
            "y",
            "p,q",
            "中文😀",
            "äö",
            "a\tb\nc",
            "",
            "{\"a\": 1}",
            "0000-00-00",
            "-838:59:59.500",
            "9999-12-31 23:59:59.000001",
            "2023-12-31 23:00:00.25+00:00",
        ]
    );
    assert_eq!(batch.value(0, 15), Some(&[0, 255][..]));
    assert_eq!(value(1, 6).unwrap().parse::<f32>(), Ok(f32::MAX));
    assert_eq!(value(1, 7).unwrap(), "1e-300");
    assert_eq!(value(1, 12), None);
    assert_eq!(value(1, 21).unwrap(), "0000-00-00 00:00:00.00");
    place.drop_it().await;
}

#[tokio::test]
async fn floats_give_the_same_numbers_again() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(&mut *session, "CREATE TABLE t (f FLOAT, g DOUBLE)").await;
    run(&mut *session, "INSERT INTO t SELECT RAND(seq)*POW(10, CAST(seq % 60 AS SIGNED) - 30), RAND(seq)*POW(10, CAST(seq % 600 AS SIGNED) - 300) FROM seq_1_to_2000").await;
    for row in rows(&mut *session, "SELECT f, CAST(f AS DOUBLE) FROM t").await {
        let single: f32 = row[0].parse().unwrap();
        let double: f64 = row[1].parse().unwrap();
        assert_eq!(f64::from(single).to_bits(), double.to_bits(), "{row:?}");
    }
    place.drop_it().await;
}

#[tokio::test]
async fn a_zone_with_summer_time_gives_instants_all_the_same() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(&mut *session, "CREATE TABLE t (ts TIMESTAMP NULL)").await;
    run(&mut *session, "SET time_zone = '+00:00'").await;
    run(
        &mut *session,
        "INSERT INTO t VALUES ('2024-10-27 00:30:00'), ('2024-10-27 01:30:00')",
    )
    .await;
    for zone in ["SYSTEM", "+05:30", "-03:00"] {
        run(&mut *session, &format!("SET time_zone = '{zone}'")).await;
        assert_eq!(
            rows(&mut *session, "SELECT ts FROM t ORDER BY ts").await,
            [["2024-10-27 00:30:00+00:00"], ["2024-10-27 01:30:00+00:00"]]
        );
        assert_eq!(
            rows(&mut *session, "SELECT @@session.time_zone").await,
            [[zone]]
        );
    }
    place.drop_it().await;
}

#[tokio::test]
async fn the_first_instant_is_read_where_the_servers_own_zone_is_utc() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let zone = rows(&mut *session, "SELECT @@system_time_zone").await;
    run(&mut *session, "SET time_zone = 'SYSTEM'").await;
    run(&mut *session, "CREATE TABLE t (ts TIMESTAMP NULL)").await;
    run(&mut *session, "INSERT INTO t VALUES (FROM_UNIXTIME(1))").await;
    let read = read(&mut *session, "SELECT ts FROM t").await;
    if zone == [["UTC"]] {
        let found = rows(&mut *session, "SELECT ts FROM t").await;
        assert_eq!(found, [["1970-01-01 00:00:01+00:00"]]);
    } else if let Err(error) = read {
        assert!(error.message.contains("sessionVariables"), "{error}");
    }
    place.drop_it().await;
}

#[tokio::test]
async fn a_tiny_number_that_is_no_boolean_is_refused_with_a_way_out() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(&mut *session, "CREATE TABLE t (flag TINYINT(1))").await;
    run(&mut *session, "INSERT INTO t VALUES (5)").await;
    let error = read(&mut *session, "SELECT flag FROM t").await.unwrap_err();
    assert_eq!(
        (error.trouble, error.column.as_deref()),
        (Trouble::BadValue, Some("flag"))
    );
    assert!(error.message.contains("tinyInt1isBit"), "{error}");
    let mut session = place.session_with("tinyInt1isBit", "false").await;
    assert_eq!(rows(&mut *session, "SELECT flag FROM t").await, [["5"]]);
    place.drop_it().await;
}

#[tokio::test]
async fn zero_dates_become_null_where_the_link_says_so() {
    let place = Place::create().await;
    let mut session = place
        .session_with("zeroDateTimeBehavior", "convertToNull")
        .await;
    run(&mut *session, "SET sql_mode = ''").await;
    run(&mut *session, "CREATE TABLE t (d DATE, at DATETIME)").await;
    run(
        &mut *session,
        "INSERT INTO t VALUES ('0000-00-00', '2024-02-03 04:05:06')",
    )
    .await;
    assert_eq!(
        rows(&mut *session, "SELECT * FROM t").await,
        [["NULL", "2024-02-03 04:05:06"]]
    );
    place.drop_it().await;
}

#[tokio::test]
async fn tables_are_found_by_every_way_of_writing_them() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(
        &mut *session,
        "CREATE TABLE `订单.明细 ``x` (`列.一` INT NOT NULL)",
    )
    .await;
    run(
        &mut *session,
        "CREATE VIEW w AS SELECT * FROM `订单.明细 ``x`",
    )
    .await;
    for table in [
        "`订单.明细 ``x`".to_owned(),
        format!("{}.`订单.明细 ``x`", place.name),
        "w".to_owned(),
    ] {
        let columns = session.table(&table).await.unwrap().unwrap();
        assert_eq!(columns[0].name, "列.一");
        assert_eq!(columns[0].nullable, Some(false));
    }
    assert_eq!(session.table("missing").await, Ok(None));
    place.drop_it().await;
}
