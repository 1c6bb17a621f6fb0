//! Opening sessions, and what is said when that fails.

use std::time::Duration;

use peerflow_rows::Trouble;

use crate::support::{connect, run, settings, with};

#[tokio::test]
async fn what_is_wrong_with_a_link_is_told_without_its_password() {
    let mut nobody = settings();
    nobody.user = "peerflow_nobody".to_owned();
    nobody.password = "hunter2".to_owned();
    let denied = connect(nobody.clone()).await.unwrap_err();
    assert_eq!(denied.trouble, Trouble::AccessDenied, "{denied}");
    assert!(denied.message.contains("peerflow_nobody"), "{denied}");

    let mut elsewhere = settings();
    elsewhere.database = "peerflow_nowhere".to_owned();
    let wrong = connect(elsewhere).await.unwrap_err();
    assert_eq!(wrong.trouble, Trouble::Settings, "{wrong}");
    assert!(wrong.message.contains("does not exist"), "{wrong}");

    nobody.host = "127.0.0.1".to_owned();
    nobody.port = 1;
    let absent = connect(nobody).await.unwrap_err();
    assert_eq!(absent.trouble, Trouble::Unreachable);
    assert!(absent.message.contains("127.0.0.1:1"), "{absent}");
    for error in [denied, wrong, absent] {
        assert!(!error.message.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings();
    settings.host = "127.0.0.1".to_owned();
    settings.port = silent.local_addr().unwrap().port();
    settings.connect_timeout = Duration::from_millis(200);
    let error = connect(settings).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable);
    assert!(error.message.contains("no answer within 0.2 s"), "{error}");
}

#[tokio::test]
async fn properties_of_the_url_reach_the_server() {
    let mut session = connect(with(&[
        ("ApplicationName", "night run"),
        ("currentSchema", "pg_catalog,public"),
        ("options", "-c TimeZone=Asia/Shanghai"),
    ]))
    .await
    .unwrap();
    let shown = run(
        &mut session,
        "select current_setting('application_name'), current_setting('search_path'), current_setting('TimeZone')",
    )
    .await;
    let all: Vec<&str> = shown
        .first_rows
        .values()
        .map(|value| std::str::from_utf8(value.unwrap()).unwrap())
        .collect();
    assert_eq!(all, ["night run", "pg_catalog,public", "Asia/Shanghai"]);
    session.close().await;
}

/// Servers of distributions come with a certificate that nobody signed; a server without any is looked at too.
#[tokio::test]
async fn encryption_checks_what_sslmode_says() {
    let mut session = connect(with(&[("sslmode", "disable")])).await.unwrap();
    let shown = run(&mut session, "select current_setting('ssl')").await;
    let encrypts = shown.first_rows.value(0, 0) == Some(b"on");
    session.close().await;

    let required = connect(with(&[("sslmode", "require")])).await;
    if encrypts {
        let mut session = required.unwrap();
        let used = run(
            &mut session,
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
        )
        .await;
        assert_eq!(used.first_rows.value(0, 0), Some(&b"1"[..]));
        session.close().await;
    } else {
        assert_eq!(required.unwrap_err().trouble, Trouble::Unreachable);
    }
    let stranger = rcgen::generate_simple_self_signed(vec!["elsewhere".to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), stranger.cert.pem()).unwrap();
    let path = file.path().to_str().unwrap();
    for mode in ["verify-ca", "verify-full"] {
        let unknown = connect(with(&[("sslmode", mode), ("sslrootcert", path)])).await;
        assert_eq!(unknown.unwrap_err().trouble, Trouble::Unreachable, "{mode}");
    }
    if encrypts {
        // The server's own certificate is trusted once the link says so.
        let mut session = connect(settings()).await.unwrap();
        let ask = "select pg_read_file(current_setting('ssl_cert_file'))";
        let own = run(&mut session, ask).await;
        std::fs::write(file.path(), own.first_rows.value(0, 0).unwrap()).unwrap();
        session.close().await;
        let known = connect(with(&[("sslmode", "verify-ca"), ("sslrootcert", path)])).await;
        known.unwrap().close().await;
    }
    let missing = connect(with(&[
        ("sslmode", "verify-full"),
        ("sslrootcert", "/nowhere"),
    ]));
    let missing = missing.await.unwrap_err();
    assert_eq!(missing.trouble, Trouble::Settings);
    assert!(missing.message.contains("/nowhere"), "{missing}");
}
