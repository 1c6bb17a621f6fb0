//! Tables, their columns and comments.

use peerflow_rows::{Comments, Kind, Trouble};

use crate::support::{finish, run, session};

#[tokio::test]
async fn a_table_tells_its_columns_and_one_that_is_missing_is_none() {
    let Some(mut session) = session("tables").await else {
        return;
    };
    run(
        &mut *session,
        "CREATE TABLE t (`a b` DECIMAL(10,2), c VARCHAR(7), s STRUCT<x: INT>, day STRING) \
         USING parquet PARTITIONED BY (day)",
    )
    .await;
    let columns = session.table("t").await.unwrap().unwrap();
    let told: Vec<_> = columns.iter().map(|c| (c.name.as_str(), c.kind)).collect();
    assert_eq!(
        told,
        [
            (
                "a b",
                Kind::Decimal {
                    precision: Some(10),
                    scale: Some(2)
                }
            ),
            (
                "c",
                Kind::Text {
                    characters: Some(7)
                }
            ),
            ("s", Kind::TEXT),
            ("day", Kind::TEXT),
        ]
    );
    assert_eq!(session.table("there_is_none").await.unwrap(), None);
    assert_eq!(session.comments("there_is_none").await.unwrap(), None);
    finish(session, "tables").await;
}

#[tokio::test]
async fn comments_are_set_and_everything_else_stays() {
    let Some(mut session) = session("comments").await else {
        return;
    };
    run(
        &mut *session,
        "CREATE TABLE t (id BIGINT COMMENT 'old', name VARCHAR(5), price DECIMAL(9,2)) STORED AS PARQUET",
    )
    .await;
    let before = session.table("t").await.unwrap();
    let wanted = Comments {
        table: Some("all that's sold: 订单 \\ ${x}".to_owned()),
        columns: vec![
            ("ID".to_owned(), "the key".to_owned()),
            ("price".to_owned(), "in €, it's net".to_owned()),
        ],
    };
    session.set_comments("t", &wanted).await.unwrap();
    assert_eq!(session.table("t").await.unwrap(), before);
    let told = session.comments("t").await.unwrap().unwrap();
    assert_eq!(told.table, wanted.table);
    let comment = |of: &str| {
        let found = told.columns.iter().find(|(name, _)| name == of);
        found.map(|(_, comment)| comment.as_str())
    };
    assert_eq!(comment("id"), Some("the key"));
    assert_eq!(comment("price"), Some("in €, it's net"));
    assert_eq!(comment("name"), Some(""));
    let wrong = Comments {
        table: None,
        columns: vec![("none".to_owned(), "x".to_owned())],
    };
    let error = session.set_comments("t", &wrong).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Refused);
    let missing = session.set_comments("nowhere", &wanted).await;
    assert_eq!(missing.unwrap_err().trouble, Trouble::Refused);
    finish(session, "comments").await;
}
