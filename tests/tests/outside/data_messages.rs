//! What goes wrong with data, and what the step says: what a person can act on, with the link's name and without a secret.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use peerflow_tests::Database;
use serde_json::{Value, json};

use crate::data_postgres::Postgres;
use crate::data_sshd::Sshd;
use crate::data_stage::{Stage, mariadb_link, message, process_list};

/// What must never be shown.
const PASSWORD: &str = "swordfish-4711-never-shown";

/// Runs a step that must fail; gives what it says.
fn failure(stage: &Stage, name: &str, action: &str, link: &str) -> String {
    let id = stage.begin(name, action, "");
    let listed = process_list();
    let ended = stage.wait(&id);
    assert_eq!(ended["status"], "failed", "{name}: {ended:#}");
    let said = message(&ended);
    println!("{name}: {said}");
    assert!(said.contains(link), "{name}: {link} is not named: {said}");
    for shown in [listed, stage.told(&id)] {
        assert!(!shown.contains(PASSWORD), "{name}: {shown}");
    }
    said
}

/// As [`failure`]; what it says must hold all of these.
fn fails(stage: &Stage, name: &str, action: &str, link: &str, words: &[&str]) {
    let said = failure(stage, name, action, link);
    for word in words {
        assert!(said.contains(word), "{name}: `{word}` is not in: {said}");
    }
}

fn sql(link: &str, text: &str) -> String {
    format!(r#"<sql db-link="{link}">{text}</sql>"#)
}

fn with_password(mut link: Value, user: &str) -> Value {
    link["username"] = user.into();
    link["password"] = PASSWORD.into();
    link
}

/// Whether no file of the node holds the password: neither the store, nor logs, nor what it said.
fn assert_kept_secret(stage: &Stage) {
    for kind in ["db", "file"] {
        let listed = stage.api().get(&format!("/api/v1/links/{kind}"));
        assert!(!listed.text.contains(PASSWORD), "{}", listed.text);
    }
    let mut folders = vec![stage.path("")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                files += 1;
                assert!(!holds(&bytes, PASSWORD), "{}", path.display());
            }
        }
    }
    assert!(files > 2, "the node's log and store were looked at");
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[test]
fn wrong_hosts_and_passwords_and_tables_are_told_by_the_links_name_and_without_a_secret() {
    let stage = Stage::start();
    let (maria, postgres) = (Database::new(), Postgres::of_its_own());
    let user = format!("denied_{}", std::process::id());
    maria.query(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'another'"));
    postgres.add_user(&user, "another");
    for (name, link) in [
        ("orders", mariadb_link("", &maria.url())),
        ("ledger", postgres.link("")),
    ] {
        let place = link["jdbc_url"].as_str().expect("a URL").to_owned();
        let scheme = place.split("//").next().unwrap_or_default();
        let add = |suffix: &str, url: &str, user: &str| {
            let mut link = with_password(link.clone(), user);
            link["name"] = format!("{name}-{suffix}").into();
            link["jdbc_url"] = url.into();
            stage.link("db", &link);
        };
        add("away", &format!("{scheme}//127.0.0.1:1/x"), "etl");
        add(
            "nowhere",
            &format!("{scheme}//no-such-host.invalid/x"),
            "etl",
        );
        add("denied", &place, &user);
        let mut good = link.clone();
        good["name"] = name.into();
        stage.link("db", &good);
        let select = |suffix: &str| sql(&format!("{name}-{suffix}"), "SELECT 1");
        let case = |suffix: &str, words: &[&str]| {
            let link = format!("{name}-{suffix}");
            fails(&stage, &link, &select(suffix), &link, words);
        };
        case("away", &["127.0.0.1:1"]);
        case("nowhere", &["no-such-host.invalid"]);
        case("denied", &[&user]);
        let missing = sql(name, "SELECT 1;\nSELECT * FROM no_such_table");
        let words = ["no_such_table", "statement 2"];
        fails(&stage, &format!("{name}-sql"), &missing, name, &words);
        let transfer = format!(
            r#"<transfer><source type="DB" db-link="{name}">no_such_table</source><target type="FILE" path="{}"/></transfer>"#,
            stage.path("out.txt").display()
        );
        fails(
            &stage,
            &format!("{name}-transfer"),
            &transfer,
            name,
            &["no_such_table"],
        );
        assert!(!stage.path("out.txt").exists());
    }
    let unknown = failure(&stage, "unknown-link", &sql("ordrs", "SELECT 1"), "ordrs");
    assert!(
        unknown.contains("orders"),
        "the name that is like it: {unknown}"
    );
    assert_kept_secret(&stage);
    maria.query(&format!("DROP USER '{user}'@'%'"));
}

#[test]
fn missing_files_and_surplus_columns_are_told_with_their_place() {
    let stage = Stage::start();
    let maria = Database::new();
    maria.query("CREATE TABLE three (a INT, b VARCHAR(20), c INT)");
    stage.link("db", &mariadb_link("orders", &maria.url()));
    let load = |path: &Path| {
        format!(
            r#"<transfer><source type="FILE">{}</source><target type="DB" db-link="orders" table="three"/></transfer>"#,
            path.display()
        )
    };
    let missing = stage.path("not-there.txt");
    let words = ["not-there.txt"];
    fails(&stage, "missing-file", &load(&missing), "`local`", &words);

    let mut text = String::new();
    for line in 1..=700_001 {
        let more = if line == 700_000 { "\tsurplus" } else { "" };
        writeln!(text, "{line}\tname\t1{more}").expect("a string takes it");
    }
    let wide = stage.write("wide.txt", &text);
    let words = ["wide.txt", "line 700000", "surplus"];
    fails(&stage, "wide-line", &load(&wide), "`local`", &words);
    assert_eq!(maria.query("SELECT COUNT(*) FROM three").trim(), "0");

    let text = "1\tname\t1\n2\tname\tmany\n";
    let wrong = stage.write("wrong.txt", text);
    let words = ["wrong.txt", "line 2", "many", "orders"];
    fails(&stage, "bad-value", &load(&wrong), "orders", &words);
    let narrow = stage.write("narrow.txt", "1\tname\n");
    let words = ["three", "2 column(s)"];
    fails(&stage, "columns", &load(&narrow), "orders", &words);
}

/// A small disk, which is taken away with it.
struct SmallDisk<'p>(&'p Path);

