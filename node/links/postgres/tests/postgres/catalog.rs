//! Tables and comments.

use peerflow_rows::{Comments, Kind, Trouble};

use crate::support::{Schema, run};

#[tokio::test]
async fn a_table_is_found_as_its_user_writes_it() {
    let (schema, mut session) = Schema::new("tables").await;
    run(&mut session, "create domain money_ as numeric(8,3)").await;
    run(&mut session, "create domain price as money_ not null").await;
    run(
        &mut session,
        "create table \"订单 A\" (id bigint generated always as identity primary key, \"Name\" varchar(20) not null, \
         gone int, p price, twice int generated always as (gone * 2) stored, a int[])",
    )
    .await;
    run(
        &mut session,
        "alter table \"订单 A\" add later timestamptz(3)",
    )
    .await;
    let full = format!("{}.\"订单 A\"", schema.name);
    let columns = session.table(&full).await.unwrap().unwrap();
    assert_eq!(
        Some(&columns),
        session.table("\"订单 A\"").await.unwrap().as_ref()
    );
    let seen: Vec<(&str, Kind, Option<bool>)> = columns
        .iter()
        .map(|column| (column.name.as_str(), column.kind, column.nullable))
        .collect();
    let integer = |bits| Kind::Integer {
        bits,
        unsigned: false,
    };
    let price = Kind::Decimal {
        precision: Some(8),
        scale: Some(3),
    };
    let expected = [
        ("id", integer(64), Some(false)),
        (
            "Name",
            Kind::Text {
                characters: Some(20),
            },
            Some(false),
        ),
        ("gone", integer(32), Some(true)),
        ("p", price, Some(false)),
        ("a", Kind::TEXT, Some(true)),
        ("later", Kind::Instant { decimals: 3 }, Some(true)),
    ];
    assert_eq!(seen, expected, "and no column that the server generates");

    run(&mut session, "create view v as select 1 as n").await;
    run(
        &mut session,
        "create table parts (n int) partition by range (n)",
    )
    .await;
    for table in ["V", "Parts"] {
        assert_eq!(
            session.table(table).await.unwrap().unwrap().len(),
            1,
            "{table}"
        );
    }
    assert_eq!(session.table("\"V\"").await.unwrap(), None);
    assert_eq!(session.table("no_schema.t").await.unwrap(), None);
    run(&mut session, "create sequence s").await;
    for wrong in ["s", "a.b.c.d", "t t"] {
        assert_eq!(
            session.table(wrong).await.unwrap_err().trouble,
            Trouble::Refused,
            "{wrong}"
        );
    }
    schema.drop(session).await;
}

#[tokio::test]
async fn comments_are_set_without_touching_anything_else() {
    let (schema, mut session) = Schema::new("comments").await;
    run(&mut session, "create table t (n int default 7 not null, \"A \"\"b\" text, twice int generated always as (n * 2) stored)").await;
    run(&mut session, "create view v as select n from t").await;
    let none = session.comments("t").await.unwrap().unwrap();
    assert_eq!((none.table.as_deref(), none.columns.len()), (Some(""), 3));
    let comments = Comments {
        table: Some("it's \\ 订单".to_owned()),
        columns: vec![
            ("A \"b".to_owned(), "x\ny".to_owned()),
            ("twice".to_owned(), "2n".to_owned()),
        ],
    };
    session.set_comments("t", &comments).await.unwrap();
    let seen = session.comments("t").await.unwrap().unwrap();
    assert_eq!(seen.table, comments.table);
    assert_eq!(seen.columns[0], ("n".to_owned(), String::new()));
    assert_eq!(seen.columns[1..], comments.columns);
    run(&mut session, "insert into t default values").await;

    let away = Comments {
        table: Some(String::new()),
        columns: vec![
            ("twice".to_owned(), String::new()),
            ("missing".to_owned(), "x".to_owned()),
        ],
    };
    let error = session.set_comments("t", &away).await.unwrap_err();
    assert!(error.message.contains("\"missing\""), "{error}");
    assert_eq!(
        session.comments("t").await.unwrap().unwrap(),
        seen,
        "all or none"
    );
    let view = Comments {
        table: Some("a view".to_owned()),
        columns: vec![("n".to_owned(), "number".to_owned())],
    };
    session.set_comments("v", &view).await.unwrap();
    assert_eq!(session.comments("v").await.unwrap().unwrap(), view);
    assert_eq!(session.comments("missing").await.unwrap(), None);
    schema.drop(session).await;
}
