//! Actions on data, as a user of a node sees them: the log of `sql`, readings of monitors, comments, files over SFTP.

use std::time::Duration;

use peerflow_tests::{Database, eventually};
use serde_json::Value;

use crate::data_postgres::Postgres;
use crate::data_sshd::Sshd;
use crate::data_stage::{Stage, mariadb_link, message};

/// Runs an action that must succeed; gives the instance's id.
fn succeeded(stage: &Stage, name: &str, action: &str) -> String {
    let ended = stage.finish(name, action);
    let id = ended["id"].as_str().expect("an id");
    assert_eq!(ended["status"], "succeeded", "{}", stage.told(id));
    id.to_owned()
}

/// Its log, once all of it has arrived.
fn log(stage: &Stage, id: &str, last: &str) -> String {
    eventually("the log has arrived", Duration::from_secs(30), || {
        let log = stage.log(id);
        log.contains(last).then_some(log)
    })
}

#[test]
fn statements_run_in_order_and_their_rows_and_warnings_are_in_the_log() {
    let stage = Stage::start();
    let maria = Database::new();
    stage.link("db", &mariadb_link("orders", &maria.url()));
    let text = r#"<sql db-link="orders"><![CDATA[
        -- a comment; with a semicolon
        SET sql_mode = '';
        CREATE TABLE t (id INT, name VARCHAR(3));
        INSERT INTO t VALUES (1, 'a;b'), (2, NULL), (3, 'too long');
        SELECT id, name FROM t ORDER BY id;
        DELETE FROM t WHERE id = 2
    ]]></sql>"#;
    let id = succeeded(&stage, "sql", text);
    let log = log(&stage, &id, "statement 5: 1 row changed");
    println!("{log}");
    for words in ["3 rows", "a;b", "NULL", "truncated"] {
        assert!(log.contains(words), "`{words}` is not in: {log}");
    }
    assert_eq!(maria.query("SELECT COUNT(*) FROM t").trim(), "2");

    // In the document the second statement begins in line 3.
    let broken = "<sql db-link=\"orders\">INSERT INTO t VALUES (7, 'x');\n\nINSERT INTO t VALUES (8, 'y';\nINSERT INTO t VALUES (9, 'z')</sql>";
    let ended = stage.finish("broken", broken);
    assert_eq!(ended["status"], "failed", "{ended:#}");
    let said = message(&ended);
    println!("{said}");
    for words in ["orders", "statement 2", "line 3", "syntax"] {
        assert!(said.contains(words), "`{words}` is not in: {said}");
    }
    assert_eq!(
        maria.query("SELECT COUNT(*) FROM t WHERE id > 6").trim(),
        "1"
    );
}

#[test]
fn readings_of_a_monitor_by_sql_are_served_whatever_the_judgement() {
    let stage = Stage::start();
    let postgres = Postgres::new();
    postgres.query("CREATE TABLE loads (day date, n int); INSERT INTO loads VALUES ('2026-01-01', 5), ('2026-01-02', 40)");
    stage.link("db", &postgres.link("ledger"));
    let monitor = |value: &str| {
        format!(
            r#"<data-monitor check-interval="1" category="loads"><source type="SQL" db-link="ledger">{value}</source>
               <min type="NUM">1</min><max type="SQL" db-link="ledger">SELECT 2 * min(n) FROM loads</max>
               <warn-msg>look at the loads</warn-msg></data-monitor>"#
        )
    };
    succeeded(&stage, "within", &monitor("SELECT min(n) FROM loads"));
    let ended = stage.finish("above", &monitor("SELECT max(n) FROM loads"));
    assert_eq!(ended["status"], "failed", "{ended:#}");
    let said = message(&ended);
    assert!(said.contains("look at the loads"), "{said}");
    let reading = |workflow: &str| -> Value {
        let page = stage
            .api()
            .get(&format!("/api/v1/data-monitor?workflow={workflow}"));
        assert_eq!(page.json["items"].as_array().map(Vec::len), Some(1));
        page.json["items"][0].clone()
    };
    for (workflow, value) in [("within", 5.0), ("above", 40.0)] {
        let kept = reading(workflow);
        assert_eq!(
            (&kept["value"], &kept["min"], &kept["max"]),
            (&value.into(), &1.0.into(), &10.0.into()),
            "{kept}"
        );
    }
}

#[test]
fn comments_are_set_from_other_tables_and_by_hand() {
    let stage = Stage::start();
    let maria = Database::new();
    maria.query(
        "CREATE TABLE a (id INT COMMENT 'number', name TEXT COMMENT '名称'); CREATE TABLE t (id INT, name TEXT, at DATE)",
    );
    stage.link("db", &mariadb_link("orders", &maria.url()));
    let metadata = |more: &str| {
        format!(
            r#"<metadata table="t" db-link="orders" from="a">{more}<table-comment>what was sold</table-comment></metadata>"#
        )
    };
    let ended = stage.finish("incomplete", &metadata(""));
    assert_eq!(ended["status"], "failed", "{ended:#}");
    let said = message(&ended);
    println!("{said}");
    assert!(said.contains("at") && said.contains("orders"), "{said}");
    let by_hand = r#"<column-comment name="at">it's the day</column-comment>"#;
    succeeded(&stage, "complete", &metadata(by_hand));
    let comments = maria.query("SELECT column_comment FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't' ORDER BY ordinal_position");
    let comments: Vec<&str> = comments.lines().collect();
    assert_eq!(comments, ["number", "名称", "it's the day"]);
    let table = maria.query("SELECT table_comment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 't'");
    assert_eq!(table.trim(), "what was sold");
}

#[test]
fn files_on_an_sftp_server_are_watched_and_fetched() {
    let stage = Stage::start();
    let server = Sshd::start();
    stage.link("file", &server.link("inbox"));
    let maria = Database::new();
    maria.query("CREATE TABLE t (id INT, name VARCHAR(20))");
    stage.link("db", &mariadb_link("orders", &maria.url()));
    let pattern = server.file("day-*.txt");
    let monitor = format!(
        r#"<file-monitor check-interval="1"><file file-link="inbox" min-num="2" min-each-size="3B">{}</file><warn-msg>ask the partner</warn-msg></file-monitor>"#,
        pattern.display()
    );
    std::fs::write(server.file("day-1.txt"), "1\tone\n").expect("written");
    let ended = stage.finish("too-few", &monitor);
    assert_eq!(ended["status"], "failed", "{ended:#}");
    let said = message(&ended);
    println!("{said}");
    assert!(
        said.contains("ask the partner") && said.contains("inbox"),
        "{said}"
    );
    std::fs::write(server.file("day-2.txt"), "2\ttwo\n").expect("written");
    succeeded(&stage, "enough", &monitor);
    let load = format!(
        r#"<transfer><source type="FILE" file-link="inbox">{}</source><target type="DB" db-link="orders" table="t"/></transfer>"#,
        pattern.display()
    );
    succeeded(&stage, "load", &load);
    assert_eq!(
        maria
            .query("SELECT GROUP_CONCAT(name ORDER BY id) FROM t")
            .trim(),
        "one,two"
    );
}
