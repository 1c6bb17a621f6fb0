//! Comments, and tables that are made.

use peerflow_mysql::MySqlDialect;
use peerflow_rows::{Column, Comments, Dialect, Kind};

use crate::places::{Place, rows, run};

#[tokio::test]
async fn only_comments_change_when_comments_are_set() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let create = |a: &str, b: &str, c: &str, t: &str| {
        format!(
            "CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT{a}, \
             name VARCHAR(40) CHARACTER SET latin1 NOT NULL DEFAULT 'it''s, COMMENT ''x'''{b} CHECK (name <> ''), \
             at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), \
             twice INT GENERATED ALWAYS AS (LENGTH(name) * 2) VIRTUAL{c}, e ENUM('a,b', '(') DEFAULT NULL, PRIMARY KEY (id)){t}"
        )
    };
    run(&mut *session, &create("", " COMMENT 'old'", "", "")).await;
    let new = Comments {
        table: Some("the 'table'\\\n订单".to_owned()),
        columns: vec![
            ("id".to_owned(), "key; it's \\ 1\n2".to_owned()),
            ("NAME".to_owned(), "名".to_owned()),
            ("twice".to_owned(), "x2".to_owned()),
        ],
    };
    session.set_comments("t", &new).await.unwrap();
    let found = session.comments("t").await.unwrap().unwrap();
    assert_eq!(found.table, new.table);
    let of: Vec<&str> = found
        .columns
        .iter()
        .map(|(_, comment)| comment.as_str())
        .collect();
    assert_eq!(of, ["key; it's \\ 1\n2", "名", "", "x2", ""]);
    let shown = rows(&mut *session, "SHOW CREATE TABLE t").await[0][1].clone();
    run(&mut *session, "DROP TABLE t").await;
    run(
        &mut *session,
        &create(
            " COMMENT 'key; it''s \\\\ 1\\n2'",
            " COMMENT '名'",
            " COMMENT 'x2'",
            " COMMENT 'the ''table''\\\\\\n订单'",
        ),
    )
    .await;
    assert_eq!(
        shown,
        rows(&mut *session, "SHOW CREATE TABLE t").await[0][1]
    );
    assert_eq!(session.comments("missing").await, Ok(None));
    let missing = Comments {
        table: None,
        columns: vec![("nope".to_owned(), String::new())],
    };
    let error = session.set_comments("t", &missing).await.unwrap_err();
    assert!(error.message.contains("nope"), "{error}");
    place.drop_it().await;
}

#[tokio::test]
async fn a_table_made_for_a_kind_tells_the_same_kind() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let kinds = [
        Kind::Boolean,
        Kind::Integer {
            bits: 8,
            unsigned: false,
        },
        Kind::Integer {
            bits: 64,
            unsigned: true,
        },
        Kind::Decimal {
            precision: Some(20),
            scale: Some(4),
        },
        Kind::Float { bits: 32 },
        Kind::Float { bits: 64 },
        Kind::Date,
        Kind::Time { decimals: 6 },
        Kind::Timestamp { decimals: 0 },
        Kind::Instant { decimals: 3 },
        Kind::Text {
            characters: Some(20),
        },
        Kind::TEXT,
        Kind::Binary { bytes: Some(16) },
        Kind::Binary { bytes: None },
    ];
    let columns: Vec<Column> = kinds
        .iter()
        .enumerate()
        .map(|(n, kind)| Column::new(format!("c{n}"), *kind))
        .collect();
    run(&mut *session, &MySqlDialect.create_table("t", &columns)).await;
    let made = session.table("t").await.unwrap().unwrap();
    assert_eq!(
        made.iter().map(|column| column.kind).collect::<Vec<_>>(),
        kinds
    );
    place.drop_it().await;
}

#[tokio::test]
async fn staging_tables_are_found_again_and_take_rows_without_keys() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(
        &mut *session,
        "CREATE TABLE `a_b` (id INT AUTO_INCREMENT PRIMARY KEY, s VARCHAR(9) CHARACTER SET latin1 UNIQUE, flag TINYINT(1) NOT NULL, g INT GENERATED ALWAYS AS (flag) STORED)",
    )
    .await;
    run(&mut *session, "CREATE TABLE pfx1_other (n INT)").await;
    let table = format!("{}.a_b", place.name);
    let staging = MySqlDialect.staging_name(&table, "pf_1");
    run(
        &mut *session,
        &MySqlDialect.create_staging(&staging, &table),
    )
    .await;
    let (old, new) = (
        session.table(&table).await.unwrap().unwrap(),
        session.table(&staging).await.unwrap().unwrap(),
    );
    assert_eq!(
        old.iter().map(|c| (&c.name, c.kind)).collect::<Vec<_>>(),
        new.iter().map(|c| (&c.name, c.kind)).collect::<Vec<_>>()
    );
    run(
        &mut *session,
        &format!("INSERT INTO {staging} VALUES (1, 'a', 0, 5), (1, 'a', 1, 6)"),
    )
    .await;
    let listed = rows(&mut *session, &MySqlDialect.list_staging(&table, "pf_")).await;
    assert_eq!(listed, [[staging.clone()]]);
    run(&mut *session, &MySqlDialect.drop_table(&listed[0][0])).await;
    assert_eq!(session.table(&staging).await, Ok(None));
    place.drop_it().await;
}
