use proptest::prelude::*;

use super::*;

fn parse(url: &str) -> DatabaseUrl {
    DatabaseUrl::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn refused(url: &str) -> String {
    DatabaseUrl::parse(url).unwrap_err().to_string()
}

/// Host, port and database.
fn server(url: &DatabaseUrl) -> (&str, u16, &str) {
    match &url.place {
        DatabasePlace::Server {
            host,
            port,
            database,
        } => (host, *port, database),
        other => panic!("{other:?}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list: one URL of each form")]
fn urls_of_servers_are_understood_as_users_have_them() {
    use DatabaseSystem as System;
    for (written, system, place) in [
        (
            "jdbc:mysql://db:3307/shop?useSSL=false&characterEncoding=utf8",
            System::MySql,
            ("db", 3307, "shop"),
        ),
        ("jdbc:mysql://db/shop", System::MySql, ("db", 3306, "shop")),
        ("JDBC:MySQL://db", System::MySql, ("db", 3306, "")),
        (
            "jdbc:mysql:///shop",
            System::MySql,
            ("localhost", 3306, "shop"),
        ),
        ("jdbc:mariadb://db:3306/", System::MySql, ("db", 3306, "")),
        (
            "mysql://u:p@[::1]:3306/shop",
            System::MySql,
            ("::1", 3306, "shop"),
        ),
        (
            "jdbc:postgresql://db:5433/shop?ssl=true",
            System::Postgres,
            ("db", 5433, "shop"),
        ),
        (
            "jdbc:postgresql:shop",
            System::Postgres,
            ("localhost", 5432, "shop"),
        ),
        (
            "jdbc:postgresql:/",
            System::Postgres,
            ("localhost", 5432, ""),
        ),
        (
            "postgres://u@db/shop",
            System::Postgres,
            ("db", 5432, "shop"),
        ),
        (
            "jdbc:hive2://db:10001/shop;auth=noSasl",
            System::Hive,
            ("db", 10001, "shop"),
        ),
        ("jdbc:hive2://db", System::Hive, ("db", 10000, "")),
        (
            "jdbc:impala://db/shop",
            System::Impala,
            ("db", 21050, "shop"),
        ),
        (
            "jdbc:oracle:thin:@//db:1522/shop",
            System::Oracle,
            ("db", 1522, "shop"),
        ),
        (
            "jdbc:oracle:thin:@db:1522/shop",
            System::Oracle,
            ("db", 1522, "shop"),
        ),
        (
            "jdbc:clickhouse://db/shop",
            System::ClickHouse,
            ("db", 8123, "shop"),
        ),
        (
            "jdbc:ch:https://db:8443/shop",
            System::ClickHouse,
            ("db", 8443, "shop"),
        ),
        (
            "jdbc:mysql://db/%E9%80%9A",
            System::MySql,
            ("db", 3306, "通"),
        ),
    ] {
        let url = parse(written);
        assert_eq!((url.system, server(&url)), (system, place), "{written}");
    }
}

#[test]
fn users_and_secrets_are_taken_out_of_every_form() {
    for written in [
        "mysql://ann:hunt%40er2@db/shop",
        "mysql://ann:hunt@er2@db/shop",
        "jdbc:mysql://db/shop?user=ann&password=hunt@er2",
        "jdbc:mysql://db/shop?password=hunt%40er2&user=ann",
        "postgres://ann:hunt%40er2@db/shop",
        "jdbc:hive2://db/shop;user=ann;password=hunt@er2",
        "jdbc:oracle:thin:ann/hunt@er2@//db/shop",
        "odbc:DSN=dw;UID=ann;PWD=hunt@er2",
        "odbc:DSN=dw;uid=ann;pwd={hunt@er2}",
        "jdbc:sqlserver://db;databaseName=shop;user=ann;password=hunt@er2",
    ] {
        let url = parse(written);
        assert_eq!(url.username.as_deref(), Some("ann"), "{written}");
        assert_eq!(url.secrets.password(), Some("hunt@er2"), "{written}");
        let shown = format!("{url} {url:?}");
        assert!(!shown.contains("er2"), "{shown}");
        assert_eq!(parse(&url.to_string()).username, None, "{url}");
    }
    let url = parse("jdbc:mysql://db/shop?trustCertificateKeyStorePassword=s3&useSSL=true");
    assert_eq!(
        url.secrets.reveal("trustCertificateKeyStorePassword"),
        Some("s3")
    );
    assert_eq!(url.to_string(), "jdbc:mysql://db:3306/shop?useSSL=true");
}

#[test]
fn settings_of_hive_keep_their_three_kinds_apart() {
    let url = parse("jdbc:hive2://db:1/d;auth=noSasl;ssl=true?mapred.queue=a;b=c#v=1&w=2");
    let named: Vec<&str> = url.properties.keys().map(String::as_str).collect();
    let expected = [
        "auth",
        "hiveconf:b",
        "hiveconf:mapred.queue",
        "hivevar:v",
        "hivevar:w",
        "ssl",
    ];
    assert_eq!(named, expected);
    assert_eq!(
        url.to_string(),
        "jdbc:hive2://db:1/d;auth=noSasl;ssl=true?b=c;mapred.queue=a#v=1;w=2"
    );
}

#[test]
fn of_several_hosts_the_first_is_used_with_a_warning() {
    for written in [
        "jdbc:mysql://h1:3307,h2:3306/db",
        "jdbc:mysql:loadbalance://h1:3307,h2/db",
        "jdbc:mysql:replication://h1:3307/db",
        "jdbc:postgresql://h1:3307,h2:5432/db",
    ] {
        let url = parse(written);
        assert_eq!(server(&url), ("h1", 3307, "db"), "{written}");
        assert!(
            url.warnings[0].contains("no failover"),
            "{:?}",
            url.warnings
        );
    }
}

#[test]
fn oracle_knows_services_and_sids() {
    let url = parse("jdbc:oracle:thin:scott/tiger@db:1521:ORCL");
    assert_eq!(url.to_string(), "jdbc:oracle:thin:@db:1521:ORCL");
    assert_eq!(url.secrets.password(), Some("tiger"));
    assert!(refused("jdbc:oracle:thin:@(DESCRIPTION=(HOST=db))").contains("DESCRIPTION"));
    assert!(refused("jdbc:oracle:thin:@dw").contains("neither a service"));
}

#[test]
fn files_of_sqlite_are_named_in_many_ways_and_memory_is_refused() {
    for (written, path) in [
        ("jdbc:sqlite:/a/b.db", "/a/b.db"),
        ("jdbc:sqlite:///a/b.db", "/a/b.db"),
        ("jdbc:sqlite:file:/a/b%20c.db?mode=ro", "/a/b c.db"),
        ("sqlite:///a/b.db", "/a/b.db"),
        ("sqlite://b.db", "b.db"),
        ("jdbc:sqlite:b.db", "b.db"),
    ] {
        let url = parse(written);
        assert_eq!(url.place, DatabasePlace::File(path.to_owned()), "{written}");
        assert_eq!(
            url.warnings.len(),
            usize::from(!path.starts_with('/')),
            "{written}"
        );
    }
    for written in [
        "jdbc:sqlite::memory:",
        "jdbc:sqlite:",
        "sqlite://",
        "jdbc:sqlite:file:x?mode=memory",
    ] {
        assert!(refused(written).contains("in memory"), "{written}");
    }
}

#[test]
fn odbc_takes_attributes_with_braces() {
    let url = parse("odbc:Driver={SQL};Server=db;Options={a;b};PWD={a;}}b};");
    assert_eq!(url.properties["Driver"], "SQL");
    assert_eq!(url.properties["Options"], "a;b");
    assert_eq!(url.secrets.password(), Some("a;}b"));
    assert_eq!(url.to_string(), "odbc:Driver=SQL;Options={a;b};Server=db");
    assert_eq!(parse("jdbc:odbc:dw").properties["DSN"], "dw");
    assert!(refused("odbc:DSN=x;PWD={a").contains("does not end with }"));
}

#[test]
fn every_mistake_is_told_with_the_right_form() {
    for (written, part, form) in [
        ("", "empty", "jdbc:mysql://"),
        ("db:3306", "kind `db`", "known are"),
        ("jdbc:mysq://db/x", "`mysq`", "did you mean mysql?"),
        (
            "jdbc:mysql:db/x",
            "// is missing",
            "jdbc:mysql://host:3306/database",
        ),
        ("jdbc:mysql://db:33o6/x", "`33o6`", "1 to 65535"),
        ("jdbc:mysql://db:70000/x", "`70000`", "1 to 65535"),
        ("jdbc:mysql://a b/x", "`a b`", "name of a host"),
        ("jdbc:mysql://::1/x", "brackets", "[::1]:3306"),
        ("jdbc:mysql://[::zz]/x", "`::zz`", "IPv6"),
        ("jdbc:mysql://[::1/x", "] is missing", "jdbc:mysql://host"),
        (
            "jdbc:mysql://address=(host=a)(port=1)/x",
            "address=(host=…)",
            "jdbc:mysql://host",
        ),
        ("jdbc:mysql://db/x/y", "`x/y`", "a /"),
        ("jdbc:mysql://db/x#y", "a #", "%23"),
        ("jdbc:mysql://db/x?a%=1", "`a%`", "name=value"),
        ("jdbc:mysql://db/x?a=%zz", "hexadecimal", "%25"),
        ("mysql://ann:a/b@db/x", "an @ stands behind", "%2F"),
        ("mysql://ann:a?b@db/x", "an @ stands behind", "%3F"),
        ("mysql://ann:a#b@db/x", "an @ stands behind", "%23"),
        (
            "jdbc:hive2://z1:2181,z2:2181/;serviceDiscoveryMode=zooKeeper",
            "ZooKeeper",
            "jdbc:hive2://host:10000",
        ),
        ("jdbc:hive2:///db", "host is missing", "jdbc:hive2://host"),
        ("jdbc:hive://db/x", "first HiveServer", "jdbc:hive2://host"),
        ("odbc:UID=x", "neither a data source", "odbc:DSN=name"),
    ] {
        let text = refused(written);
        assert!(
            text.contains(part) && text.contains(form),
            "{written}: {text}"
        );
    }
}

/// A word that nothing else in a URL holds.
const SECRET: &str = "Zq9Zq9";

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", scheme in 0..12_usize) {
        let schemes = ["", "jdbc:mysql:", "jdbc:mysql://", "jdbc:postgresql:", "jdbc:sqlite:", "jdbc:hive2://",
            "jdbc:impala://", "jdbc:oracle:thin:", "jdbc:clickhouse:", "jdbc:sqlserver://", "odbc:", "mysql://"];
        if let Ok(url) = DatabaseUrl::parse(&format!("{}{text}", schemes[scheme])) {
            prop_assert!(!url.to_string().is_empty());
        }
    }

    #[test]
    fn the_form_in_which_a_url_is_kept_reads_the_same(
        scheme in 0..7_usize, database in "[a-zA-Z_0-9é ]{0,8}", value in "[ -~é]{0,12}", port in 1..=u16::MAX,
    ) {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let database = database.replace(' ', "%20");
        let written = match scheme {
            0 => format!("jdbc:mysql://h:{port}/{database}?a={value}&b=c"),
            1 => format!("jdbc:postgresql://[::1]:{port}/{database}?a={value}"),
            2 => format!("jdbc:hive2://h:{port}/{database};a={value}?b={value}#c={value}"),
            3 => format!("jdbc:impala://h:{port}/{database};a={value}"),
            4 => format!("jdbc:oracle:thin:@h:{port}:x{database}"),
            5 => format!("jdbc:clickhouse://h:{port}/{database}?a={value}"),
            _ => format!("jdbc:sqlite:/x{database}?a={value}"),
        };
        let url = parse(&written);
        prop_assert_eq!(parse(&url.to_string()), url);
    }

    #[test]
    fn no_password_is_ever_shown(
        before in "[!-~]{0,6}", behind in "[!-~]{0,6}", junk in "[ -~]{0,10}", form in 0..9_usize,
    ) {
        let password = format!("{before}{SECRET}{behind}");
        let written = match form {
            0 => format!("mysql://ann:{password}@db/x{junk}"),
            1 => format!("jdbc:mysql://ann:{password}@db:1{junk}/x"),
            2 => format!("jdbc:postgresql://db/x?{junk}&password={}", password.replace(['&', '#'], "")),
            3 => format!("jdbc:hive2://db/x;user=a;password={};{junk}", password.replace([';', '?', '#'], "")),
            4 => format!("jdbc:oracle:thin:ann/{password}@//db:15{junk}/x"),
            5 => format!("odbc:DSN=x;PWD={{{}}};{junk}", password.replace('}', "")),
            6 => format!("jdbc:sqlserver://db{junk};password={}", password.replace(';', "")),
            7 => format!("{junk}://ann:{password}@db"),
            _ => format!("postgres://ann:{password}@{junk}"),
        };
        let shown = match DatabaseUrl::parse(&written) {
            Ok(url) => format!("{url} {url:?} {}", url.warnings.join(" ")),
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!shown.contains(SECRET), "{} gives {}", written, shown);
    }
}
