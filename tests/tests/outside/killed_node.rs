//! A node killed with `kill -9` while ten instances run and clients ask for more, and started again, over and over.
//!
//! Ten instances of each life come to a task that waits for a gate, which opens in the next life: so all ten run when the
//! kill comes. From what the tasks wrote down, from what the API had shown before each kill and from the kernel's list
//! of processes follows whether anything was lost, doubled or left running.

#[path = "killed_node/journal.rs"]
mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::Signal;
use peerflow_tests::{
    Api, Database, Node, NodeBuilder, StoreKind, TaskStep, began, eventually, processes_of,
};
use serde_json::{Value, json};

use journal::{Journal, Visit};

/// How many kills a test does: five, or as many as `make soak` says.
fn kills() -> usize {
    std::env::var("PEERFLOW_SOAK_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5)
}

#[test]
fn a_killed_node_loses_and_doubles_nothing_on_sqlite() {
    kill_again_and_again(&StoreKind::Sqlite);
}

#[test]
fn a_killed_node_loses_and_doubles_nothing_on_mariadb() {
    let database = Database::new();
    kill_again_and_again(&StoreKind::Mysql(database.url()));
}

fn kill_again_and_again(store: &StoreKind) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = Journal {
        path: folder.path().join("journal"),
    };
    let mut node = NodeBuilder::new(folder.path())
        .store(store.clone())
        .set("PEERFLOW__NODE__SLOTS", "100")
        .start();
    node.api.put_workflow("chain", &chain(&journal));
    node.api.put_workflow("wide", &wide(&journal));
    let open = gate(folder.path(), "open");
    std::fs::write(&open, "").expect("the folder can be written");

    let mut seen = Seen::default();
    for round in 0..kills() {
        // In every other life some of the former still run, so that a task may be lost twice, but never a third time,
        // at which its step would fail by the rule.
        if round % 2 == 0 {
            seen.all_end(&node.api);
        }
        let closed = gate(folder.path(), &round.to_string());
        let ten = start_ten(&node.api, &closed);
        seen.acknowledged.extend(ten.iter().cloned());
        eventually("ten instances run", Duration::from_secs(60), || {
            not_running(&node.api, folder.path(), &ten)
                .is_empty()
                .then_some(())
        });
        let asked = kill_under_load(&node, &open, 1 + round * 5 % 12, || {
            seen.note(&node.api);
            let idle = not_running(&node.api, folder.path(), &ten);
            assert!(
                idle.is_empty(),
                "the ten run when the kill comes, and not: {idle:#?}"
            );
        });
        seen.acknowledged.extend(asked);
        node = node.kill_and_start_again();
        assert_none_is_older(&node, folder.path());
        seen.held.extend(ten);
        std::fs::write(&closed, "").expect("the folder can be written");
    }

    seen.all_end(&node.api);
    seen.check(&node.api);
    journal.check(&seen.shown);
    assert_eq!(node.stop(), 0);
}

fn gate(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("gate-{name}"))
}

/// An action that writes to the journal around its work.
fn action(journal: &Journal, name: &str, work: &str, onward: &str) -> String {
    let code = journal.around(name, work);
    format!(
        r#"<action name="{name}"><script><code><![CDATA[{code}]]></code></script>{onward}</action>"#
    )
}

/// Waits for the gate; beside it, a process that has left the group and does not listen to SIGTERM.
const WAIT: &str = r#"setsid bash -c 'trap "" TERM; sleep 3600' &
    until [ -e "$PEERFLOW_PARAM_gate" ]; do sleep 0.1; done"#;

