//! What became of a transaction.

use peerflow_rows::{Fate, Trouble};

use crate::support::{Schema, run};

#[tokio::test]
async fn another_session_finds_out_what_became_of_a_transaction() {
    let (schema, mut other) = Schema::new("fates").await;
    run(&mut other, "create table t (n int)").await;
    for (end, fate, count) in [
        ("commit", Fate::Committed, 1),
        ("rollback", Fate::Undone, 1),
        // Still open: its session is ended, since nobody is there any more who could commit it.
        ("select 1", Fate::Undone, 1),
    ] {
        let mut session = schema.session().await;
        let receipt = session.begin_witnessed(None).await.unwrap().unwrap();
        run(&mut session, "insert into t values (1)").await;
        run(&mut session, end).await;
        assert_eq!(other.fate(&receipt).await.unwrap(), fate, "{end}");
        assert_eq!(run(&mut other, "table t").await.rows, Some(count), "{end}");
        if end == "select 1" {
            let gone = session.commit().await.unwrap_err();
            assert_eq!(gone.trouble, Trouble::Lost, "{gone}");
        }
    }
    schema.drop(other).await;
}

/// Numbers of transactions mean nothing on another server, nor on a replica that has become the primary.
#[tokio::test]
async fn a_receipt_of_another_server_tells_nothing() {
    let (schema, mut session) = Schema::new("receipts").await;
    let receipt = session.begin_witnessed(None).await.unwrap().unwrap();
    session.commit().await.unwrap();
    assert_eq!(session.fate(&receipt).await.unwrap(), Fate::Committed);
    let (number, server) = receipt.split_once(' ').unwrap();
    let (system, timeline) = server.split_once('/').unwrap();
    for other in [
        format!("{number} 1{system}/{timeline}"),
        format!("{number} {system}/0000FFFF"),
        format!("x {server}"),
        String::new(),
    ] {
        assert_eq!(
            session.fate(&other).await.unwrap(),
            Fate::Unknown,
            "{other}"
        );
    }
    schema.drop(session).await;
}

#[tokio::test]
async fn who_holds_a_staging_table_may_be_silent() {
    let (schema, mut session) = Schema::new("silent").await;
    let dialect = peerflow_rows::Database::dialect(&peerflow_postgres::PostgresDatabase::new(
        crate::support::settings(),
    ));
    run(&mut session, "set idle_session_timeout = '1s'").await;
    for hold in dialect.hold_staging("peerflow_1_t") {
        run(&mut session, &hold).await;
    }
    let mut other = schema.session().await;
    run(&mut other, "select pg_sleep(2)").await;
    run(&mut session, "select 1").await;
    other.close().await;
    schema.drop(session).await;
}
