//! Loading, by LOAD DATA and by INSERTs, which must do the same.

use peerflow_rows::{Error, Kind, RowBatch, Session, Trouble};

use crate::places::{Place, batch, load, rows, run};

const INT: Kind = Kind::Integer {
    bits: 32,
    unsigned: false,
};

/// Both ways in.
async fn ways(place: &Place) -> [Box<dyn Session>; 2] {
    [
        place
            .session_with("sessionVariables", "time_zone='+08:00',sql_mode=''")
            .await,
        place.session_with("allowLoadLocalInfile", "false").await,
    ]
}

fn one(values: &[Option<&str>]) -> RowBatch {
    let values: Vec<Option<&[u8]>> = values
        .iter()
        .map(|value| value.map(str::as_bytes))
        .collect();
    batch(&[&values])
}

async fn refused(
    session: &mut dyn Session,
    columns: &[(&str, Kind)],
    rows: Vec<RowBatch>,
) -> Error {
    session.begin().await.unwrap();
    let error = load(session, "t", columns, rows).await.unwrap_err();
    session.rollback().await.unwrap();
    error
}

#[tokio::test]
async fn values_arrive_as_they_were() {
    let place = Place::create().await;
    for mut session in ways(&place).await {
        let session = &mut *session;
        run(session, "DROP TABLE IF EXISTS t").await;
        run(
            session,
            "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, s TEXT, l VARCHAR(9) CHARACTER SET latin1, bin VARBINARY(300), bits BIT(9), flag TINYINT(1), \
             j JSON, f FLOAT, g DOUBLE, d DECIMAL(30,10), y YEAR, e ENUM('1','b'), da DATE, ti TIME(6), dt DATETIME(3), ts TIMESTAMP(3) NULL, geo POINT)",
        )
        .await;
        let all: Vec<u8> = (0..=255).collect();
        let point = [
            0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 64,
        ];
        let columns = [
            ("id", INT),
            ("s", Kind::TEXT),
            ("l", Kind::TEXT),
            ("bin", Kind::Binary { bytes: None }),
            (
                "bits",
                Kind::Integer {
                    bits: 16,
                    unsigned: true,
                },
            ),
            ("flag", Kind::TEXT),
            ("j", Kind::Json),
            ("f", Kind::Float { bits: 32 }),
            ("g", Kind::Float { bits: 64 }),
            (
                "d",
                Kind::Decimal {
                    precision: None,
                    scale: None,
                },
            ),
            ("y", INT),
            ("e", Kind::TEXT),
            ("da", Kind::Date),
            ("ti", Kind::Time { decimals: 6 }),
            ("dt", Kind::Instant { decimals: 6 }),
            ("ts", Kind::Instant { decimals: 6 }),
            ("geo", Kind::Binary { bytes: None }),
        ];
        let text = "tab\t line\n\r back\\ '\" \\N \0 NULL 中😀";
        let row: Vec<Option<&[u8]>> = vec![
            Some(b"0"),
            Some(text.as_bytes()),
            Some("äö".as_bytes()),
            Some(&all),
            Some(b"258"),
            Some(b"TRUE"),
            Some(b"{\"a\": [1, \"\\n\"]}"),
            Some(b"3.4028235e38"),
            Some(b"-1.7976931348623157e308"),
            Some(b"-12345678901234567890.0123456789"),
            Some(b"0"),
            Some(b"1"),
            Some(b"0000-00-00"),
            Some(b"-838:59:59.999999"),
            Some(b"2024-02-29 23:59:59.123000+00:00"),
            Some(b"2024-02-29 23:59:59.123000+00:00"),
            Some(&point),
        ];
        let mut nulls: Vec<Option<&[u8]>> = vec![None; row.len()];
        nulls[0] = Some(b"7");
        let mut empty = nulls.clone();
        empty[0] = Some(b"8");
        empty[1] = Some(b"");
        empty[3] = Some(b"");
        session.begin().await.unwrap();
        let loaded = load(
            session,
            "t",
            &columns,
            vec![batch(&[&row, &nulls]), batch(&[&empty])],
        )
        .await
        .unwrap();
        assert_eq!(loaded.rows, 3);
        session.commit().await.unwrap();
        let read = rows(session, "SELECT id, s, l, HEX(bin), bits, flag, j, f, g, d, y, e, da, ti, dt, ts, ST_AsText(geo), @@sql_mode = '' OR @@local_infile FROM t ORDER BY id").await;
        let hex: String = all.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(
            read[0],
            [
                "0",
                text,
                "äö",
                &hex,
                "258",
                "1",
                "{\"a\": [1, \"\\n\"]}",
                "3.4028235e38",
                "-1.7976931348623157e308",
                "-12345678901234567890.0123456789",
                "0",
                "1",
                "0000-00-00",
                "-838:59:59.999999",
                "2024-02-29 23:59:59.123",
                "2024-02-29 23:59:59.123+00:00",
                "POINT(1 2)",
                "1",
            ]
        );
        assert!(
            read[1][1..17].iter().all(|value| value == "NULL"),
            "{:?}",
            read[1]
        );
        assert_eq!((read[2][1].as_str(), read[2][3].as_str()), ("", ""));
    }
    place.drop_it().await;
}

