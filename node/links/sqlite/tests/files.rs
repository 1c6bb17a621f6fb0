//! Real files, through the seam that all databases share.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use peerflow_rows::{Column, Database as _, Kind, Target, Trouble, batches};
use peerflow_sqlite::{Access, Settings, SqliteDatabase, SqliteDialect};
use support::{File, all, loaded, table_of, text_rows};

#[tokio::test]
async fn a_file_that_does_not_exist_is_made_only_when_the_link_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(folder.path().join("new.db"));
    let error = SqliteDatabase::new(settings.clone())
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable);
    assert!(
        error.message.contains("new.db") && error.message.contains("mode=rwc"),
        "{error}"
    );
    settings.access = Access::Create;
    SqliteDatabase::new(settings.clone())
        .connect()
        .await
        .unwrap()
        .close()
        .await;
    assert!(settings.path.exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    std::fs::write(&path, "not a database at all\n".repeat(100)).unwrap();
    let error = SqliteDatabase::new(Settings::new(&path))
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Settings);
    assert!(error.message.contains("text.db"), "{error}");
}

#[tokio::test]
async fn a_link_for_reading_writes_nothing() {
    let file = File::new().await;
    file.run("CREATE TABLE t (a INTEGER)").await;
    let mut session = file.session_with(Access::ReadOnly).await;
    assert!(session.table("t").await.unwrap().is_some());
    let error = session
        .execute("INSERT INTO t VALUES (1)", 0)
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Refused);
}

#[tokio::test]
async fn a_statement_tells_its_rows_and_what_it_changed() {
    let file = File::new().await;
    let mut session = file.session().await;
    let made = session
        .execute("-- first\nCREATE TABLE t (a INTEGER, b DECIMAL(8,2))", 20)
        .await
        .unwrap();
    assert_eq!(made.rows, None);
    let added = session
        .execute("INSERT INTO t VALUES (1, 1.1), (2, NULL), (3, 5)", 20)
        .await
        .unwrap();
    assert_eq!(added.rows, Some(3));
    let dropped = session.execute("CREATE TABLE u (a)", 20).await.unwrap();
    assert_eq!(dropped.rows, None, "not the rows of the statement before");
    let asked = session
        .execute("SELECT a, b, a + 0.5 AS c FROM t ORDER BY a", 2)
        .await
        .unwrap();
    assert_eq!((asked.rows, asked.first_rows.rows()), (Some(3), 2));
    assert_eq!(asked.columns[2], Column::new("c", Kind::Float { bits: 64 }));
    assert_eq!(
        text_rows(&asked.first_rows),
        [["1", "1.10", "1.5"], ["2", "NULL", "2.5"]]
    );
    let none = session
        .execute("SELECT a FROM t WHERE a > 9", 2)
        .await
        .unwrap();
    assert_eq!((none.rows, none.columns.len()), (Some(0), 1));
    let error = session.execute("SELEC 1", 0).await.unwrap_err();
    assert!(error.message.contains("syntax error"), "{error}");
}

