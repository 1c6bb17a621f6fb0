//! Definitions with their files: what an instance was made from is what it runs by, whatever is registered meanwhile.

use std::path::Path;
use std::time::Duration;

use peerflow_tests::{Database, Node, NodeBuilder, StoreKind, eventually};
use serde_json::{Value, json};

/// Waits for the gate, then runs the attached script. One instance at a time.
fn document(gate: &Path) -> String {
    format!(
        r#"<work-flow name="w" instance-limit="1"><start name="start" to="wait"/>
           <action name="wait"><shell><command>while [ ! -e '{}' ]; do sleep 0.05; done</command></shell><ok to="say"/></action>
           <action name="say"><file-executor><command>bash bin/say.sh</command></file-executor><ok to="end"/></action>
           <end name="end"/></work-flow>"#,
        gate.display()
    )
}

/// Attaches a script that says `word`.
fn attach(node: &Node, word: &str) {
    let path = "/api/v1/workflows/w/attachments/bin/say.sh";
    let headers = [("content-type", "application/octet-stream")];
    let script = format!("echo \"said: {word}\"");
    let answer = node.api.send("PUT", path, &headers, script.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn has_status(node: &Node, id: &str, status: &str) -> Value {
    eventually(
        &format!("{id} is {status}"),
        Duration::from_secs(60),
        || {
            let instance = node.api.try_instance(id)?;
            (instance["status"] == status).then_some(instance)
        },
    )
}

/// The latest run has succeeded, and its script said `word` and nothing else.
fn assert_said(node: &Node, id: &str, word: &str) {
    has_status(node, id, "succeeded");
    let log = node.api.get(&format!("/api/v1/instances/{id}/log")).text;
    let other = if word == "old" { "new" } else { "old" };
    assert!(log.contains(&format!("said: {word}")), "{id}: {log}");
    assert!(!log.contains(&format!("said: {other}")), "{id}: {log}");
}

fn rerun(node: &Node, id: &str, as_was: bool) {
    let path = format!("/api/v1/instances/{id}/rerun");
    let answer = node.api.post(&path, &json!({ "as_was": as_was }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["run"], 2, "{}", answer.text);
}

fn files_belong_to_the_definition(store: StoreKind) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gate = folder.path().join("gate");
    let node = NodeBuilder::new(folder.path()).store(store).start();
    node.api.put_workflow("w", &document(&gate));
    attach(&node, "old");
    std::fs::write(&gate, "").expect("the folder can be written");
    let ended = node.api.try_run("w").expect("acknowledged");
    assert_said(&node, &ended, "old");

    std::fs::remove_file(&gate).expect("the gate was open");
    let running = node.api.try_run("w").expect("acknowledged");
    has_status(&node, &running, "running");
    let queued = node.api.try_run("w").expect("acknowledged");
    has_status(&node, &queued, "waiting");
    attach(&node, "new");
    let node = node.kill_and_start_again();
    has_status(&node, &queued, "waiting");
    std::fs::write(&gate, "").expect("the folder can be written");
    assert_said(&node, &running, "old");
    assert_said(&node, &queued, "old");
    let later = node.api.try_run("w").expect("acknowledged");
    assert_said(&node, &later, "new");

    rerun(&node, &ended, true);
    assert_said(&node, &ended, "old");
    rerun(&node, &queued, false);
    assert_said(&node, &queued, "new");
}

#[test]
fn an_instance_keeps_the_files_it_was_made_with_over_updates_and_kills_on_sqlite() {
    files_belong_to_the_definition(StoreKind::Sqlite);
}

#[test]
fn an_instance_keeps_the_files_it_was_made_with_over_updates_and_kills_on_mariadb() {
    let database = Database::new();
    files_belong_to_the_definition(StoreKind::Mysql(database.url()));
}