#[tokio::test]
async fn one_column_of_empty_texts_keeps_its_rows() {
    let place = Place::create().await;
    for mut session in ways(&place).await {
        run(&mut *session, "CREATE OR REPLACE TABLE t (s VARCHAR(9))").await;
        let empty = vec![one(&[Some("")]), one(&[None]), one(&[Some("")])];
        load(&mut *session, "t", &[("s", Kind::TEXT)], empty)
            .await
            .unwrap();
        assert_eq!(
            rows(&mut *session, "SELECT s FROM t").await,
            [[""], ["NULL"], [""]]
        );
    }
    place.drop_it().await;
}

#[tokio::test]
async fn what_does_not_fit_is_an_error_with_its_row_and_column() {
    let place = Place::create().await;
    let int = ("n", INT);
    let text = |name| (name, Kind::TEXT);
    let float = |name| (name, Kind::Float { bits: 64 });
    let time = |name| (name, Kind::Timestamp { decimals: 6 });
    let cases = [
        ("n TINYINT", int, "1", "300"),
        ("n INT UNSIGNED", int, "1", "-1"),
        ("n INT", text("n"), "1", "12abc"),
        ("n INT NOT NULL", text("n"), "1", ""),
        ("s VARCHAR(3)", text("s"), "abc", "abcd"),
        ("s VARCHAR(3)", text("s"), "abc", "abc "),
        ("s VARCHAR(3) CHARACTER SET latin1", text("s"), "ä", "中"),
        (
            "d DECIMAL(5,2)",
            (
                "d",
                Kind::Decimal {
                    precision: None,
                    scale: None,
                },
            ),
            "1.25",
            "1.255",
        ),
        ("f FLOAT", float("f"), "0.1", "0.30000000000000004"),
        ("f DOUBLE", float("f"), "0.1", "NaN"),
        (
            "f DOUBLE",
            (
                "f",
                Kind::Integer {
                    bits: 64,
                    unsigned: false,
                },
            ),
            "9007199254740992",
            "9007199254740993",
        ),
        ("d DATE", text("d"), "2024-02-29", "2023-02-29"),
        (
            "at DATETIME(3)",
            time("at"),
            "2024-01-01 00:00:00.123000",
            "2024-01-01 00:00:00.123456",
        ),
        (
            "at DATETIME(3)",
            text("at"),
            "2024-01-01 00:00:00+00:00",
            "2024-01-01 00:00:00+08:00",
        ),
        ("e ENUM('a','2')", text("e"), "2", "1"),
        ("y YEAR", int_named("y"), "1999", "70"),
        ("b BIT(3)", int_named("b"), "7", "8"),
        (
            "b BINARY(2)",
            ("b", Kind::Binary { bytes: None }),
            "ab",
            "abc",
        ),
        ("j JSON", text("j"), "[1]", "[1"),
    ];
    for mut session in ways(&place).await {
        let session = &mut *session;
        for (definition, column, good, bad) in cases {
            run(
                session,
                &format!("CREATE OR REPLACE TABLE t ({definition})"),
            )
            .await;
            let error = refused(
                session,
                &[column],
                vec![one(&[Some(good)]), one(&[Some(good)]), one(&[Some(bad)])],
            )
            .await;
            assert_eq!(
                error.trouble,
                Trouble::BadValue,
                "{definition} {bad}: {error:?}"
            );
            // A CHECK, as that of JSON on MariaDB, names no row when rows are inserted.
            if !definition.starts_with("j ") {
                assert_eq!(
                    (error.row, error.column.as_deref()),
                    (Some(3), Some(column.0)),
                    "{definition} {bad}: {error:?}"
                );
            }
            assert_eq!(rows(session, "SELECT COUNT(*) FROM t").await, [["0"]]);
            load(session, "t", &[column], vec![one(&[Some(good)])])
                .await
                .unwrap_or_else(|error| panic!("{definition} {good}: {error:?}"));
        }
        run(session, "CREATE OR REPLACE TABLE t (n INT NOT NULL)").await;
        let error = refused(session, &[int], vec![one(&[Some("1")]), one(&[None])]).await;
        assert_eq!(
            (error.row, error.column.as_deref()),
            (Some(2), Some("n")),
            "{error:?}"
        );
        run(session, "CREATE OR REPLACE TABLE t (n INT PRIMARY KEY)").await;
        let error = refused(session, &[int], vec![one(&[Some("1")]), one(&[Some("1")])]).await;
        assert_eq!(error.trouble, Trouble::BadValue);
        assert!(error.message.contains("Duplicate"), "{error}");
    }
    place.drop_it().await;
}

