//! Statements, and connections that cannot be made.

use std::time::Duration;

use peerflow_mysql::{MySqlDatabase, Settings};
use peerflow_rows::{Database, Trouble};

use crate::places::{Place, connect, rows, run, settings, texts};

#[tokio::test]
async fn a_statement_tells_its_rows_warnings_and_first_rows() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(
        &mut *session,
        "CREATE TABLE t (n INT, f FLOAT, s VARCHAR(9))",
    )
    .await;
    let inserted = session
        .execute("INSERT INTO t VALUES (1, 1.5, 'a'), (2, NULL, '')", 5)
        .await
        .unwrap();
    assert_eq!(inserted.rows, Some(2));
    let selected = session
        .execute("SELECT n, f, s, n/0 AS broken FROM t ORDER BY n DESC", 1)
        .await
        .unwrap();
    assert_eq!(selected.rows, Some(2));
    assert_eq!(selected.columns[2].name, "s");
    assert_eq!(texts(&selected.first_rows), [["2", "NULL", "", "NULL"]]);
    assert!(selected.warnings[0].contains("1365"), "{selected:?}");
    place.drop_it().await;
}

#[tokio::test]
async fn a_procedure_gives_several_results_and_an_error_after_them_is_told() {
    let place = Place::create().await;
    let mut session = place.session().await;
    run(
        &mut *session,
        "CREATE PROCEDURE p() BEGIN SELECT 1 AS a UNION SELECT 2; SELECT 'x' AS b; END",
    )
    .await;
    run(
        &mut *session,
        "CREATE PROCEDURE q() BEGIN SELECT 1; SELECT * FROM missing; END",
    )
    .await;
    let called = session.execute("CALL p()", 10).await.unwrap();
    assert_eq!(called.rows, Some(3));
    assert_eq!(texts(&called.first_rows), [["1"], ["2"]]);
    let error = session.execute("CALL q()", 10).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Refused);
    assert!(error.message.contains("missing"), "{error}");
    assert_eq!(session.execute("SELECT 1", 1).await.unwrap().rows, Some(1));
    place.drop_it().await;
}

#[tokio::test]
async fn the_servers_defaults_stay_and_files_of_this_machine_stay_unread() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let mode = session
        .execute("SELECT @@session.sql_mode = @@global.sql_mode, @@session.time_zone = @@global.time_zone", 1)
        .await
        .unwrap();
    assert_eq!(texts(&mode.first_rows), [["1", "1"]]);
    run(&mut *session, "CREATE TABLE t (line TEXT)").await;
    let error = session
        .execute("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t", 0)
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Refused);
    place.drop_it().await;
}

#[tokio::test]
async fn connections_that_fail_say_why_and_hide_the_password() {
    let refused = Settings {
        port: 1,
        ..settings()
    };
    let error = open(refused).await;
    assert_eq!(error.trouble, Trouble::Unreachable);
    assert!(error.message.contains(":1"), "{error}");
    let stranger = Settings {
        user: "stranger".to_owned(),
        password: "s3cret".to_owned(),
        ..settings()
    };
    assert!(!format!("{stranger:?}").contains("s3cret"));
    let error = open(stranger).await;
    assert_eq!(error.trouble, Trouble::AccessDenied);
    assert!(!error.message.contains("s3cret"), "{error}");
    let missing = Settings {
        database: "no_such_database".to_owned(),
        ..settings()
    };
    assert_eq!(open(missing).await.trouble, Trouble::Settings);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = open(Settings {
        port: silent.local_addr().unwrap().port(),
        connect_timeout: Duration::from_millis(50),
        ..Settings::new("127.0.0.1")
    })
    .await;
    assert_eq!(error.trouble, Trouble::Unreachable);
    assert!(error.message.contains("50 ms"), "{error}");
}

async fn open(settings: Settings) -> peerflow_rows::Error {
    let database = MySqlDatabase::new(settings).unwrap();
    assert!(!format!("{database:?}").contains("s3cret"));
    database.connect().await.expect_err("it is refused")
}

#[tokio::test]
async fn tls_is_used_checked_or_missed_as_the_link_says() {
    let place = Place::create().await;
    let mut session = place.session().await;
    let offered = rows(&mut *session, "SELECT @@have_ssl").await == [["YES"]];
    let with = |mode: &str| {
        let mut settings = place.settings.clone();
        settings
            .properties
            .insert("sslMode".to_owned(), mode.to_owned());
        settings
    };
    let cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";
    let sealed = !rows(&mut *session, cipher).await[0][1].is_empty();
    assert_eq!(sealed, offered, "TLS is taken where it is offered");
    let mut plain = connect(with("DISABLED")).await;
    assert_eq!(rows(&mut *plain, cipher).await[0][1], "");
    if offered {
        let mut sealed = connect(with("REQUIRED")).await;
        assert_ne!(rows(&mut *sealed, cipher).await[0][1], "");
        let error = open(with("VERIFY_IDENTITY")).await;
        assert_eq!(error.trouble, Trouble::Unreachable);
        assert!(error.message.contains("certificate"), "{error}");
    } else {
        let error = open(with("REQUIRED")).await;
        assert_eq!(error.trouble, Trouble::Settings);
        assert!(error.message.contains("TLS"), "{error}");
    }
    place.drop_it().await;
}
