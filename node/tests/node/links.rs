//! Links: kept, changed, offered by files, and their secrets never given out.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use peerflow_model::{LinkKey, LinkKind, LinkRecord};
use peerflow_node::Seams;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{BOUND, TestNode, temp_dir};

/// What must never be seen.
const PASSWORD: &str = "hunter2-the-password";

async fn start(dir: &Path, settings: &[(&str, &str)]) -> TestNode {
    let test = TestNode::start_with(dir, settings, Seams::default()).await;
    assert!(test.node.ready(BOUND).await);
    test
}

/// Asks the node's API; whatever it answers holds no password.
async fn call(test: &TestNode, line: &str, body: Value) -> (StatusCode, Value) {
    call_with(test, line, body, None).await
}

async fn call_with(
    test: &TestNode,
    line: &str,
    body: Value,
    key: Option<&str>,
) -> (StatusCode, Value) {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/links{path}"))
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = test.node.router().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    (status, serde_json::from_str(&text).unwrap())
}

async fn kept(test: &TestNode, kind: LinkKind, name: &str) -> Option<LinkRecord> {
    let key = LinkKey {
        kind,
        name: name.to_owned(),
    };
    test.node.store().link(&key).await.unwrap()
}

fn warehouse() -> Value {
    json!({
        "name": "warehouse", "type": "mysql", "jdbc_url": "jdbc:mysql://db1:3306/dw?useSSL=false",
        "username": "etl", "password": PASSWORD, "description": "all of it",
    })
}

