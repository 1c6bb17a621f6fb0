//! The command set against a node.

use std::time::Duration;

use peerflow_tests::{Node, NodeBuilder, Outcome, eventually, run_in};
use serde_json::Value;
use tempfile::TempDir;

struct Shell {
    folder: TempDir,
    node: Node,
}

impl Shell {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let node = NodeBuilder::new(folder.path()).start();
        Self { folder, node }
    }

    fn peerflow(&self, arguments: &[&str]) -> Outcome {
        let mut all = vec!["--peer", &self.node.api.base];
        all.extend(arguments);
        run_in(self.folder.path(), &all)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["-o", "json"];
        all.extend(arguments);
        let outcome = self.peerflow(&all);
        serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", outcome.text()))
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("the folder can be written");
        path.display().to_string()
    }
}

fn document(name: &str, coordinator: &str, command: &str) -> String {
    format!(
        r#"<work-flow name="{name}" dir="/tests" creator="me">{coordinator}<start name="start" to="s"/>
           <action name="s"><shell><command>{command}</command></shell><ok to="end"/></action><end name="end"/></work-flow>"#
    )
}

#[test]
fn a_workflow_is_added_run_shown_and_deleted() {
    let shell = Shell::new();
    let file = shell.write("one.xml", &document("one", "", "echo hello ${param:who}"));
    assert_eq!(shell.peerflow(&["workflow", "add", &file]).code, 0);
    let list = shell.peerflow(&["workflow", "list"]);
    assert!(
        list.stdout.contains("one") && list.stdout.contains("tests"),
        "{}",
        list.text()
    );
    let missing = shell.peerflow(&["workflow", "run", "one", "--wait"]);
    assert_eq!(missing.code, 2, "{}", missing.text());
    assert!(missing.stderr.contains("who"), "{}", missing.text());

    let ran = shell.peerflow(&["workflow", "run", "one", "-p", "who=world", "--wait"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let found = shell.json(&["instance", "search", "--key", "one"]);
    let id = found["items"][0]["id"]
        .as_str()
        .expect("an instance")
        .to_owned();
    let log = shell.peerflow(&["instance", "log", &id]);
    assert!(log.stdout.contains("hello world"), "{}", log.text());
    let misspelt = shell.peerflow(&["instance", "log", &id, "--step", "nobody"]);
    assert_eq!(misspelt.code, 1, "{}", misspelt.text());
    assert!(misspelt.stderr.contains("nobody"), "{}", misspelt.text());
    let info = shell.json(&["instance", "info", &id]);
    assert_eq!(info["status"], "succeeded");
    assert_eq!(info["params"]["who"], "world");
    assert_eq!(info["trigger"], "run");

    let again = shell.peerflow(&["instance", "rerun", &id]);
    assert_eq!(again.code, 0, "{}", again.text());
    assert_eq!(shell.peerflow(&["instance", "wait", &id]).code, 0);
    assert_eq!(shell.json(&["instance", "info", &id])["run"], 2);

    assert_eq!(shell.peerflow(&["instance", "del", &id]).code, 0);
    assert_eq!(shell.peerflow(&["instance", "info", &id]).code, 1);
    assert_eq!(shell.peerflow(&["workflow", "del", "one"]).code, 0);
    assert_eq!(shell.peerflow(&["workflow", "info", "one"]).code, 1);
}

#[test]
fn a_running_instance_is_killed_and_recovered() {
    let shell = Shell::new();
    let gate = shell.folder.path().join("gate").display().to_string();
    let mark = shell.folder.path().join("mark").display().to_string();
    let xml = format!(
        r#"<work-flow name="w"><start name="start" to="first"/>
           <action name="first"><shell><command>echo first >> {mark}</command></shell><ok to="second"/></action>
           <action name="second"><shell><command>until [ -e {gate} ]; do sleep 0.1; done</command></shell><ok to="end"/></action>
           <end name="end"/></work-flow>"#
    );
    let file = shell.write("w.xml", &xml);
    assert_eq!(shell.peerflow(&["workflow", "add", &file]).code, 0);
    let id = shell.json(&["workflow", "run", "w"])["instance"]
        .as_str()
        .expect("an id")
        .to_owned();
    eventually("the second step runs", Duration::from_secs(30), || {
        let instance = shell.node.api.try_instance(&id)?;
        let steps = instance["steps"].as_array()?.clone();
        steps
            .iter()
            .any(|step| step["name"] == "second" && step["status"] == "running")
            .then_some(())
    });
    assert_eq!(shell.peerflow(&["instance", "kill", &id]).code, 0);
    assert_eq!(shell.peerflow(&["instance", "wait", &id]).code, 3);
    std::fs::write(&gate, "").expect("the folder can be written");
    assert_eq!(
        shell
            .peerflow(&["instance", "rerun", &id, "--recover"])
            .code,
        0
    );
    assert_eq!(shell.peerflow(&["instance", "wait", &id]).code, 0);
    assert_eq!(
        std::fs::read_to_string(&mark).expect("written"),
        "first\n",
        "what had succeeded did not run again"
    );
}

#[test]
fn dependents_run_when_all_they_depend_on_has_succeeded() {
    let shell = Shell::new();
    let depends = r#"<coordinator><depend-list><workflow name="a"/><workflow name="b"/></depend-list></coordinator>"#;
    for (name, coordinator) in [
        ("a", "<coordinator/>"),
        ("b", "<coordinator/>"),
        ("c", depends),
    ] {
        let file = shell.write(&format!("{name}.xml"), &document(name, coordinator, "true"));
        let added = shell.peerflow(&["workflow", "add", &file]);
        assert_eq!(added.code, 0, "{}", added.text());
    }
    let refused = shell.peerflow(&["workflow", "del", "a"]);
    assert_eq!(refused.code, 1, "c depends on it: {}", refused.text());
    assert_eq!(
        shell.peerflow(&["workflow", "trigger", "a", "--wait"]).code,
        0
    );
    let info = shell.peerflow(&["workflow", "info", "c"]);
    assert!(
        info.stdout.contains('a') && info.stdout.contains('b'),
        "{}",
        info.text()
    );
    let count = || {
        shell.json(&["instance", "search", "--key", "c"])["items"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(count(), 0);
    assert_eq!(
        shell.peerflow(&["workflow", "trigger", "b", "--wait"]).code,
        0
    );
    eventually("c has run", Duration::from_secs(20), || {
        (count() == 1).then_some(())
    });

    assert_eq!(
        shell
            .peerflow(&["workflow", "trigger", "a", "--blood"])
            .code,
        0
    );
    eventually("the wave has reached c", Duration::from_secs(20), || {
        let found = shell.json(&["instance", "search", "--key", "c"]);
        let newest = found["items"][0].clone();
        (newest["trigger"] == "blood" && newest["status"] == "succeeded").then_some(())
    });
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nobody = run_in(folder.path(), &["--peer", "http://127.0.0.1:9", "front"]);
    assert_eq!(nobody.code, 4, "{}", nobody.text());
    assert!(nobody.stderr.contains("127.0.0.1:9"), "{}", nobody.text());
    assert_eq!(run_in(folder.path(), &["workflow", "dance"]).code, 2);
    assert_eq!(
        run_in(
            folder.path(),
            &["workflow", "run", "x", "-p", "no-equals-sign"]
        )
        .code,
        2
    );
    let missing = run_in(folder.path(), &["workflow", "check", "nowhere.xml"]);
    assert_eq!(missing.code, 2, "{}", missing.text());
    assert!(missing.stderr.contains("nowhere.xml"), "{}", missing.text());
}

#[test]
fn every_output_speaks_both_languages_and_three_formats() {
    let shell = Shell::new();
    let file = shell.write("one.xml", &document("one", "", "true"));
    assert_eq!(shell.peerflow(&["workflow", "add", &file]).code, 0);
    assert_eq!(
        shell.peerflow(&["workflow", "run", "one", "--wait"]).code,
        0
    );
    for command in [
        vec!["front"],
        vec!["workflow", "list"],
        vec!["instance", "search"],
        vec!["cluster", "info"],
    ] {
        let mut chinese = vec!["--lang", "zh"];
        chinese.extend(&command);
        let chinese = shell.peerflow(&chinese);
        assert_eq!(chinese.code, 0, "{command:?}: {}", chinese.text());
        let english = shell.peerflow(&command);
        assert_eq!(english.code, 0, "{command:?}: {}", english.text());
        assert_ne!(chinese.stdout, english.stdout, "{command:?}");
        assert!(
            !english.stdout.contains('\u{1b}'),
            "no colour without a terminal"
        );
        shell.json(&command);
        let mut yaml = vec!["-o", "yaml"];
        yaml.extend(&command);
        assert_eq!(shell.peerflow(&yaml).code, 0, "{command:?}");
    }
}

#[test]
fn a_node_started_again_knows_everything_and_stops_cleanly() {
    let shell = Shell::new();
    let file = shell.write("one.xml", &document("one", "", "true"));
    assert_eq!(shell.peerflow(&["workflow", "add", &file]).code, 0);
    let ran = shell.peerflow(&["workflow", "run", "one", "--wait"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let builder = shell.node.builder();
    assert_eq!(shell.node.stop(), 0);
    let node = builder.start();
    let found = node.api.get("/api/v1/instances").json;
    assert_eq!(found["items"][0]["status"], "succeeded");
}
