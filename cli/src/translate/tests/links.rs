//! Texts about links: what the crates really say, and what of it needs a server, written out.

use std::collections::BTreeMap;

use peerflow_links::{LinkFile, NewLink, PASSWORD, Secrets, Vault};
use peerflow_model::{LinkKind, LinkSettings};
use peerflow_workflow::Diagnostics;

use super::*;

fn link(kind: LinkKind, name: &str, settings: LinkSettings) -> NewLink {
    NewLink {
        kind,
        name: name.to_owned(),
        settings,
        secrets: Secrets::new(),
    }
}

fn database(url: &str) -> LinkSettings {
    LinkSettings {
        jdbc_url: url.to_owned(),
        ..LinkSettings::default()
    }
}

fn files(system: &str, host: &str, username: &str, properties: &[(&str, &str)]) -> LinkSettings {
    let properties = properties.iter();
    LinkSettings {
        system: system.to_owned(),
        host: host.to_owned(),
        username: username.to_owned(),
        properties: properties
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..LinkSettings::default()
    }
}

/// URLs that are wrong in all ways.
const WRONG_URLS: &[&str] = &[
    "",
    "nonsense",
    "jdbc:nosuch://x",
    "jdbc:mysq://x",
    "jdbc:mysql:x",
    "jdbc:mysql://db:x/y",
    "jdbc:mysql://d b/y",
    "jdbc:mysql://[::1/y",
    "jdbc:mysql://[x]/y",
    "jdbc:mysql://[::1]x/y",
    "jdbc:mysql://a:b:c/y",
    "jdbc:mysql://db/x/y",
    "jdbc:mysql://db/x#y",
    "jdbc:mysql://db/x@y",
    "jdbc:mysql://db/x?a b=c",
    "jdbc:mysql://db/%zz",
    "jdbc:mysql://db/%ff",
    "jdbc:mysql://db/%00",
    "jdbc:mysql://address=(host=a)(port=1)/x",
    "jdbc:hive://db/x",
    "jdbc:hive2:x",
    "jdbc:hive2:///x",
    "jdbc:hive2://db/x;serviceDiscoveryMode=zooKeeper",
    "jdbc:oracle:x",
    "jdbc:oracle:thin:x",
    "jdbc:oracle:thin:@(DESCRIPTION=x)",
    "jdbc:oracle:thin:@db:1521",
    "jdbc:oracle:thin:@//",
    "odbc:a=b",
    "odbc:DSN={x",
    "odbc:DSN=x;y",
    "odbc:a b",
    "jdbc:sqlserver:x",
    "jdbc:sqlite::memory:",
    "jdbc:sqlite::resource:x.db",
    "jdbc:sqlite:/x/",
];

#[test]
fn whatever_is_wrong_with_a_link_is_told_in_chinese() {
    let long = "x".repeat(20_000);
    let mut wrong: Vec<NewLink> = WRONG_URLS
        .iter()
        .map(|url| link(LinkKind::Database, "数仓", database(url)))
        .collect();
    for name in ["", " x", "a/b", &long] {
        let settings = database("jdbc:sqlite:/x.db");
        wrong.push(link(LinkKind::Database, name, settings));
    }
    let mut typed = database("jdbc:mysql://db/x");
    typed.system = "POSTGRES".to_owned();
    wrong.push(link(LinkKind::Database, "dw", typed.clone()));
    typed.system = "MYSQ".to_owned();
    wrong.push(link(LinkKind::Database, "dw", typed.clone()));
    typed.host = "x".to_owned();
    wrong.push(link(LinkKind::Database, "dw", typed));
    let key = [("host-key", "x"), ("agent", "perhaps")];
    for settings in [
        files("", "h", "u", &[]),
        files("MAINFRAME", "h", "u", &[]),
        files("SFTP", "", "u", &[]),
        files("SFTP", "u@h", "u", &[]),
        files("SFTP", "h", "", &[]),
        files("SFTP", "h", "u", &key),
        files("SFTP", "h", "u", &[("key-file", "x")]),
        files("SFTP", "h", "u", &[("keyfil", "x")]),
        files("SFTP", "h", "u", &[("mainframe", "x")]),
        files("SFTP", "h", "u", &[("", "x")]),
        files("LOCAL", "", "", &[("key-file", "x")]),
        files("HDFS", "ftp://h/x", "u", &[]),
        files("WEBHDFS", "ftp://h/x", "u", &[]),
        files("FTP", "h", "", &[]),
        files("FTP", "h", "u", &[("encryption", "x")]),
        files("S3", "h", "u", &[]),
        files("S3", "h", "u", &[("bucket", "b")]),
        files("SFTP", "h\nx", "u", &[]),
        files("SFTP", "h", &long, &[]),
        database("x"),
    ] {
        wrong.push(link(LinkKind::File, "inbox", settings));
    }
    wrong.push(link(LinkKind::File, "local", files("SFTP", "h", "u", &[])));
    for link in wrong {
        let about = format!("{link:?}");
        let text = link.check().expect_err(&about).to_string();
        let told = Language::Chinese.told(&text);
        assert_told(&text, &told, "a link");
        assert_eq!(told.matches("write").count(), 0, "{text:?} became {told:?}");
    }
}

