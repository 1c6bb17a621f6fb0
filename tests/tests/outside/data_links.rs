//! Links through the API and by command: their passwords serve every node, outlive it, and are nowhere in clear.

use std::time::Duration;

use peerflow_tests::{Cluster, Database, command, eventually, run_in};
use serde_json::{Value, json};

use crate::data_stage::{Stage, fed, mariadb_link, process_list, workflow};

/// What must never be shown.
const PASSWORD: &str = "trout-0815-never-shown";

/// A user of the server who must give the password; goes with it.
struct User<'d> {
    name: String,
    database: &'d Database,
}

impl<'d> User<'d> {
    fn add(database: &'d Database) -> Self {
        let name = database
            .url()
            .rsplit('/')
            .next()
            .expect("a name")
            .to_owned();
        database.query(&format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON {name}.* TO '{name}'@'%'"
        ));
        Self { name, database }
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.database
            .try_query(&format!("DROP USER '{}'@'%'", self.name));
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[test]
fn a_password_from_standard_input_serves_after_a_restart_and_is_in_no_file() {
    let database = Database::new();
    let user = User::add(&database);
    let mut stage = Stage::start();
    let url = mariadb_link("", &database.url())["jdbc_url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let mut add = command();
    add.args(["--peer", &stage.api().base, "link", "db", "add", "orders"]);
    add.args(["--type", "MYSQL", "--url", &url, "--username", &user.name]);
    add.arg("--password-stdin");
    let added = fed(&mut add, &format!("{PASSWORD}\n"));
    assert!(added.status.success(), "{added:?}");
    assert!(!holds(&added.stdout, PASSWORD) && !holds(&added.stderr, PASSWORD));

    let tried = |stage: &Stage| {
        let peer = &stage.api().base;
        let tried = run_in(
            &stage.path(""),
            &["--peer", peer, "link", "db", "test", "orders"],
        );
        assert_eq!(tried.code, 0, "{}", tried.text());
        assert!(!tried.text().contains(PASSWORD), "{}", tried.text());
    };
    tried(&stage);
    stage.kill_and_start_again();
    tried(&stage);
    let action = r#"<sql db-link="orders">CREATE TABLE t (a INT)</sql>"#;
    let ended = stage.finish("use-it", action);
    assert_eq!(ended["status"], "succeeded", "{ended:#}");
    assert!(!process_list().contains(PASSWORD));

    let mut folders = vec![stage.path("")];
    let mut databases = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                assert!(!holds(&bytes, PASSWORD), "{}", path.display());
                databases += usize::from(holds(&bytes, "SQLite format 3"));
            }
        }
    }
    assert!(databases > 0, "the store was looked at");
}

#[test]
fn a_link_added_through_one_node_serves_on_another_and_its_password_is_not_in_the_store() {
    let database = Database::new();
    let user = User::add(&database);
    let cluster = Cluster::builder().nodes(2).start();
    let mut link = mariadb_link("orders", &database.url());
    link["username"] = user.name.as_str().into();
    link["password"] = PASSWORD.into();
    let added = cluster.api(0).post("/api/v1/links/db", &link);
    assert_eq!(added.status, 201, "{}", added.text);
    assert!(!added.text.contains(PASSWORD), "{}", added.text);

    for at in 0..2 {
        let api = cluster.api(at);
        let shown = eventually("every node has it", Duration::from_secs(30), || {
            api.try_get("/api/v1/links/db/orders")
                .filter(|reply| reply.status == 200)
        });
        assert_eq!(shown.json["has_secrets"], true, "{}", shown.text);
        assert!(!shown.text.contains(PASSWORD), "{}", shown.text);
        let trial = api.post("/api/v1/links/db/orders/test", &json!({}));
        assert_eq!(trial.json["ok"], true, "{}", trial.text);
        ran_on(&cluster, at);
    }
    let store = cluster.database().expect("a store on MariaDB");
    let file = cluster.folder().join("store.sql");
    store.back_up(&file);
    let dump = std::fs::read(&file).expect("the dump was written");
    // As the dump writes bytes.
    let hex = |text: &str| -> String { text.bytes().map(|byte| format!("{byte:02X}")).collect() };
    assert!(holds(&dump, &hex("orders")), "the links are in the dump");
    assert!(!holds(&dump, PASSWORD) && !holds(&dump, &hex(PASSWORD)));

    let gone = cluster
        .api(1)
        .send("DELETE", "/api/v1/links/db/orders", &[], b"");
    // The workflows name it.
    assert_eq!(gone.status, 409, "{}", gone.text);
    let gone = cluster
        .api(1)
        .send("DELETE", "/api/v1/links/db/orders?force=true", &[], b"");
    assert_eq!(gone.status, 200, "{}", gone.text);
    let left = cluster.api(0).get("/api/v1/links/db/orders");
    assert_eq!(left.status, 404, "{}", left.text);
}

/// Runs a step with the link on that node.
fn ran_on(cluster: &Cluster, at: usize) {
    let (api, host) = (cluster.api(at), cluster.id(at));
    let name = format!("on-{at}");
    let action = r#"<sql db-link="orders">SELECT CURRENT_USER()</sql>"#;
    let xml = workflow(&name, action, &format!(r#"host="{host}""#));
    api.put_workflow(&name, &xml);
    let id = api.try_run(&name).expect("it is run");
    let ended: Value = eventually("it ends", Duration::from_secs(60), || {
        let instance = api.try_instance(&id)?;
        (!instance["ended_at"].is_null()).then_some(instance)
    });
    assert_eq!(ended["status"], "succeeded", "{ended:#}");
    let log = api.get(&format!("/api/v1/instances/{id}/log")).text;
    assert!(!log.contains(PASSWORD), "{log}");
}

#[test]
fn a_link_is_changed_without_its_password_and_tried_through_the_api() {
    let database = Database::new();
    let user = User::add(&database);
    let stage = Stage::start();
    let mut link = mariadb_link("orders", &database.url());
    link["username"] = user.name.as_str().into();
    link["password"] = "wrong-one".into();
    stage.link("db", &link);
    let trial = || stage.api().post("/api/v1/links/db/orders/test", &json!({}));
    let refused = trial();
    assert_eq!((refused.status, &refused.json["ok"]), (200, &false.into()));
    println!("{}", refused.json["message"]);
    let put = |body: &Value| {
        let sent = stage.api().send(
            "PUT",
            "/api/v1/links/db/orders",
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        );
        assert_eq!(sent.status, 200, "{}", sent.text);
        assert!(!sent.text.contains(PASSWORD), "{}", sent.text);
    };
    put(&json!({ "password": PASSWORD }));
    put(&json!({ "description": "what was sold" }));
    assert_eq!(trial().json["ok"], true);
    let listed = stage.api().get("/api/v1/links/db");
    assert_eq!(listed.json["items"][0]["description"], "what was sold");
    assert!(!listed.text.contains(PASSWORD), "{}", listed.text);
    let broken = stage.api().send(
        "PUT",
        "/api/v1/links/db/orders",
        &[("content-type", "application/json")],
        format!(r#"{{"password": ["{PASSWORD}"]}}"#).as_bytes(),
    );
    assert_eq!(broken.status, 400, "{}", broken.text);
    assert!(!broken.text.contains(PASSWORD), "{}", broken.text);
}
