use std::collections::BTreeMap;

use super::*;
use crate::error::LinkPart;
use crate::secrets::PASSWORD;

fn link(kind: LinkKind, system: &str) -> NewLink {
    NewLink {
        kind,
        name: "dw".to_owned(),
        settings: LinkSettings {
            system: system.to_owned(),
            jdbc_url: String::new(),
            host: String::new(),
            port: None,
            username: String::new(),
            description: String::new(),
            properties: BTreeMap::new(),
        },
        secrets: Secrets::new(),
    }
}

fn database(system: &str, url: &str) -> NewLink {
    let mut link = link(LinkKind::Database, system);
    link.settings.jdbc_url = url.to_owned();
    link
}

fn files(system: &str, host: &str, username: &str, properties: &[(&str, &str)]) -> NewLink {
    let mut link = link(LinkKind::File, system);
    link.settings.host = host.to_owned();
    link.settings.username = username.to_owned();
    for (name, value) in properties {
        link.settings
            .properties
            .insert((*name).to_owned(), (*value).to_owned());
    }
    link
}

#[test]
fn secrets_leave_the_url_and_the_properties_and_the_users_own_come_first() {
    let mut new = database("MARIADB", "mysql://ann:fromurl@db/shop?useSSL=false");
    new.settings.username = "bob".to_owned();
    new.settings
        .properties
        .insert("keyStorePassword".to_owned(), "store".to_owned());
    new.secrets.set(PASSWORD, "given".to_owned());
    let draft = new.check().unwrap();
    assert_eq!(draft.settings.system, "MYSQL");
    assert_eq!(draft.settings.username, "bob");
    assert_eq!(
        draft.settings.jdbc_url,
        "jdbc:mysql://db:3306/shop?useSSL=false"
    );
    assert!(draft.settings.properties.is_empty());
    assert_eq!(draft.secrets.password(), Some("given"));
    assert_eq!(draft.secrets.reveal("keyStorePassword"), Some("store"));
}

#[test]
fn what_was_checked_once_checks_the_same_again() {
    let first = database("", "postgres://ann:p@db/shop?sslmode=require")
        .check()
        .unwrap();
    let again = NewLink {
        kind: first.kind,
        name: first.name.clone(),
        settings: first.settings.clone(),
        secrets: first.secrets.clone(),
    };
    assert_eq!(again.check().unwrap(), first);
}

#[test]
fn every_mistake_of_a_database_link_names_the_link_its_part_and_what_to_do() {
    let named = |name: &str| NewLink {
        name: name.to_owned(),
        ..database("MYSQL", "jdbc:mysql://db/x")
    };
    let mut with_host = database("MYSQL", "jdbc:mysql://db/x");
    with_host.settings.host = "db".to_owned();
    for (link, part, words) in [
        (named(""), LinkPart::Name, "the name is missing"),
        (named("a/b"), LinkPart::Name, "write _ or -"),
        (named(" a"), LinkPart::Name, "no blanks"),
        (named(&"x".repeat(256)), LinkPart::Name, "255"),
        (
            database("MYSQ", "jdbc:mysql://db/x"),
            LinkPart::Type,
            "did you mean MYSQL?",
        ),
        (
            database("qqqqqqqqqqqq", "jdbc:mysql://db/x"),
            LinkPart::Type,
            "known are MYSQL, ORACLE",
        ),
        (
            database("POSTGRES", "jdbc:mysql://db/x"),
            LinkPart::Type,
            "write type=\"MYSQL\"",
        ),
        (
            database("MYSQL", ""),
            LinkPart::JdbcUrl,
            "the jdbc-url is missing",
        ),
        (
            database("MYSQL", "jdbc:mysql://db:0/x"),
            LinkPart::JdbcUrl,
            "1 to 65535",
        ),
        (
            database("SQLITE", "jdbc:sqlite:/a?mode=rwx"),
            LinkPart::JdbcUrl,
            "ro, rw, rwc",
        ),
        (with_host, LinkPart::Host, "into its jdbc-url"),
    ] {
        let expected = link_words(link.kind, &link.name);
        let error = link.check().unwrap_err();
        assert_eq!(error.part, part, "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with(&expected) && text.contains(words),
            "{text}"
        );
    }
}

#[test]
fn hive_spark_and_impala_share_a_url() {
    for (system, kept) in [("SPARK", "HIVE"), ("IMPALA", "IMPALA"), ("hive", "HIVE")] {
        let draft = database(system, "jdbc:hive2://db:21050/;auth=noSasl")
            .check()
            .unwrap();
        assert_eq!(draft.settings.system, kept);
    }
}

#[test]
fn every_mistake_of_a_file_link_names_its_part_and_what_to_do() {
    let mut named_local = files("SFTP", "h", "ann", &[]);
    named_local.name = "local".to_owned();
    for (link, part, words) in [
        (
            files("SFPT", "h", "ann", &[]),
            LinkPart::Type,
            "did you mean SFTP?",
        ),
        (
            files("SFTP", "", "ann", &[]),
            LinkPart::Host,
            "host is missing",
        ),
        (
            files("SFTP", "ann@h", "ann", &[]),
            LinkPart::Host,
            "given apart",
        ),
        (
            files("SFTP", "h", "", &[]),
            LinkPart::Username,
            "username is missing",
        ),
        (
            files("SFTP", "h", "ann", &[("agent", "ja")]),
            LinkPart::Property("agent".into()),
            "true or false",
        ),
        (
            files("SFTP", "h", "ann", &[("key-file", "id")]),
            LinkPart::Property("key-file".into()),
            "absolute path",
        ),
        (
            files("SFTP", "h", "ann", &[("keyfil", "/id")]),
            LinkPart::Property("keyfil".into()),
            "did you mean key-file?",
        ),
        (
            files("S3", "", "id", &[]),
            LinkPart::Property("bucket".into()),
            "bucket is missing",
        ),
        (
            files("S3", "", "id", &[("bucket", "b")]),
            LinkPart::Password,
            "secret access key",
        ),
        (
            files("FTP", "h", "ann", &[("encryption", "x")]),
            LinkPart::Property("encryption".into()),
            "none or explicit",
        ),
        (named_local, LinkPart::Name, "choose another"),
    ] {
        let error = link.check().unwrap_err();
        assert_eq!(error.part, part, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_record_opens_to_the_secrets_that_were_given() {
    let vault = Vault::of_cluster(&[9; 32]);
    let mut new = database("MYSQL", "jdbc:mysql://db/x");
    new.secrets.set(PASSWORD, "hunter2".to_owned());
    let draft = new.check().unwrap();
    let record = draft.seal(&vault, Timestamp::UNIX_EPOCH).unwrap();
    assert!(!format!("{record:?}").contains("hunter2"));
    let secrets = vault
        .open(record.kind, &record.name, &record.sealed)
        .unwrap();
    assert_eq!(secrets.password(), Some("hunter2"));
}

#[test]
fn debug_of_a_link_shows_nothing_that_may_be_secret() {
    let new = database("MYSQL", "mysql://ann:hunter2@db/x");
    assert!(!format!("{new:?}").contains("hunter2"));
}
