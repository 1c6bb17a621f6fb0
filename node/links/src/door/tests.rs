use jiff::Timestamp;

use super::*;
use crate::{NewLink, Vault, test_database, test_files};

fn given(kind: LinkKind, system: &str, url: &str, host: &str) -> NewLink {
    NewLink {
        kind,
        name: "dw".to_owned(),
        settings: LinkSettings {
            system: system.to_owned(),
            jdbc_url: url.to_owned(),
            host: host.to_owned(),
            port: None,
            username: String::new(),
            description: String::new(),
            properties: BTreeMap::new(),
        },
        secrets: Secrets::new(),
    }
}

fn record(kind: LinkKind, system: &str, url: &str, host: &str) -> LinkRecord {
    let draft = given(kind, system, url, host).check().unwrap();
    draft
        .seal(&Vault::of_cluster(&[1; 32]), Timestamp::UNIX_EPOCH)
        .unwrap()
}

fn inline(kind: &str, url: &str) -> InlineDatabase {
    InlineDatabase {
        kind: kind.to_owned(),
        jdbc_url: url.to_owned(),
        username: "ann".to_owned(),
        password: "hunter2".to_owned(),
    }
}

#[tokio::test]
async fn a_sqlite_link_connects_and_tells_its_version() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("jdbc:sqlite:{}/a.db?mode=rwc", directory.path().display());
    let record = record(LinkKind::Database, "SQLITE", &url, "");
    let database = open_database(&record, &Secrets::new()).unwrap();
    let words = test_database("dw", database.as_ref()).await.unwrap();
    assert!(words.starts_with("connected: SQLite 3."), "{words}");
}

