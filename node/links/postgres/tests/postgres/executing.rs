//! Statements as their users write them.

use peerflow_rows::{Kind, Trouble};

use crate::support::{Schema, row, rows_of, run};

#[tokio::test]
async fn a_statement_tells_its_rows_and_its_warnings() {
    let (schema, mut session) = Schema::new("executes").await;
    assert_eq!(
        run(&mut session, "create table t (n int, b boolean, c bytea)")
            .await
            .rows,
        None
    );
    let inserted = run(
        &mut session,
        "insert into t values (1, true, '\\x00ff'), (2, null, null)",
    )
    .await;
    assert_eq!(inserted.rows, Some(2));
    assert_eq!(
        run(&mut session, "delete from t where n > 5").await.rows,
        Some(0)
    );
    let noted = run(&mut session, "drop table if exists nothing_here").await;
    assert_eq!(noted.warnings.len(), 1);
    assert!(
        noted.warnings[0].contains("nothing_here"),
        "{:?}",
        noted.warnings
    );
    let quiet = run(
        &mut session,
        "update t set n = 3 where n = 2 returning n, b",
    )
    .await;
    assert!(quiet.warnings.is_empty());
    assert_eq!(rows_of(&quiet.first_rows), [row(&[Some("3"), None])]);

    let selected = run(
        &mut session,
        "-- all\nselect n, b, b::text from t order by n;",
    )
    .await;
    assert_eq!(selected.rows, Some(2));
    assert_eq!(selected.columns[1].kind, Kind::Boolean);
    let expected = [
        row(&[Some("1"), Some("1"), Some("true")]),
        row(&[Some("3"), None, None]),
    ];
    assert_eq!(rows_of(&selected.first_rows), expected);
    let bytes = session
        .execute("select c from t where n = 1", 1)
        .await
        .unwrap();
    assert_eq!(bytes.first_rows.value(0, 0), Some(&b"\x00\xff"[..]));
    schema.drop(session).await;
}

#[tokio::test]
async fn of_many_rows_the_first_are_kept_and_all_counted() {
    let (schema, mut session) = Schema::new("many").await;
    let many = session.execute(
        "select n, repeat('x', 1000) from generate_series(1, 200000) n",
        3,
    );
    let many = many.await.unwrap();
    assert_eq!((many.rows, many.first_rows.rows()), (Some(200_000), 3));
    let large = session.execute("select repeat('x', 300000) from generate_series(1, 50)", 50);
    let large = large.await.unwrap();
    assert_eq!(large.rows, Some(50));
    assert!(
        large.first_rows.size() < 2_000_000,
        "{}",
        large.first_rows.size()
    );
    let shouted = run(
        &mut session,
        "do $$ begin for i in 1..500 loop raise warning 'w%', i; end loop; end $$",
    );
    assert_eq!(shouted.await.warnings.len(), 100);
    assert_eq!(run(&mut session, "show server_encoding").await.rows, None);
    schema.drop(session).await;
}

#[tokio::test]
async fn an_error_is_told_in_the_servers_words_and_the_session_goes_on() {
    let (schema, mut session) = Schema::new("refuses").await;
    let refused = session
        .execute("select 1,\n  missing\nfrom t", 1)
        .await
        .unwrap_err();
    assert_eq!(refused.trouble, Trouble::Refused);
    assert_eq!(
        refused.message,
        "relation \"t\" does not exist at character 6 of line 3 (SQLSTATE 42P01)"
    );
    let hinted = session.execute("select lenght('a')", 1).await.unwrap_err();
    assert!(hinted.message.contains("hint: "), "{hinted}");
    let divided = session.execute("select 1/0", 1).await.unwrap_err();
    assert_eq!(divided.trouble, Trouble::BadValue);
    run(&mut session, "create table t (n int primary key)").await;
    run(&mut session, "insert into t values (1)").await;
    let twice = session
        .execute("insert into t values (1)", 1)
        .await
        .unwrap_err();
    assert_eq!(twice.trouble, Trouble::BadValue);
    assert!(
        twice
            .message
            .contains("detail: Key (n)=(1) already exists."),
        "{twice}"
    );
    run(&mut session, "set statement_timeout = 10").await;
    let slow = session.execute("select pg_sleep(60)", 1).await.unwrap_err();
    assert_eq!(slow.trouble, Trouble::Cancelled);
    run(&mut session, "set statement_timeout = 0").await;
    schema.drop(session).await;
}

#[tokio::test]
async fn a_copy_that_wants_a_client_does_not_hang() {
    let (schema, mut session) = Schema::new("copies").await;
    run(&mut session, "create table t (n int)").await;
    let refused = session.execute("copy t from stdin", 1).await.unwrap_err();
    assert_eq!(refused.trouble, Trouble::Unsupported);
    let over = session.execute("select 1", 1).await.unwrap_err();
    assert_eq!(over.trouble, Trouble::Lost, "{over}");
    let session = schema.session().await;
    schema.drop(session).await;
}

#[tokio::test]
async fn a_transaction_that_failed_is_not_reported_as_committed() {
    let (schema, mut session) = Schema::new("commits").await;
    session.begin().await.unwrap();
    run(&mut session, "create table t (n int)").await;
    session.execute("select 1/0", 1).await.unwrap_err();
    let error = session.commit().await.unwrap_err();
    assert!(error.message.contains("aborted"), "{error}");
    session.rollback().await.unwrap();
    assert_eq!(session.table("t").await.unwrap(), None);

    run(
        &mut session,
        "create table t (n int unique deferrable initially deferred)",
    )
    .await;
    session.begin().await.unwrap();
    run(&mut session, "insert into t values (1), (1)").await;
    assert_eq!(
        session.commit().await.unwrap_err().trouble,
        Trouble::BadValue
    );
    session.begin().await.unwrap();
    run(&mut session, "insert into t values (1)").await;
    session.commit().await.unwrap();
    assert_eq!(run(&mut session, "table t").await.rows, Some(1));
    schema.drop(session).await;
}