#[tokio::test]
async fn values_come_as_they_are_stored_whatever_their_column_declares() {
    let file = File::new().await;
    file.run(
        "CREATE TABLE t (i INTEGER, d DECIMAL(10,2), f DOUBLE, b BOOLEAN, m DATETIME, x BLOB)",
    )
    .await;
    file.run("INSERT INTO t VALUES (1, 1.5, 0.1, 'true', '2024-01-02T03:04:05', x'00ff')")
        .await;
    file.run("INSERT INTO t VALUES ('many', 1e20, 1e300, 0, 'yesterday', 'text')")
        .await;
    file.run("INSERT INTO t VALUES (-9223372036854775808, 1.234, -9e999, 1, 1700000000, '')")
        .await;
    let mut session = file.session().await;
    let (columns, rows) = all(&mut *session, "SELECT * FROM t").await;
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    let decimal = Kind::Decimal {
        precision: Some(10),
        scale: Some(2),
    };
    let integer = Kind::Integer {
        bits: 64,
        unsigned: false,
    };
    let double = Kind::Float { bits: 64 };
    let moment = Kind::Timestamp { decimals: 6 };
    assert_eq!(
        kinds,
        [
            integer,
            decimal,
            double,
            Kind::Boolean,
            moment,
            Kind::Binary { bytes: None }
        ]
    );
    assert_eq!(
        rows[0],
        ["1", "1.50", "0.1", "1", "2024-01-02 03:04:05", "\\x00\\xff"]
    );
    assert_eq!(
        rows[1],
        [
            "many",
            "100000000000000000000.00",
            "1e300",
            "0",
            "yesterday",
            "text"
        ]
    );
    assert_eq!(
        rows[2],
        [
            "-9223372036854775808",
            "1.234",
            "-Infinity",
            "1",
            "1700000000",
            ""
        ]
    );
}

#[tokio::test]
async fn expressions_have_the_kind_of_their_first_rows_and_views_that_of_their_tables() {
    let file = File::new().await;
    file.run("CREATE TABLE t (a DECIMAL(9,3), n TEXT)").await;
    file.run("CREATE VIEW v AS SELECT a AS price, n FROM t")
        .await;
    let mut session = file.session().await;
    let query = "SELECT price, count(*) AS n, NULL AS missing, 'x' AS x, sum(price) AS s FROM v";
    let columns = session.describe(query).await.unwrap();
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Decimal {
                precision: Some(9),
                scale: Some(3)
            },
            Kind::Integer {
                bits: 64,
                unsigned: false
            },
            Kind::TEXT,
            Kind::TEXT,
            Kind::TEXT,
        ]
    );
    let mixed = "SELECT column1 FROM (VALUES (1), (2.5))";
    assert_eq!(
        session.describe(mixed).await.unwrap()[0].kind,
        Kind::Float { bits: 64 }
    );
}

#[tokio::test]
async fn describing_a_statement_changes_nothing_and_sees_a_table_that_was_changed() {
    let file = File::new().await;
    file.run("CREATE TABLE t (a INTEGER)").await;
    let mut session = file.session().await;
    let columns = session
        .describe("INSERT INTO t VALUES (1) RETURNING a + 1 AS b")
        .await
        .unwrap();
    assert_eq!(columns[0].name, "b");
    assert_eq!(all(&mut *session, "SELECT * FROM t").await.1.len(), 0);
    file.run("ALTER TABLE t ADD COLUMN b TEXT").await;
    assert_eq!(session.describe("SELECT * FROM t").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_table_is_found_by_every_spelling_of_its_name() {
    let file = File::new().await;
    file.run("CREATE TABLE \"my table\" (a INTEGER NOT NULL, b AS (a + 1), c)")
        .await;
    let mut session = file.session().await;
    for name in [
        "\"my table\"",
        "[my table]",
        "`MY TABLE`",
        "main.\"my table\"",
    ] {
        let columns = session.table(name).await.unwrap().unwrap();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "c"], "generated columns cannot be loaded");
        assert_eq!(
            (columns[0].nullable, columns[1].nullable),
            (Some(false), Some(true))
        );
    }
    assert_eq!(session.table("your_table").await.unwrap(), None);
    assert_eq!(
        session.table("nowhere.\"my table\"").await.unwrap_or(None),
        None
    );
}