#[tokio::test]
async fn a_server_tells_its_version_and_a_user_it_does_not_know_is_told() {
    let server = std::env::var("PEERFLOW_TEST_MYSQL")
        .unwrap_or_else(|_unset| "mysql://root@127.0.0.1:3306".to_owned());
    let known = record(LinkKind::Database, "MYSQL", &server, "");
    let database = open_database(&known, &Secrets::new()).unwrap();
    let words = test_database("dw", database.as_ref()).await.unwrap();
    assert!(words.starts_with("connected: MySQL "), "{words}");

    let (_, place) = server.rsplit_once('@').unwrap();
    let stranger = format!("mysql://peerflow_nobody:hunter2@{place}");
    let draft = given(LinkKind::Database, "MYSQL", &stranger, "")
        .check()
        .unwrap();
    let secrets = draft.secrets.clone();
    let sealed = draft
        .seal(&Vault::of_cluster(&[1; 32]), Timestamp::UNIX_EPOCH)
        .unwrap();
    let database = open_database(&sealed, &secrets).unwrap();
    let text = test_database("dw", database.as_ref())
        .await
        .unwrap_err()
        .to_string();
    assert!(text.starts_with("database link `dw`: "), "{text}");
    assert!(
        text.ends_with("check username and password of the link"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

/// Has the server's own user do this.
async fn as_root(server: &str, statements: &[String]) {
    let root = record(LinkKind::Database, "MYSQL", server, "");
    let root = open_database(&root, &Secrets::new()).unwrap();
    let mut session = root.connect().await.unwrap();
    for statement in statements {
        session.execute(statement, 0).await.unwrap();
    }
    session.close().await;
}

#[tokio::test]
async fn a_user_who_may_not_use_the_database_is_not_told_to_look_after_the_password() {
    let server = std::env::var("PEERFLOW_TEST_MYSQL")
        .unwrap_or_else(|_unset| "mysql://root@127.0.0.1:3306".to_owned());
    let user = format!("peerflow_links_{}", std::process::id());
    let made = format!("CREATE USER {user} IDENTIFIED BY 'hunter2'");
    as_root(&server, &[format!("DROP USER IF EXISTS {user}"), made]).await;
    let (_, place) = server.rsplit_once('@').unwrap();
    let url = format!("mysql://{user}@{}/mysql", place.trim_end_matches('/'));
    let record = record(LinkKind::Database, "MYSQL", &url, "");
    let mut secrets = Secrets::new();
    secrets.set(PASSWORD, "hunter2".to_owned());
    let database = open_database(&record, &secrets).unwrap();
    let text = test_database("dw", database.as_ref())
        .await
        .unwrap_err()
        .to_string();
    as_root(&server, &[format!("DROP USER {user}")]).await;
    for part in [
        "(error 1044, 42000)",
        "user name and password are right",
        "check the database in the jdbc-url and the user's rights",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("check username and password"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_the_links_name_and_advice() {
    for (system, url) in [
        ("MYSQL", "jdbc:mysql://127.0.0.1:1/x?connectTimeout=5000"),
        ("POSTGRES", "jdbc:postgresql://127.0.0.1:1/x"),
        ("SQLITE", "jdbc:sqlite:/nowhere/a.db"),
    ] {
        let record = record(LinkKind::Database, system, url, "");
        let mut secrets = Secrets::new();
        secrets.set(PASSWORD, "hunter2".to_owned());
        let database = open_database(&record, &secrets).unwrap();
        let error = test_database("dw", database.as_ref()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("database link `dw`: "), "{text}");
        assert!(text.contains("; check "), "{text}");
        assert!(
            !format!("{text} {database:?}").contains("hunter2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_nodes_own_files_always_exist() {
    let files = local_files().unwrap();
    let words = test_files("local", files.as_ref()).await.unwrap();
    assert!(words.starts_with("connected: "), "{words}");
    let record = record(LinkKind::File, "lfs", "", "");
    assert!(open_files(&record, &Secrets::new()).is_ok());
}

#[test]
fn a_database_that_a_step_writes_itself_is_opened_and_its_faults_are_told() {
    assert!(open_inline(&inline("MYSQL", "jdbc:mysql://db/x")).is_ok());
    assert!(open_inline(&inline("", "jdbc:postgresql://db/x")).is_ok());
    let error = open_inline(&inline("MYSQL", "jdbc:mysql://db:x/x")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the MYSQL database of the step itself: jdbc-url"),
        "{text}"
    );
    assert!(!text.contains("hunter2"));
}

/// Where the driver is not installed, nothing is tested.
#[cfg(feature = "odbc")]
#[tokio::test]
async fn a_link_by_odbc_connects_with_all_that_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!(
        "odbc:Driver=SQLite3;Database={}/a.db",
        directory.path().display()
    );
    let mut new = given(LinkKind::Database, "ODBC", &url, "");
    let properties = &mut new.settings.properties;
    properties.insert("apiKey".to_owned(), "hunter2".to_owned());
    properties.insert("Timeout".to_owned(), "1000".to_owned());
    let draft = new.check().unwrap();
    assert_eq!(draft.secrets.reveal("apiKey"), Some("hunter2"));
    let (secrets, vault) = (draft.secrets.clone(), Vault::of_cluster(&[1; 32]));
    let record = draft.seal(&vault, Timestamp::UNIX_EPOCH).unwrap();
    let database = open_database(&record, &secrets).unwrap();
    assert!(!format!("{database:?}").contains("hunter2"), "{database:?}");
    match test_database("dw", database.as_ref()).await {
        Ok(words) => assert!(words.starts_with("connected: SQLite"), "{words}"),
        Err(error) => assert!(
            error.message.contains("is the driver installed?"),
            "{error}"
        ),
    }
}

#[cfg(not(feature = "odbc"))]
#[test]
fn what_this_program_was_built_without_is_told_with_how_to_build_it() {
    let record = record(LinkKind::Database, "ORACLE", "jdbc:oracle:thin:@//db/x", "");
    let error = open_database(&record, &Secrets::new()).unwrap_err();
    assert_eq!(error.part, LinkPart::Unsupported);
    assert!(error.to_string().contains("--features odbc"), "{error}");
}

#[test]
fn a_link_of_the_other_kind_is_refused() {
    let record = record(LinkKind::File, "LOCAL", "", "");
    let error = open_database(&record, &Secrets::new()).unwrap_err();
    assert!(error.to_string().contains("leads to files"), "{error}");
}