/// Three steps in a row; the second waits for the gate.
fn chain(journal: &Journal) -> String {
    format!(
        r#"<work-flow name="chain" instance-limit="1000"><start name="start" to="a"/>{}{}{}<end name="end"/></work-flow>"#,
        action(journal, "a", "sleep 0.1", r#"<ok to="b"/>"#),
        action(journal, "b", WAIT, r#"<ok to="c"/>"#),
        action(journal, "c", "sleep 0.2", r#"<ok to="end"/>"#),
    )
}

/// A fork, of which one branch waits for the gate, with a join and a loop of two laps.
fn wide(journal: &Journal) -> String {
    // What comes after the line that says it ended is its exit code.
    let poll = action(
        journal,
        "poll",
        "sleep 0.1",
        r#"<ok to="last"/><error to="pause"/>"#,
    )
    .replace("]]>", "\n[ \"$PEERFLOW_VISIT\" -ge 2 ]]]>");
    format!(
        r#"<work-flow name="wide" instance-limit="1000"><start name="start" to="split"/>
           <fork name="split"><path to="p"/><path to="q"/><path to="r"/></fork>{}{}{}
           <join name="merge" to="poll"/>{poll}{}{}<end name="end"/></work-flow>"#,
        action(journal, "p", "sleep 0.1", r#"<ok to="merge"/>"#),
        action(journal, "q", WAIT, r#"<ok to="merge"/>"#),
        action(journal, "r", "sleep 0.8", r#"<ok to="merge"/>"#),
        action(journal, "pause", "sleep 0.1", r#"<ok to="poll"/>"#),
        action(journal, "last", "sleep 0.1", r#"<ok to="end"/>"#),
    )
}

/// Runs one of both workflows, which waits at this gate.
fn ask(api: &Api, at: usize, gate: &Path) -> Option<String> {
    let name = if at.is_multiple_of(2) {
        "chain"
    } else {
        "wide"
    };
    api.try_run_with(name, &json!({ "gate": gate }))
}

fn start_ten(api: &Api, gate: &Path) -> Vec<String> {
    let ids = (0..10).map(|at| ask(api, at, gate).expect("a ready node acknowledges"));
    ids.collect()
}

/// Those of the instances whose waiting step has no process, or is not shown as running. A process of another step shows
/// nothing: a step is shown as running as soon as it is assigned, so one of the step before, or of a branch beside it, may
/// be there while the waiting step's own is yet to come.
fn not_running(api: &Api, folder: &Path, ids: &[String]) -> Vec<String> {
    let processes = processes_of(folder).into_iter();
    let alive: BTreeSet<TaskStep> = processes.filter_map(|process| process.task).collect();
    let runs = |id: &String, step: &Value| {
        let task = step["name"].as_str().map(|name| TaskStep {
            instance: id.clone(),
            step: name.to_owned(),
        });
        is_waiting(step)
            && step["status"] == "running"
            && task.is_some_and(|task| alive.contains(&task))
    };
    let looked_at = ids.iter().filter_map(|id| {
        let instance = api.try_instance(id).expect("it was acknowledged");
        let all_is_well =
            instance["status"] == "running" && steps(&instance).any(|step| runs(id, step));
        let own: Vec<_> = alive.iter().filter(|task| task.instance == *id).collect();
        (!all_is_well).then(|| format!("{id}, whose processes are {own:?}: {instance:#}"))
    });
    looked_at.collect()
}

/// Whether it is the step that waits for the gate, of `chain` or of `wide`.
fn is_waiting(step: &Value) -> bool {
    matches!(step["name"].as_str(), Some("b" | "q"))
}

fn steps(instance: &Value) -> impl Iterator<Item = &Value> {
    instance["steps"].as_array().expect("steps").iter()
}

/// Kills the node while a client asks for one run after the other, after `count` answers. `before` is called in the midst
/// of it. Gives the instances that were acknowledged to that client.
fn kill_under_load(node: &Node, gate: &Path, count: usize, before: impl FnOnce()) -> Vec<String> {
    let (tell, told) = mpsc::sync_channel(4);
    std::thread::scope(move |scope| {
        let api = node.api.clone();
        scope.spawn(move || {
            let asked = (0..).map_while(|at| ask(&api, at, gate));
            // Nobody listens any more when the test has failed.
            for id in asked {
                if tell.send(id).is_err() {
                    return;
                }
            }
        });
        let next = || told.recv_timeout(Duration::from_secs(60));
        let mut acknowledged = vec![next().expect("a node that runs acknowledges")];
        before();
        for _ in 0..count {
            acknowledged.push(next().expect("a node that runs acknowledges"));
        }
        node.signal(Signal::SIGKILL);
        acknowledged.extend(told);
        acknowledged
    })
}

/// Nothing of a former life runs: no task, nothing that one started, no spawner. A node says that it is ready only then.
fn assert_none_is_older(node: &Node, folder: &Path) {
    let own = began(node.pid()).expect("the node runs");
    let mut older = processes_of(folder);
    older.retain(|process| process.began < own);
    assert!(older.is_empty(), "left of a former life: {older:#?}");
}

/// What the node has told so far.
#[derive(Default)]
struct Seen {
    acknowledged: BTreeSet<String>,
    /// Those of them that had a task that waited when the node was killed.
    held: BTreeSet<String>,
    /// As the API showed them when they were over.
    ended: BTreeMap<String, Value>,
    /// Actions that were shown as succeeded, with the try that did it.
    shown: BTreeMap<Visit, u64>,
}

impl Seen {
    /// Notes the successes that the API shows.
    fn note(&mut self, api: &Api) {
        for id in &self.acknowledged {
            if self.ended.contains_key(id) {
                continue;
            }
            let instance = api.try_instance(id);
            let instance = instance.unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
            remember(&mut self.shown, id, &instance);
        }
    }

    /// Waits until all have ended, which none may do but by success.
    fn all_end(&mut self, api: &Api) {
        for id in &self.acknowledged {
            if self.ended.contains_key(id) {
                continue;
            }
            let what = format!("the acknowledged instance {id} ends");
            let instance = eventually(&what, Duration::from_secs(120), || {
                let instance = api.try_instance(id)?;
                let status = instance["status"].as_str()?;
                (!matches!(status, "waiting" | "running")).then_some(instance)
            });
            assert_eq!(instance["status"], "succeeded", "{instance:#}");
            remember(&mut self.shown, id, &instance);
            self.ended.insert(id.clone(), instance);
        }
    }

    /// What had ended is as it was, whatever came after; what was cut off ran again; nothing is left open.
    fn check(&self, api: &Api) {
        for (id, before) in &self.ended {
            let now = api.try_instance(id);
            assert_eq!(now.as_ref(), Some(before), "{id} had ended");
        }
        for id in &self.held {
            let cut_off = steps(&self.ended[id])
                .any(|step| is_waiting(step) && step["attempt"].as_u64() > Some(1));
            assert!(cut_off, "{id} ran when the node was killed");
        }
        // Those too whose answer the kill cut off.
        eventually("nothing is open", Duration::from_secs(120), || {
            let open = api.get("/api/v1/instances?status=waiting,running").json;
            open["items"].as_array()?.is_empty().then_some(())
        });
    }
}

/// Adds the actions that an instance shows as succeeded; those that it showed so before are so by the same try.
fn remember(shown: &mut BTreeMap<Visit, u64>, id: &str, instance: &Value) {
    let done =
        steps(instance).filter(|step| step["type"] == "script" && step["status"] == "succeeded");
    let mut now: BTreeMap<Visit, u64> = BTreeMap::new();
    for step in done {
        let name = step["name"].as_str().expect("a name").to_owned();
        let visit = (
            id.to_owned(),
            name,
            step["visit"].as_u64().expect("a visit"),
        );
        now.insert(visit, step["attempt"].as_u64().expect("a try"));
    }
    let first = (id.to_owned(), String::new(), 0);
    let before = shown.range(first..).take_while(|((of, ..), _)| of == id);
    for (visit, attempt) in before {
        assert_eq!(
            now.get(visit),
            Some(attempt),
            "{visit:?} had succeeded: {instance:#}"
        );
    }
    shown.extend(now);
}