#[tokio::test]
async fn rows_that_are_loaded_are_read_back_digit_for_digit() {
    let file = File::new().await;
    let mut session = file.session().await;
    let kinds = [
        Kind::Integer {
            bits: 64,
            unsigned: true,
        },
        Kind::Decimal {
            precision: Some(12),
            scale: Some(4),
        },
        Kind::Decimal {
            precision: Some(38),
            scale: Some(2),
        },
        Kind::Float { bits: 64 },
        Kind::Date,
        Kind::Instant { decimals: 6 },
        Kind::TEXT,
        Kind::Json,
    ];
    let rows = [
        [
            "18446744073709551615",
            "12345678.1200",
            "123456789012345678901234567890123456.10",
            "1e-7",
            "0000-00-00",
            "2024-01-02 03:04:05.5+00:00",
            "007",
            "1.10",
        ],
        [
            "0",
            "-0.1000",
            "-0.00",
            "0.1",
            "9999-12-31",
            "2024-01-02 03:04:05+00:00",
            "it's \"😀\"\n,\t",
            "{\"a\": 1}",
        ],
        ["NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "", "NULL"],
    ];
    let columns = table_of(&mut *session, "t", &kinds).await;
    assert_eq!(
        loaded(&mut *session, "t", &columns, &kinds, &rows).await,
        Ok(3)
    );
    let (described, read) = all(&mut *session, "SELECT * FROM t").await;
    assert_eq!(read, rows);
    for (kind, column) in kinds.iter().zip(&described).skip(1) {
        assert_eq!(column.kind, *kind);
    }
}

#[tokio::test]
async fn a_table_made_for_unsigned_integers_of_64_bits_takes_the_largest() {
    let file = File::new().await;
    let mut session = file.session().await;
    let kind = Kind::Integer {
        bits: 64,
        unsigned: true,
    };
    table_of(&mut *session, "t", &[kind]).await;
    // As who made the table calls its columns, who has not looked at it again.
    let columns = [Column::new("c0", kind)];
    let rows = [["18446744073709551615"], ["0"], ["NULL"]];
    let loaded = loaded(&mut *session, "t", &columns, &[kind], &rows).await;
    assert_eq!(loaded.unwrap(), 3);
    assert_eq!(all(&mut *session, "SELECT * FROM t").await.1, rows);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_named_by_row_and_column() {
    let file = File::new().await;
    file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
        .await;
    let mut session = file.session().await;
    let columns = session.table("t").await.unwrap().unwrap();
    let text = [Kind::TEXT; 2];
    let mut rows: Vec<[String; 2]> = (1..=2_500)
        .map(|row| [row.to_string(), "0".to_owned()])
        .collect();
    rows[2_345][1] = "twelve".to_owned();
    session.begin().await.unwrap();
    let error = loaded(&mut *session, "t", &columns, &text, &rows)
        .await
        .unwrap_err();
    assert_eq!(
        (error.trouble, error.row, error.column.as_deref()),
        (Trouble::BadValue, Some(2_346), Some("n"))
    );
    assert!(error.message.contains("'twelve'"), "{error}");
    session.rollback().await.unwrap();

    rows[2_345] = ["2000".to_owned(), "0".to_owned()];
    session.begin().await.unwrap();
    let error = loaded(&mut *session, "t", &columns, &text, &rows)
        .await
        .unwrap_err();
    assert_eq!((error.trouble, error.row), (Trouble::BadValue, Some(2_346)));
    assert!(error.message.contains("UNIQUE"), "{error}");
    session.rollback().await.unwrap();

    rows[2_345] = ["9000".to_owned(), "NULL".to_owned()];
    session.begin().await.unwrap();
    let error = loaded(&mut *session, "t", &columns, &text, &rows)
        .await
        .unwrap_err();
    assert_eq!(
        (error.row, error.column.as_deref()),
        (Some(2_346), Some("n"))
    );
    session.rollback().await.unwrap();
    assert_eq!(
        all(&mut *session, "SELECT count(*) FROM t").await.1,
        [["0"]]
    );
}

#[tokio::test]
async fn values_of_many_kilobytes_are_loaded_and_read() {
    let file = File::new().await;
    let mut session = file.session().await;
    let columns = table_of(&mut *session, "t", &[Kind::TEXT; 2]).await;
    let rows: Vec<[String; 2]> = (1..=7)
        .map(|row| [row.to_string(), "é".repeat(200_000 * row)])
        .collect();
    let done = loaded(&mut *session, "t", &columns, &[Kind::TEXT; 2], &rows).await;
    assert_eq!(done, Ok(7));
    assert_eq!(all(&mut *session, "SELECT * FROM t").await.1, rows);
}

#[tokio::test]
async fn rows_go_from_one_table_to_another_of_the_same_file() {
    let file = File::new().await;
    file.run("CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 250) \
              SELECT i, hex(zeroblob(100000)) AS h FROM n")
        .await;
    file.run("CREATE TABLE u (i INTEGER, h TEXT)").await;
    let mut source = file.session().await;
    let mut target = file.session().await;
    let described = source.describe("SELECT * FROM t").await.unwrap();
    let load = Target {
        table: "u".to_owned(),
        columns: target.table("u").await.unwrap().unwrap(),
        source: described.clone(),
        progress: Arc::default(),
    };
    // More than the cache holds: pages that could not be written while somebody reads would stay in memory.
    let (sender, receiver) = batches();
    let before = file.bytes();
    target.begin().await.unwrap();
    let (read, done) = tokio::join!(
        source.read("SELECT * FROM t", &described, sender),
        target.load(&load, receiver)
    );
    assert_eq!((read.unwrap(), done.unwrap().rows), (250, 250));
    let written = file.bytes() - before;
    assert!(
        written > before / 2,
        "{written} of {before} bytes are in the file"
    );
    target.commit().await.unwrap();
    let same = "SELECT count(*) FROM t JOIN u USING (i) WHERE t.h = u.h";
    assert_eq!(all(&mut *source, same).await.1, [["250"]]);
}

#[tokio::test]
async fn a_load_that_finds_no_room_is_told_so_and_leaves_the_table_as_it_was() {
    let file = File::new().await;
    file.run("CREATE TABLE t (a TEXT)").await;
    let mut session = file.session().await;
    session
        .execute("PRAGMA max_page_count = 50", 0)
        .await
        .unwrap();
    let columns = session.table("t").await.unwrap().unwrap();
    let rows: Vec<[String; 1]> = (0..20_000)
        .map(|row| [format!("row {row} of many")])
        .collect();
    session.begin().await.unwrap();
    let error = loaded(&mut *session, "t", &columns, &[Kind::TEXT], &rows)
        .await
        .unwrap_err();
    assert!(error.message.contains("make room on the disk"), "{error}");
    // SQLite may have undone everything by itself, which is no error.
    session.rollback().await.unwrap();
    assert_eq!(
        all(&mut *session, "SELECT count(*) FROM t").await.1,
        [["0"]]
    );
}

#[tokio::test]
async fn a_writer_waits_for_another_and_gives_up_in_time() {
    let file = File::new().await;
    file.run("CREATE TABLE t (a INTEGER)").await;
    let mut first = file.session().await;
    let mut hasty = file.session_waiting(Duration::ZERO).await;
    let mut patient = file.session().await;
    first.begin().await.unwrap();
    first.execute("INSERT INTO t VALUES (1)", 0).await.unwrap();
    let error = hasty.begin().await.unwrap_err();
    assert!(error.message.contains("busy_timeout"), "{error}");
    let mut set = tokio::task::JoinSet::new();
    set.spawn(async move {
        patient.begin().await.unwrap();
        patient
            .execute("INSERT INTO t VALUES (2)", 0)
            .await
            .unwrap();
        patient.commit().await.unwrap();
    });
    first.commit().await.unwrap();
    set.join_next().await.unwrap().unwrap();
    assert_eq!(
        all(&mut *first, "SELECT a FROM t ORDER BY a").await.1,
        [["1"], ["2"]]
    );
}

#[tokio::test]
async fn who_waits_for_another_writer_can_be_stopped() {
    let file = File::new().await;
    let mut first = file.session().await;
    first.begin().await.unwrap();
    let mut second = file.session().await;
    let canceller = second.canceller();
    let mut set = tokio::task::JoinSet::new();
    set.spawn(async move { second.begin().await });
    while set
        .try_join_next()
        .is_none_or(|joined| joined.unwrap().is_ok())
    {
        canceller.cancel().await.unwrap();
        tokio::task::yield_now().await;
        if set.is_empty() {
            break;
        }
    }
    assert!(set.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_never_ends_is_stopped_and_the_connection_goes_on() {
    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let file = File::new().await;
    let mut session = file.session().await;
    let canceller = session.canceller();
    let mut set = tokio::task::JoinSet::new();
    set.spawn(async move {
        let error = session.execute(ENDLESS, 0).await.unwrap_err();
        (session, error)
    });
    let (mut session, error) = loop {
        canceller.cancel().await.unwrap();
        if let Some(joined) = set.try_join_next() {
            break joined.unwrap();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(error.trouble, Trouble::Cancelled);
    assert_eq!(all(&mut *session, "SELECT 1").await.1, [["1"]]);
    // One whose caller is gone is stopped as well, or the next would wait for ever.
    let given_up =
        tokio::time::timeout(Duration::from_millis(20), session.execute(ENDLESS, 0)).await;
    assert!(given_up.is_err());
    assert_eq!(all(&mut *session, "SELECT 1").await.1, [["1"]]);
}

#[tokio::test]
async fn reading_ends_well_when_nobody_wants_the_rows() {
    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let file = File::new().await;
    let mut session = file.session().await;
    let columns = session.describe(ENDLESS).await.unwrap();
    assert_eq!(
        columns[0].kind,
        Kind::Integer {
            bits: 64,
            unsigned: false
        }
    );
    let (sender, receiver) = batches();
    drop(receiver);
    assert!(session.read(ENDLESS, &columns, sender).await.unwrap() > 0);
    assert_eq!(all(&mut *session, "SELECT 1").await.1, [["1"]]);
}

#[tokio::test]
async fn tables_are_made_and_dropped_within_a_transaction_and_staging_tables_are_found() {
    use peerflow_rows::Dialect as _;
    let file = File::new().await;
    file.run("CREATE TABLE t (a DECIMAL(30,2), b DATE)").await;
    let mut session = file.session().await;
    for table in ["t", "main.\"t\""] {
        let staging = SqliteDialect.staging_name(table, "stage_1\"x");
        session.begin().await.unwrap();
        session
            .execute(&SqliteDialect.create_staging(&staging, table), 0)
            .await
            .unwrap();
        let found = all(&mut *session, &SqliteDialect.list_staging(table, "stage_1"))
            .await
            .1;
        assert_eq!(found, [[staging.clone()]]);
        let columns = session.table(table).await.unwrap().unwrap();
        let rows = [["1.50", "2024-01-01"]];
        assert_eq!(
            loaded(&mut *session, &staging, &columns, &[Kind::TEXT; 2], &rows).await,
            Ok(1)
        );
        session
            .execute(&SqliteDialect.move_rows(&staging, table, &columns), 0)
            .await
            .unwrap();
        session.rollback().await.unwrap();
        assert!(session.table(&staging).await.unwrap().is_none());
        assert_eq!(
            all(&mut *session, "SELECT count(*) FROM t").await.1,
            [["0"]]
        );
    }
}

#[tokio::test]
async fn a_connection_that_is_dropped_leaves_nothing_of_its_transaction() {
    let file = File::new().await;
    file.run("CREATE TABLE t (a INTEGER)").await;
    let mut session = file.session().await;
    session.begin().await.unwrap();
    session
        .execute("INSERT INTO t VALUES (1)", 0)
        .await
        .unwrap();
    drop(session);
    let mut session = file.session().await;
    assert_eq!(
        all(&mut *session, "SELECT count(*) FROM t").await.1,
        [["0"]]
    );
    let error = session.comments("t").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unsupported);
}
