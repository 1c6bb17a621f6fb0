//! A node killed with `kill -9` while instances run, and started again, over and over.
//!
//! Each task writes one line when it begins and one when it ends to a journal: instance, step, visit, try, process id and when that process
//! began.
//! From the journal and from what the API had shown before each kill follows whether anything was lost or doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use peerflow_tests::{Database, Node, NodeBuilder, StoreKind, eventually, is_same_alive};

/// A visit of a step of an instance.
type Visit = (String, String, u64);

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
    let mut node = NodeBuilder::new(folder.path()).store(store.clone()).start();
    register(&node, &journal.path);

    let mut acknowledged = BTreeSet::new();
    let mut shown: BTreeMap<Visit, u64> = BTreeMap::new();
    for round in 0..kills() {
        start_ten(&node, &mut acknowledged);
        let began = journal.began().len();
        eventually(
            "some tasks have begun in this life",
            Duration::from_secs(60),
            || (journal.began().len() > began + 5 + round % 20).then_some(()),
        );
        for id in &acknowledged {
            note_successes(&node, id, &mut shown);
        }
        let before = journal.began();
        node = node.kill_and_start_again();
        // The new life says that it is ready only when nothing of the former one is left.
        let survivors: Vec<i32> = before
            .iter()
            .filter(|line| is_same_alive(line.pid, line.tick))
            .map(|line| line.pid)
            .collect();
        assert!(
            survivors.is_empty(),
            "processes of the former life run on: {survivors:?}"
        );
    }

    for id in &acknowledged {
        let instance = eventually(
            "an acknowledged instance ends",
            Duration::from_secs(120),
            || {
                node.api.try_instance(id).filter(|instance| {
                    matches!(
                        instance["status"].as_str(),
                        Some("succeeded" | "failed" | "killed")
                    )
                })
            },
        );
        // A step that was lost three times with its node fails, by the rule; nothing else may fail here.
        let message = instance["message"].as_str().unwrap_or_default();
        let lost_too_often = instance["status"] == "failed" && message.contains("lost 3 times");
        assert!(
            instance["status"] == "succeeded" || lost_too_often,
            "{instance:#}"
        );
    }
    journal.check(&shown);
    assert_eq!(node.stop(), 0);
}

/// Two workflows: a chain, and a fork with a join and a loop; each action is journalled.
fn register(node: &Node, journal: &Path) {
    let judged = |name: &str, seconds: &str, verdict: &str, onward: &str| {
        let journal = journal.display();
        format!(
            r#"<action name="{name}"><script><code><![CDATA[
                read -r stat < /proc/$$/stat; set -- ${{stat##*) }}
                line="$PEERFLOW_INSTANCE {name} $PEERFLOW_VISIT $PEERFLOW_ATTEMPT $$ ${{20}}"
                echo "begin $line" >> {journal}
                sleep {seconds}
                echo "end $line" >> {journal}
                {verdict}
            ]]></code></script>{onward}</action>"#
        )
    };
    let action = |name: &str, seconds: &str, onward: &str| judged(name, seconds, "", onward);
    let chain = format!(
        r#"<work-flow name="chain" instance-limit="100"><start name="start" to="a"/>{}{}{}<end name="end"/></work-flow>"#,
        action("a", "0.2", r#"<ok to="b"/>"#),
        action("b", "0.3", r#"<ok to="c"/>"#),
        action("c", "0.2", r#"<ok to="end"/>"#),
    );
    let wide = format!(
        r#"<work-flow name="wide" instance-limit="100"><start name="start" to="split"/>
           <fork name="split"><path to="p"/><path to="q"/><path to="r"/></fork>{}{}{}
           <join name="merge" to="poll"/>{}{}{}<end name="end"/></work-flow>"#,
        action("p", "0.1", r#"<ok to="merge"/>"#),
        action("q", "0.4", r#"<ok to="merge"/>"#),
        action("r", "0.8", r#"<ok to="merge"/>"#),
        judged(
            "poll",
            "0.1",
            r#"[ "$PEERFLOW_VISIT" -ge 2 ]"#,
            r#"<ok to="last"/><error to="pause"/>"#
        ),
        action("pause", "0.1", r#"<ok to="poll"/>"#),
        action("last", "0.1", r#"<ok to="end"/>"#),
    );
    node.api.put_workflow("chain", &chain);
    node.api.put_workflow("wide", &wide);
}

fn start_ten(node: &Node, acknowledged: &mut BTreeSet<String>) {
    for at in 0..10 {
        let name = if at % 2 == 0 { "chain" } else { "wide" };
        let id = node.api.try_run(name).expect("a ready node acknowledges");
        assert!(acknowledged.insert(id), "an id was given twice");
    }
}

/// Notes every action that the API shows as succeeded, with the try that did it.
fn note_successes(node: &Node, id: &str, shown: &mut BTreeMap<Visit, u64>) {
    let Some(instance) = node.api.try_instance(id) else {
        panic!("instance {id} was acknowledged and is gone");
    };
    for step in instance["steps"].as_array().expect("steps") {
        if step["type"] == "script" && step["status"] == "succeeded" {
            let name = step["name"].as_str().expect("a name").to_owned();
            let visit = step["visit"].as_u64().expect("a visit");
            shown.insert(
                (id.to_owned(), name, visit),
                step["attempt"].as_u64().expect("a try"),
            );
        }
    }
}

struct Journal {
    path: PathBuf,
}

struct Line {
    visit: Visit,
    attempt: u64,
    pid: i32,
    /// When the process began, in the kernel's ticks.
    tick: u64,
}

impl Journal {
    fn began(&self) -> Vec<Line> {
        self.lines("begin")
    }

    fn lines(&self, kind: &str) -> Vec<Line> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines()
            .filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let [first, instance, step, visit, attempt, pid, tick] = words[..] else {
                    return None;
                };
                (first == kind).then_some(())?;
                Some(Line {
                    visit: (instance.to_owned(), step.to_owned(), visit.parse().ok()?),
                    attempt: attempt.parse().ok()?,
                    pid: pid.parse().ok()?,
                    tick: tick.parse().ok()?,
                })
            })
            .collect()
    }

    /// No try began twice; nothing ran again whose success had been shown.
    fn check(&self, shown: &BTreeMap<Visit, u64>) {
        let mut tries = BTreeSet::new();
        for line in self.began() {
            if let Some(success) = shown.get(&line.visit) {
                assert!(
                    line.attempt <= *success,
                    "{:?} succeeded at try {success} and ran again",
                    line.visit
                );
            }
            assert!(
                tries.insert((line.visit.clone(), line.attempt)),
                "{:?} try {} began twice",
                line.visit,
                line.attempt
            );
        }
        let ended: BTreeSet<Visit> = self
            .lines("end")
            .into_iter()
            .map(|line| line.visit)
            .collect();
        for visit in shown.keys() {
            assert!(
                ended.contains(visit),
                "{visit:?} was shown as succeeded and never came to its end"
            );
        }
    }
}
