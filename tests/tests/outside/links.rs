//! Links by command, and in the files that a node and a single run read.

use std::path::Path;
use std::time::Duration;

use peerflow_tests::{NodeBuilder, Outcome, eventually, run_in};
use serde_json::Value;

/// What must never be shown.
const PASSWORD: &str = "hunter2-the-password";

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, content).expect("the folder can be written");
}

#[test]
fn a_link_is_added_changed_listed_and_deleted_by_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path()).start();
    let peerflow = |arguments: &[&str]| -> Outcome {
        let mut all = vec!["--peer", &node.api.base];
        all.extend(arguments);
        let outcome = run_in(folder.path(), &all);
        assert!(!outcome.text().contains(PASSWORD), "{}", outcome.text());
        outcome
    };
    write(folder.path(), "password", &format!("{PASSWORD}\n"));
    let url = "jdbc:mysql://127.0.0.1:1/dw";
    let add = "link db add dw --type MYSQL --username etl --url";
    let with = |more: &[&'static str]| {
        let mut all: Vec<&str> = add.split(' ').chain([url]).collect();
        all.extend(more);
        peerflow(&all)
    };
    let added = with(&["--password-file", "password"]);
    assert_eq!(added.code, 0, "{}", added.text());
    let again = with(&["--no-password"]);
    assert_eq!(again.code, 1, "{}", again.text());
    assert!(again.stderr.contains("already"), "{}", again.text());

    let updated = peerflow(&["link", "db", "update", "dw", "--desc", "warehouse"]);
    assert_eq!(updated.code, 0, "{}", updated.text());
    let listed = peerflow(&["-o", "json", "link", "db", "list"]);
    let page: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let link = &page["items"][0];
    assert_eq!(
        (&link["description"], &link["has_secrets"]),
        (&"warehouse".into(), &true.into())
    );
    let table = peerflow(&["link", "db", "list"]);
    assert!(table.stdout.contains(url), "{}", table.text());

    let tried = peerflow(&["link", "db", "test", "dw"]);
    assert_eq!(tried.code, 1, "{}", tried.text());
    assert!(tried.stdout.contains("dw"), "{}", tried.text());

    write(
        folder.path(),
        "w.xml",
        r#"<work-flow name="w"><start name="s" to="a"/>
      <action name="a"><sql db-link="dw">select 1</sql><ok to="e"/></action><end name="e"/></work-flow>"#,
    );
    assert_eq!(peerflow(&["workflow", "add", "w.xml"]).code, 0);
    let refused = peerflow(&["link", "db", "del", "dw"]);
    assert_eq!(refused.code, 1, "{}", refused.text());
    assert!(refused.stderr.contains("workflow w"), "{}", refused.text());
    assert_eq!(peerflow(&["link", "db", "del", "dw", "--force"]).code, 0);
    let missing = peerflow(&["--lang", "zh", "link", "db", "test", "dw"]);
    assert_eq!(missing.code, 1, "{}", missing.text());
    assert!(
        missing.stderr.contains("没有数据库连接"),
        "{}",
        missing.text()
    );
}

#[test]
fn a_password_is_no_argument_wherever_it_stands() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let add = "link db add dw --type MYSQL";
    for more in [
        ["--password", "hunter2"],
        ["--url", "jdbc:mysql://127.0.0.1:1/dw?password=hunter2"],
        ["--property", "trustStorePassword=hunter2"],
    ] {
        let arguments: Vec<&str> = add.split(' ').chain(more).collect();
        let refused = run_in(folder.path(), &arguments);
        assert_eq!(refused.code, 2, "{}", refused.text());
        assert!(
            refused.stderr.contains("process list"),
            "{}",
            refused.text()
        );
        assert!(!refused.text().contains("hunter2"), "{}", refused.text());
    }
}

#[test]
fn a_new_link_with_a_user_and_nobody_to_ask_needs_a_word_about_its_password() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = NodeBuilder::new(folder.path()).start();
    let add = |arguments: &str| {
        let arguments: Vec<&str> = ["--peer", &node.api.base, "link"]
            .into_iter()
            .chain(arguments.split(' '))
            .collect();
        run_in(folder.path(), &arguments)
    };
    for given in [
        "db add a --type MYSQL --username etl --url jdbc:mysql://127.0.0.1:1/dw",
        "db add a --url mysql://etl@127.0.0.1:1/dw",
        "file add a --type SFTP --host 127.0.0.1 --username etl",
    ] {
        let refused = add(given);
        assert_eq!(refused.code, 2, "{given}: {}", refused.text());
        assert!(
            refused.stderr.contains("--no-password") && refused.stderr.contains("for a,"),
            "{}",
            refused.text()
        );
        let added = add(&format!("{given} --no-password").replace("add a", "add b"));
        assert!(matches!(added.code, 0 | 1), "{}", added.text());
        assert!(!added.stderr.contains("--no-password"), "{}", added.text());
    }
    for given in [
        "db add c --url jdbc:sqlite:/x.db",
        "file add d --type SFTP --host 127.0.0.1 --username etl --property keyFile=/key",
        "file add e --type WEBHDFS --host 127.0.0.1 --username etl",
    ] {
        let added = add(given);
        assert_eq!(added.code, 0, "{given}: {}", added.text());
    }
    let shown = add("db update c --secret colour=password");
    assert_eq!(shown.code, 2, "{}", shown.text());
    assert!(shown.stderr.contains("in clear"), "{}", shown.text());
}

#[test]
fn links_of_files_serve_a_node_and_a_single_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = folder.path().join("notes.db");
    let links = format!(
        r#"<db-links><link name="notes" type="SQLITE" jdbc-url="jdbc:sqlite:{}?mode=rwc"/><link name="odd"/></db-links>"#,
        database.display()
    );
    write(folder.path(), "config/db_links.xml", &links);
    write(
        folder.path(),
        "job.xml",
        r#"<work-flow name="job"><start name="s" to="a"/>
      <action name="a"><sql db-link="notes">create table if not exists t (a integer); insert into t values (1)</sql><ok to="e"/></action>
      <end name="e"/></work-flow>"#,
    );
    let ran = run_in(folder.path(), &["run", "job.xml"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let job = std::fs::read_to_string(folder.path().join("job.xml")).expect("the workflow");
    write(folder.path(), "odd.xml", &job.replace("notes", "odd"));
    for (language, says) in [
        ("en", "its entry was passed over"),
        ("zh", "它的条目被略过"),
    ] {
        let odd = run_in(folder.path(), &["--lang", language, "run", "odd.xml"]);
        assert_eq!(odd.code, 1, "{}", odd.text());
        assert!(
            odd.text().contains(says) && odd.text().contains("config/db_links.xml:1:"),
            "{}",
            odd.text()
        );
    }
    let elsewhere = run_in(folder.path(), &["run", "job.xml", "--links-dir", "nowhere"]);
    assert_eq!(elsewhere.code, 1, "{}", elsewhere.text());
    assert!(
        elsewhere.text().contains("peerflow link db add"),
        "{}",
        elsewhere.text()
    );

    let node = NodeBuilder::new(folder.path()).start();
    eventually(
        "the link of the file is there",
        Duration::from_secs(60),
        || {
            let listed = run_in(
                folder.path(),
                &["--peer", &node.api.base, "link", "db", "list"],
            );
            listed.stdout.contains("notes").then_some(())
        },
    );
    let tried = run_in(
        folder.path(),
        &["--peer", &node.api.base, "link", "db", "test", "notes"],
    );
    assert_eq!(tried.code, 0, "{}", tried.text());
}