impl<'p> SmallDisk<'p> {
    /// `None` where nobody may mount.
    fn mount(at: &'p Path) -> Option<Self> {
        std::fs::create_dir(at).expect("a folder");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at);
        mount
            .status()
            .is_ok_and(|done| done.success())
            .then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).status());
    }
}

#[test]
fn a_full_disk_is_told_and_the_former_file_stays() {
    let stage = Stage::start();
    let place = stage.path("small");
    let Some(_disk) = SmallDisk::mount(&place) else {
        println!("no disk can be mounted here, so nothing was tried");
        return;
    };
    let target = place.join("numbers.txt");
    std::fs::write(&target, "as before\n").expect("there is room");
    let maria = Database::new();
    stage.link("db", &mariadb_link("orders", &maria.url()));
    let transfer = format!(
        r#"<transfer><source type="DB" db-link="orders">SELECT seq, REPEAT('x', 100) FROM seq_1_to_100000</source><target type="FILE" path="{}"/></transfer>"#,
        target.display()
    );
    let words = ["numbers.txt", "space"];
    fails(&stage, "full-disk", &transfer, "`local`", &words);
    let kept = std::fs::read_to_string(&target).expect("it is there");
    assert_eq!(kept, "as before\n");
    let names = std::fs::read_dir(&place).expect("a folder").count();
    assert_eq!(names, 1, "what was written is gone");
}

#[test]
fn a_changed_host_key_is_told_and_nothing_is_read() {
    let stage = Stage::start();
    let server = Sshd::start();
    stage.link("file", &server.link("inbox"));
    std::fs::write(server.file("in.txt"), "1\n").expect("written");
    let fetch = format!(
        r#"<transfer><source type="FILE" file-link="inbox">{}</source><target type="FILE" path="{}"/></transfer>"#,
        server.file("in.txt").display(),
        stage.path("fetched.txt").display()
    );
    let fetched = stage.finish("fetch", &fetch);
    assert_eq!(fetched["status"], "succeeded", "{fetched:#}");
    std::fs::remove_file(stage.path("fetched.txt")).expect("it was fetched");

    let server = server.replaced();
    let words = ["host key"];
    fails(&stage, "fetch-again", &fetch, "inbox", &words);
    assert!(!stage.path("fetched.txt").exists());
    let trial = stage
        .api()
        .post("/api/v1/links/file/inbox/test", &json!({}));
    assert_eq!(trial.json["ok"], false, "{}", trial.text);
    println!("link test: {}", trial.json["message"]);

    let trusted = server.link("inbox");
    let sent = stage.api().send(
        "PUT",
        "/api/v1/links/file/inbox",
        &[("content-type", "application/json")],
        trusted.to_string().as_bytes(),
    );
    assert_eq!(sent.status, 200, "{}", sent.text);
    let fetched = stage.finish("fetch-at-last", &fetch);
    assert_eq!(fetched["status"], "succeeded", "{fetched:#}");
}
