//! Statements, their results and what the server says against them.

use peerflow_hive::HiveDatabase;
use peerflow_rows::{Database as _, Trouble};

use crate::support::{connect, finish, first_rows, rows_of, run, session, settings};

#[tokio::test]
async fn a_statement_gives_its_columns_and_its_first_rows() {
    let Some(mut session) = session("executing").await else {
        return;
    };
    let some = session
        .execute("SELECT id, id * 2 AS twice FROM range(100) ORDER BY id", 3)
        .await
        .unwrap();
    assert_eq!(some.rows, None, "the server does not say how many");
    assert_eq!(rows_of(&some.first_rows).len(), 3);
    assert_eq!(rows_of(&some.first_rows)[2][1].as_deref(), Some("4"));
    assert_eq!(some.columns[1].name, "twice");
    let all = session.execute("SELECT * FROM range(3)", 3).await.unwrap();
    assert_eq!((all.rows, rows_of(&all.first_rows).len()), (Some(3), 3));
    let none = session
        .execute("SELECT * FROM range(3) WHERE id > 5", 10)
        .await
        .unwrap();
    assert_eq!((none.rows, none.first_rows.rows()), (Some(0), 0));
    let made = session.execute("CREATE TABLE t (a INT)", 10).await.unwrap();
    assert!(made.columns.is_empty(), "{:?}", made.columns);
    run(&mut *session, "INSERT INTO t VALUES (1), (2)").await;
    assert_eq!(first_rows(&mut *session, "SELECT * FROM t").await.len(), 2);
    finish(session, "executing").await;
}

#[tokio::test]
async fn a_refused_statement_is_told_in_the_servers_words_and_the_session_goes_on() {
    let Some(mut session) = session("refused").await else {
        return;
    };
    for (statement, words) in [
        ("SELECT * FROM there_is_none", "there_is_none"),
        ("SELEC 1", "SELEC"),
    ] {
        let error = session.execute(statement, 1).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::Refused, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(!error.message.contains("\tat "), "{error}");
    }
    assert_eq!(
        first_rows(&mut *session, "SELECT 1").await,
        [[Some("1".to_owned())]]
    );
    finish(session, "refused").await;
}

#[tokio::test]
async fn settings_of_the_link_hold_in_the_session() {
    let Some(mut settings) = settings() else {
        return;
    };
    for (name, value) in [
        ("hiveconf:spark.sql.session.timeZone", "Asia/Shanghai"),
        ("hivevar:day", "2024-01-01"),
    ] {
        settings
            .properties
            .insert(name.to_owned(), value.to_owned());
    }
    let mut session = connect(settings).await;
    assert_eq!(
        first_rows(&mut *session, "SELECT current_timezone(), '${day}'").await,
        [[
            Some("Asia/Shanghai".to_owned()),
            Some("2024-01-01".to_owned())
        ]]
    );
    session.close().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_or_speaks_otherwise_is_told_with_what_to_do() {
    let Some(mut settings) = settings() else {
        return;
    };
    settings.connect_timeout = std::time::Duration::from_secs(3);
    // Whatever the server has, it is not this.
    let other = match settings.properties.remove("auth") {
        Some(_) => "none",
        None => "noSasl",
    };
    for (name, value) in [("auth", other), ("socketTimeout", "3000")] {
        settings
            .properties
            .insert(name.to_owned(), value.to_owned());
    }
    let database = HiveDatabase::new(settings.clone()).unwrap();
    let error = database.connect().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
    assert!(error.message.contains("auth=noSasl"), "{error}");
    settings.port = 1;
    let database = HiveDatabase::new(settings).unwrap();
    let error = database.connect().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
    assert!(error.message.contains(":1"), "{error}");
}