fn int_named(name: &str) -> (&str, Kind) {
    (name, INT)
}

#[tokio::test]
async fn rows_far_down_are_counted_over_statements_and_batches() {
    let place = Place::create().await;
    for mut session in ways(&place).await {
        let session = &mut *session;
        run(
            session,
            "CREATE OR REPLACE TABLE t (n INT, s VARCHAR(1000))",
        )
        .await;
        let filler = "x".repeat(900);
        let mut all: Vec<RowBatch> = (0..5000)
            .map(|_| one(&[Some("1"), Some(&filler)]))
            .collect();
        all[4321] = one(&[Some("none"), Some("")]);
        let columns = [("n", Kind::TEXT), ("s", Kind::TEXT)];
        let error = refused(session, &columns, all).await;
        assert_eq!(
            (error.row, error.column.as_deref()),
            (Some(4322), Some("n")),
            "{error:?}"
        );
    }
    place.drop_it().await;
}

#[tokio::test]
async fn a_table_or_column_that_is_missing_is_told() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(&mut *session, "CREATE TABLE t (n INT)").await;
    for (table, column) in [("missing", "n"), ("t", "m")] {
        let error = load(
            &mut *session,
            table,
            &[(column, INT)],
            vec![one(&[Some("1")])],
        )
        .await
        .unwrap_err();
        assert_eq!(error.trouble, Trouble::Refused);
        assert!(
            error
                .message
                .contains(if table == "t" { "'m'" } else { "missing" }),
            "{error}"
        );
    }
    place.drop_it().await;
}

#[tokio::test]
async fn an_instant_that_comes_as_text_stays_the_same_instant() {
    let place = Place::create().await;
    for mut session in ways(&place).await {
        let session = &mut *session;
        run(session, "SET time_zone = '+08:00'").await;
        run(session, "DROP TABLE IF EXISTS t").await;
        run(session, "CREATE TABLE t (id INT, ts TIMESTAMP(3) NULL)").await;
        let columns = [("id", Kind::TEXT), ("ts", Kind::TEXT)];
        let told = batch(&[
            &[Some(b"1"), Some(b"2024-02-29 23:59:59.5+00:00")],
            &[Some(b"2"), Some(b"2024-03-01 07:59:59.5")],
        ]);
        session.begin().await.unwrap();
        load(session, "t", &columns, vec![told]).await.unwrap();
        session.commit().await.unwrap();
        let kept = rows(session, "SELECT UNIX_TIMESTAMP(ts) FROM t ORDER BY id").await;
        assert_eq!(kept, [["1709251199.500"], ["1709251199.500"]]);
    }
    place.drop_it().await;
}