/// Whether any file below `dir` holds the password.
fn leaks(dir: &Path) -> Vec<String> {
    let mut leaks = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            leaks.extend(self::leaks(&path));
        } else if let Ok(bytes) = fs::read(&path)
            && bytes
                .windows(PASSWORD.len())
                .any(|part| part == PASSWORD.as_bytes())
        {
            leaks.push(path.display().to_string());
        }
    }
    leaks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_added_changed_and_deleted_and_its_password_is_nowhere_in_clear() {
    let dir = temp_dir();
    let test = start(dir.path(), &[]).await;
    let (status, added) = call(&test, "POST /db", warehouse()).await;
    assert_eq!(
        (status, &added["outcome"]),
        (StatusCode::CREATED, &json!("added"))
    );
    let (status, problem) = call(&test, "POST /db", warehouse()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");

    let (_, link) = call(&test, "GET /db/warehouse", json!({})).await;
    assert_eq!(
        (&link["type"], &link["kind"]),
        (&json!("MYSQL"), &json!("db"))
    );
    assert_eq!(
        (&link["username"], &link["has_secrets"]),
        (&json!("etl"), &json!(true))
    );
    assert!(
        link.get("password").is_none() && link.get("host").is_none(),
        "{link}"
    );
    let first = kept(&test, LinkKind::Database, "warehouse").await.unwrap();
    assert!(!first.sealed.is_empty());

    // The very same changes nothing; another description keeps the password.
    let same = call(&test, "PUT /db/warehouse", warehouse()).await.1;
    assert_eq!(same["outcome"], "unchanged", "{same}");
    let change = json!({"description": "more"});
    let changed = call(&test, "PUT /db/warehouse", change).await.1;
    assert_eq!(changed["outcome"], "updated", "{changed}");
    let (_, link) = call(&test, "GET /db/warehouse", json!({})).await;
    assert_eq!(
        (&link["description"], &link["username"]),
        (&json!("more"), &json!("etl"))
    );
    let same = call(&test, "PUT /db/warehouse", json!({"password": PASSWORD}))
        .await
        .1;
    assert_eq!(same["outcome"], "unchanged", "{same}");

    assert_eq!(
        call(&test, "DELETE /db/warehouse", json!({})).await.0,
        StatusCode::OK
    );
    let (status, problem) = call(&test, "GET /db/warehose", json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("peerflow link db add"), "{detail}");
    assert_eq!(
        call(&test, "GET /ftp", json!({})).await.0,
        StatusCode::NOT_FOUND
    );
    test.node.stop().await;
    assert_eq!(leaks(dir.path()), [] as [String; 0]);
    let key = fs::metadata(dir.path().join("data/links.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_listed_by_kind_and_name_a_page_at_a_time() {
    let dir = temp_dir();
    let test = start(dir.path(), &[]).await;
    call(&test, "POST /db", warehouse()).await;
    let other = json!({"name": "A", "type": "SQLITE", "jdbc_url": "jdbc:sqlite:/tmp/x.db"});
    assert_eq!(call(&test, "POST /db", other).await.0, StatusCode::CREATED);
    let (_, page) = call(&test, "GET /db?limit=1", json!({})).await;
    assert_eq!(
        (&page["items"][0]["name"], &page["next"]),
        (&json!("A"), &json!("A"))
    );
    let (_, page) = call(&test, "GET /db?limit=1&cursor=A", json!({})).await;
    assert_eq!(
        (&page["items"][0]["name"], &page["next"]),
        (&json!("warehouse"), &Value::Null)
    );
    assert_eq!(
        call(&test, "GET /file", json!({})).await.1["items"],
        json!([])
    );
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_idempotency_key_adds_a_link_once_and_tells_other_passwords_apart() {
    let dir = temp_dir();
    let test = start(dir.path(), &[]).await;
    let add = |body| call_with(&test, "POST /db", body, Some("k"));
    assert_eq!(add(warehouse()).await.0, StatusCode::CREATED);
    // Sealed anew, and yet the same request.
    assert_eq!(add(warehouse()).await.0, StatusCode::CREATED);
    let mut other = warehouse();
    other["password"] = json!("hunter2-another");
    let (status, problem) = add(other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        problem["type"].as_str().unwrap().ends_with("key-reused"),
        "{problem}"
    );
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_without_showing_a_password() {
    let dir = temp_dir();
    let test = start(dir.path(), &[]).await;
    for (name, value, says) in [
        ("type", json!("MYSQLL"), "MYSQL"),
        ("name", json!(""), "name"),
        ("jdbc_url", json!("nonsense"), "warehouse"),
        ("properties", json!({"x": ["hunter2"]}), "texts in quotes"),
        ("password", json!({"hunter2": 1}), "text in quotes"),
        ("passwd", json!(PASSWORD), "passwd"),
    ] {
        let mut body = warehouse();
        body[name] = value;
        let (status, problem) = call(&test, "POST /db", body).await;
        assert!(status.is_client_error(), "{name}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{name}: {detail}");
    }
    assert_eq!(
        call(&test, "GET /db", json!({})).await.1["items"],
        json!([])
    );
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_link_whose_secrets_are_lost_names_each_and_drops_none_in_silence() {
    let dir = temp_dir();
    let test = start(dir.path(), &[]).await;
    let mut given = warehouse();
    given["properties"] = json!({"trustStorePassword": PASSWORD, "accessToken": PASSWORD});
    assert_eq!(call(&test, "POST /db", given).await.0, StatusCode::CREATED);
    let key = dir.path().join("data/links.key");
    test.node.stop().await;
    // As when the cluster's secret was changed.
    fs::remove_file(&key).unwrap();
    let test = start(dir.path(), &[]).await;
    let before = kept(&test, LinkKind::Database, "warehouse").await;
    for change in [
        json!({"description": "more"}),
        json!({"password": "hunter2-new"}),
        json!({"password": "hunter2-new", "properties": {"accessToken": null}}),
    ] {
        let (status, problem) = call(&test, "PUT /db/warehouse", change).await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        for part in [
            "`accessToken`, `password`, `trustStorePassword`",
            "--ask-password --secret accessToken=FILE",
            "--secret trustStorePassword=FILE",
        ] {
            assert!(detail.contains(part), "{detail}");
        }
    }
    assert_eq!(kept(&test, LinkKind::Database, "warehouse").await, before);
    let properties = json!({"trustStorePassword": PASSWORD, "accessToken": null});
    let all = json!({"password": PASSWORD, "properties": properties});
    let (status, saved) = call(&test, "PUT /db/warehouse", all).await;
    assert_eq!(
        (status, &saved["outcome"]),
        (StatusCode::OK, &json!("updated"))
    );
    let same = call(&test, "PUT /db/warehouse", json!({"description": "more"})).await;
    assert_eq!(same.0, StatusCode::OK, "{}", same.1);
    test.node.stop().await;
    assert_eq!(leaks(dir.path()), [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_property_of_files_is_changed_and_taken_away_in_any_spelling() {
    let dir = temp_dir();
    let test = start(dir.path(), &[]).await;
    let properties = json!({"known-hosts": "/etc/a", "keyPassphrase": PASSWORD});
    let inbox = json!({
        "name": "inbox", "type": "SFTP", "host": "files", "username": "etl", "properties": properties,
    });
    assert_eq!(
        call(&test, "POST /file", inbox).await.0,
        StatusCode::CREATED
    );
    let change = json!({"properties": {"KNOWN_HOSTS": "/etc/b"}});
    assert_eq!(
        call(&test, "PUT /file/inbox", change).await.0,
        StatusCode::OK
    );
    let link = call(&test, "GET /file/inbox", json!({})).await.1;
    assert_eq!(link["properties"], json!({"known-hosts": "/etc/b"}));
    let change = json!({"properties": {"knownHosts": null, "key_passphrase": null}});
    assert_eq!(
        call(&test, "PUT /file/inbox", change).await.0,
        StatusCode::OK
    );
    let link = call(&test, "GET /file/inbox", json!({})).await.1;
    assert_eq!(
        (&link["properties"], &link["has_secrets"]),
        (&json!({}), &json!(false))
    );
    test.node.stop().await;
}

const FILE: &str = r#"<db-links>
  <link name="dw" type="MYSQL" jdbc-url="jdbc:mysql://db1:3306/dw" username="etl" password="hunter2-the-password"/>
  <link name="broken" type="NOSUCH" jdbc-url="jdbc:nosuch://x"/>
  <link name="kept" type="MYSQL" jdbc-url="jdbc:mysql://file:3306/x" username="u"/>
</db-links>"#;

async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, wait)
        .await
        .expect("it comes so far in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_of_a_file_are_added_and_changed_and_never_roll_back_what_a_person_did() {
    let dir = temp_dir();
    let path = dir.path().join("db_links.xml");
    let shown = path.display().to_string();
    let settings = [
        ("LINKS__DB_FILE", shown.as_str()),
        ("XML_LOADER__SCAN_INTERVAL", "100ms"),
    ];
    let test = start(dir.path(), &settings).await;
    let person = json!({"name": "kept", "type": "MYSQL", "jdbc_url": "jdbc:mysql://person:3306/x"});
    assert_eq!(call(&test, "POST /db", person).await.0, StatusCode::CREATED);

    fs::write(&path, FILE).unwrap();
    let dw = until(async || kept(&test, LinkKind::Database, "dw").await).await;
    assert!(dw.settings.jdbc_url.contains("db1") && !dw.sealed.is_empty());
    assert!(kept(&test, LinkKind::Database, "broken").await.is_none());
    // Who asks for a link that a file names is told why it is not there.
    let (_, unknown) = call(&test, "GET /db/broken", json!({})).await;
    let detail = unknown["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("{shown}:3:")) && detail.contains("NOSUCH is not known"),
        "{detail}"
    );
    let offer = format!("{shown}#kept");
    until(async || {
        let offers = test.node.store().offers("tester").await.unwrap();
        offers.into_iter().find(|(path, _)| *path == offer)
    })
    .await;
    let kept_link = kept(&test, LinkKind::Database, "kept").await.unwrap();
    assert!(
        kept_link.settings.jdbc_url.contains("person"),
        "a first offer only adds"
    );

    // The entry without a password keeps the one that is there.
    let changed = FILE
        .replace("db1", "db2")
        .replace(r#" password="hunter2-the-password""#, "")
        .replace("mysql://file:", "mysql://changed:");
    fs::write(&path, changed).unwrap();
    let moved = until(async || {
        let link = kept(&test, LinkKind::Database, "dw").await?;
        link.settings.jdbc_url.contains("db2").then_some(link)
    })
    .await;
    assert!(!moved.sealed.is_empty());
    until(async || {
        let link = kept(&test, LinkKind::Database, "kept").await?;
        link.settings.jdbc_url.contains("changed").then_some(())
    })
    .await;

    assert_eq!(
        call(&test, "DELETE /db/dw", json!({})).await.0,
        StatusCode::OK
    );
    test.node.stop().await;
    let test = start(dir.path(), &settings).await;
    assert!(test.node.loaded(BOUND).await);
    assert!(
        kept(&test, LinkKind::Database, "dw").await.is_none(),
        "an unchanged file does not bring back what a person deleted"
    );
    test.node.stop().await;
    fs::remove_file(&path).unwrap();
    assert_eq!(leaks(dir.path()), [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_tried_from_the_asked_peer() {
    let dir = temp_dir();
    let test = start(dir.path(), &[]).await;
    let closed = json!({
        "name": "away", "type": "MYSQL", "jdbc_url": "jdbc:mysql://127.0.0.1:1/x", "username": "u", "password": PASSWORD,
    });
    assert_eq!(call(&test, "POST /db", closed).await.0, StatusCode::CREATED);
    let (status, trial) = call(&test, "POST /db/away/test", json!({})).await;
    assert_eq!(
        (status, &trial["ok"], &trial["node"]),
        (StatusCode::OK, &json!(false), &json!("tester"))
    );
    assert!(
        trial["message"].as_str().unwrap().contains("away"),
        "{trial}"
    );

    let file = dir.path().join("here.db").display().to_string();
    fs::write(&file, "").unwrap();
    let here = json!({"name": "here", "type": "SQLITE", "jdbc_url": format!("jdbc:sqlite:{file}")});
    assert_eq!(call(&test, "POST /db", here).await.0, StatusCode::CREATED);
    let (_, trial) = call(&test, "POST /db/here/test", json!({})).await;
    assert_eq!(trial["ok"], json!(true), "{trial}");
    assert_eq!(
        call(&test, "POST /db/nobody/test", json!({})).await.0,
        StatusCode::NOT_FOUND
    );
    test.node.stop().await;
}