#[test]
fn what_works_but_hardly_as_it_was_meant_is_told_in_chinese() {
    for (kind, settings) in [
        (LinkKind::Database, database("jdbc:mysql://a,b/x?odd=1")),
        (LinkKind::Database, database("jdbc:mysql:replication://a/x")),
        (LinkKind::Database, database("jdbc:postgresql://a/x?odd=1")),
        (LinkKind::Database, database("jdbc:hive2://a/x;odd=1")),
        (LinkKind::Database, database("jdbc:sqlite:x.db")),
        (LinkKind::Database, database("jdbc:sqlserver://a")),
        (LinkKind::File, files("LOCAL", "h", "u", &[])),
        (LinkKind::File, files("FTP", "h", "u", &[])),
    ] {
        let draft = link(kind, "x", settings).check().expect("a link");
        assert!(!draft.warnings.is_empty(), "{draft:?}");
        for text in &draft.warnings {
            assert_told(text, &Language::Chinese.told(text), "a warning");
        }
    }
}

#[test]
fn lost_secrets_are_told_in_chinese() {
    let mut secrets = Secrets::new();
    secrets.set(PASSWORD, "x".to_owned());
    secrets.set("token", "y".to_owned());
    let sealed = Vault::of_cluster(&[1; 32]).seal(LinkKind::Database, "数仓", &secrets);
    let sealed = sealed.expect("sealed secrets");
    let other = Vault::of_cluster(&[2; 32]);
    let mut texts = vec![];
    let mut changed = sealed.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    let mut newer = sealed.clone();
    newer[0] = 99;
    // The first version knows no names.
    let mut first = sealed.clone();
    first[0] = 1;
    for (vault, bytes) in [
        (&other, &sealed),
        (&other, &first),
        (&other, &newer),
        (&Vault::of_cluster(&[1; 32]), &changed),
    ] {
        let error = vault.open(LinkKind::Database, "数仓", bytes);
        texts.push(error.expect_err("what cannot be opened").to_string());
    }
    let error = other.open(LinkKind::Database, "数仓", &first);
    let said = error.expect_err("another key").made_good(&secrets, &[]);
    texts.push(said.expect("good").expect("a note"));
    for text in texts {
        let told = Language::Chinese.told(&text);
        assert_told(&text, &told, "a vault");
        assert!(told.contains("数据库连接 `数仓`"), "{told}");
    }
}

#[test]
fn what_is_wrong_in_a_file_of_links_is_told_in_chinese() {
    let mut found = BTreeMap::new();
    for xml in [
        "",
        "<x/>",
        "<db-links><link/><lik/></db-links>",
        "<db-links><link name='a' jdbc-url='jdbc:sqlite:/x' nam='b'/></db-links>",
        "<db-links><link name='a' jdbc-url='jdbc:sqlite:/x' mainframe='b'><x/></link></db-links>",
        "<db-links><link name='a' jdbc-url='jdbc:sqlite:/x'/><link name='a' jdbc-url='jdbc:sqlite:/x'/></db-links>",
        "<db-links><link name='a' jdbc-url='jdbc:sqlite:/x' port='0'/></db-links>",
        "<db-links><link name='a'><properties><property/></properties></link></db-links>",
        "<db-links><link name='a' password='x<y'/></db-links>",
        "<db-links><link name='a' password='hunter2' hunter3/></db-links>",
        "<db-links><link name='a'",
    ] {
        let file = LinkFile::read(LinkKind::Database, xml.as_bytes());
        assert!(file.diagnostics.has_errors(), "{xml}");
        for each in file.diagnostics.0 {
            found.insert(Diagnostics(vec![each]).to_string(), xml);
        }
    }
    for (text, xml) in found {
        let about =
            format!("there is no database link `a`: its entry was passed over: c/db.xml:{text}");
        let told = Language::Chinese.told(&about);
        assert!(told.contains("它的条目被略过：c/db.xml:"), "{told}");
        let (_, why) = told.split_once("略过：").expect("a reason");
        assert_told(&text, why, xml);
    }
}

