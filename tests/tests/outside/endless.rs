//! What goes round without end: a step that loops through `error` without a pause, and workflows that trigger each other
//! in a circle. The node stays responsive beside it, and it can be stopped.

use std::time::Duration;

use peerflow_tests::{Node, NodeBuilder, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

const SPIN: &str = r#"<work-flow name="spin"><start name="start" to="again"/>
    <action name="again"><shell><command>exit 1</command></shell><ok to="end"/><error to="again"/></action>
    <end name="end"/></work-flow>"#;

const SMALL: &str = r#"<work-flow name="small" instance-limit="20"><start name="start" to="s"/>
    <action name="s"><shell><command>true</command></shell><ok to="end"/></action><end name="end"/></work-flow>"#;

/// One of a circle: it runs when `upstream` has succeeded.
fn link(name: &str, upstream: &str) -> String {
    format!(
        r#"<work-flow name="{name}"><coordinator><depend-list><workflow name="{upstream}"/></depend-list></coordinator>
           <start name="start" to="s"/>
           <action name="s"><shell><command>true</command></shell><ok to="end"/></action><end name="end"/></work-flow>"#
    )
}

fn node(folder: &TempDir) -> Node {
    let node = NodeBuilder::new(folder.path()).start();
    node.api.put_workflow("small", SMALL);
    node
}

/// Runs something else ten times: each is acknowledged and ends within a generous bound.
fn assert_responsive(node: &Node) {
    for _ in 0..10 {
        let id = node.api.try_run("small").expect("it is acknowledged");
        eventually(
            "another workflow runs beside it",
            Duration::from_secs(10),
            || {
                let instance = node.api.try_instance(&id)?;
                (instance["status"] == "succeeded").then_some(())
            },
        );
    }
    assert_eq!(node.api.get("/readyz").status, 200);
}

/// How many visits of its step the instance shows.
fn visits(node: &Node, id: &str) -> usize {
    let instance = node.api.try_instance(id).expect("it was acknowledged");
    let steps = instance["steps"].as_array().expect("steps");
    steps.iter().filter(|step| step["name"] == "again").count()
}

#[test]
fn a_step_that_loops_without_a_pause_holds_nothing_up_and_is_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = node(&folder);
    node.api.put_workflow("spin", SPIN);
    let id = node.api.try_run("spin").expect("acknowledged");
    eventually("it has gone round", Duration::from_secs(60), || {
        (visits(&node, &id) > 200).then_some(())
    });
    assert_responsive(&node);

    // A new life takes up the loop where it was.
    let before = visits(&node, &id);
    let node = node.kill_and_start_again();
    eventually("it goes round again", Duration::from_secs(60), || {
        (visits(&node, &id) > before + 20).then_some(())
    });
    assert_responsive(&node);

    let killed = node
        .api
        .post(&format!("/api/v1/instances/{id}/kill"), &json!({}));
    assert_eq!(killed.status, 200, "{}", killed.text);
    eventually("it is killed", Duration::from_secs(10), || {
        let instance = node.api.try_instance(&id)?;
        (instance["status"] == "killed").then_some(())
    });
    let ended = visits(&node, &id);
    assert_responsive(&node);
    assert_eq!(visits(&node, &id), ended, "it goes round no more");
    assert_eq!(node.stop(), 0);
}

/// How many instances of a workflow there are, as far as one page tells, and whether one is open.
fn instances(node: &Node, name: &str) -> (usize, bool) {
    let path = format!("/api/v1/instances?workflow={name}&limit=1000");
    let page = node.api.get(&path).json;
    let items = page["items"].as_array().expect("items");
    let is_open = |one: &Value| matches!(one["status"].as_str(), Some("waiting" | "running"));
    (items.len(), items.iter().any(is_open))
}

#[test]
fn workflows_that_start_each_other_are_told_of_hold_nothing_up_and_are_disabled() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let node = node(&folder);
    node.api.put_workflow("ping", &link("ping", "pong"));
    let closing = node.api.send(
        "PUT",
        "/api/v1/workflows/pong",
        &[("content-type", "application/xml")],
        link("pong", "ping").as_bytes(),
    );
    let notes = closing.json["notes"].to_string();
    assert!(
        notes.contains("pong -> ping -> pong"),
        "the circle is told: {notes}"
    );
    let begun = node.api.post("/api/v1/workflows/ping/trigger", &json!({}));
    assert!(matches!(begun.status, 200..=202), "{}", begun.text);
    eventually("they start each other", Duration::from_secs(60), || {
        (instances(&node, "ping").0 > 10 && instances(&node, "pong").0 > 10).then_some(())
    });
    assert_responsive(&node);

    let stopped = node.api.post("/api/v1/workflows/pong/disable", &json!({}));
    assert_eq!(stopped.status, 200, "{}", stopped.text);
    // In that order: the end of the one that is disabled may still have started the other.
    let both = || {
        let pong = instances(&node, "pong");
        (instances(&node, "ping"), pong)
    };
    let ended = eventually("what was begun ends", Duration::from_secs(30), || {
        let (ping, pong) = both();
        (!ping.1 && !pong.1).then_some((ping, pong))
    });
    assert_responsive(&node);
    let later = both();
    assert_eq!(later, ended, "the circle is broken");
    assert_eq!(node.stop(), 0);
}