/// What takes a server, a file system or a task to be said.
const WRITTEN: &[&str] = &[
    "there is no database link `dw`; links may be missing, since their file is broken: config/db_links.xml:2:3: the XML is broken here (write &quot; for a quote, &lt; for < and &amp; for & within values, and close what was opened)",
    "there is no file link `dw`; links may be missing, since their file is broken: config/file_links.xml: it cannot be read: it is a directory, a pipe or a device",
    "connected: MySQL 11.8.6-MariaDB",
    "connected: 3 files lie in / itself",
    "database link `dw`: cannot reach db1:3306: Connection refused (os error 111); check host and port of the jdbc-url, and whether the server is up and lets this node in",
    "database link `dw`: Access denied for user 'a'@'b' (using password: NO) (error 1045, 28000); check username and password of the link",
    "database link `dw`: Access denied for user 'a'@'b' to database 'dw' (error 1044, 42000): user name and password are right, but this user may not use that database, or there is none of the name; the server was reached; check the database in the jdbc-url and the user's rights",
    "database link `dw`: no answer within 15 s",
    "file link `in`: no answer within 15 s; check host and port, and whether a firewall stands between",
    "file link `in`: cannot reach the SFTP server files:22: Connection refused (os error 111); check host and port, and that it runs",
    "file link `in`: the SFTP server files:22 does not let the user `etl` in: tried the password; the server takes publickey; check the user, and that the server knows the key or the password",
    "file link `in`: the FTP server files:21 does not let the user `etl` in: 530 no; check the user and the password",
    "file link `in`: nothing is known of the server files, which shows the host key ssh-ed25519 SHA256:abc; compare that with what `ssh-keygen -l` says on the server, then set it as the link's host key, or add the key with `ssh-keyscan -p 22 files >> /k`, or allow the link to accept the first use",
    "file link `local`: /in/pipe: cannot read /in/pipe on this node: it is a pipe; name a file, and have what comes through the pipe written into it",
    "file link `in`: /x: cannot read /x on the SFTP server files:22: it is a pipe, a socket or a device; name a file",
    "file link `in`: it is a database, and files are asked for",
    // Transfers.
    "database link `数仓`: looking for table `订单`: permission denied; correct the link, or give its user that right",
    "database link `dw`: statement 2 of <pre> (line 3): You have an error; correct the statement, or the table",
    "database link `dw`: moving the rows from the staging table: Duplicate entry '1'; correct the value, or the type of the column",
    "database link `dw`: the source has 3 column(s) (a, b, c), table `t` has 2 (a, b); give as many columns as the table has, in its order",
    "file link `local`: no file fits `/in/*.csv`; correct the path, or wait for the files with a `file-monitor` step",
    "file link `local`: /in/a.csv, line 700001, column 3: the line has 2 columns, 3 are expected; correct the line, or the delimiter",
    "file link `local`: /in/a.csv, line 7, column id: value `x`: database link `dw`: committing: Incorrect integer value; correct the value, or the type of the column",
    "row 7, column id: database link `dw`: committing: Incorrect integer value; correct the value, or the type of the column",
    "database link `dw`: nobody knows whether the rows are in table `t`: the connection was lost: x during commit; run the step again, which empties the table first",
    "the rows are in place; the command of <after> failed: exit code 1",
    "file link `out`: /x.csv: cannot write: cannot write the file /x.csv on this node: No space left on device (os error 28); free some room, or write elsewhere",
];

#[test]
fn what_servers_and_transfers_make_a_node_say_is_told_in_chinese() {
    for text in WRITTEN {
        assert_told(text, &Language::Chinese.told(text), "a node");
    }
    let told = Language::Chinese.told(WRITTEN[7]);
    assert_eq!(told, "数据库连接 `dw`：15 秒内没有应答");
}
