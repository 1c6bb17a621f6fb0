//! Another engine goes on from what is durable.

use std::collections::BTreeSet;

use peerflow_model::Incarnation;

use super::rig::{Rig, one_step, workflow};
use crate::AttemptResult::Succeeded;
use crate::{Event, Request};

#[test]
fn running_attempts_go_on_and_waiting_instances_wait() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    let first = rig.trigger("w");
    let second = rig.trigger("w");
    assert_eq!(rig.reload(2), [""; 0]);
    assert_eq!(rig.engine.awaited(), [("n1".into(), Incarnation(1))]);
    assert_eq!(rig.peer("n1", 9), [""; 0]);
    rig.send(Event::Inventory {
        node: "n1".into(),
        incarnation: Incarnation(1),
        attempts: BTreeSet::from([rig.attempt("w", "a")]),
    });
    assert!(rig.engine.awaited().is_empty());
    assert_eq!(rig.dispatched.len(), 1);
    rig.finish("w", Succeeded);
    assert_eq!(rig.status(&first), "Succeeded");
    assert_eq!(rig.status(&second), "Running");
}

#[test]
fn what_was_dispatched_and_never_arrived_is_given_again() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    rig.trigger("w");
    rig.reload(2);
    rig.peer("n1", 9);
    let lines = rig.send(Event::Inventory {
        node: "n1".into(),
        incarnation: Incarnation(1),
        attempts: BTreeSet::new(),
    });
    assert!(
        lines.contains(&"dispatch w1#1/a.1.2 to n1".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_kill_goes_on_under_another_master() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    let instance = rig.trigger("w");
    rig.ask(Request::Kill { instance }).unwrap();
    let again = ["kill w1#1/a.1.1 on n1: instance ended: killed by a user"];
    assert_eq!(rig.reload(2), again);
    assert_eq!(rig.peer("n1", 9), again);
}

#[test]
fn an_instance_goes_on_by_the_document_it_was_made_from() {
    let mut rig = Rig::new();
    let action = |name: &str, next: &str| {
        format!(
            r#"<action name="{name}"><shell><command>true</command></shell><ok to="{next}"/></action>"#
        )
    };
    rig.put(&workflow(
        "w",
        "",
        "",
        &(action("a", "old") + &action("old", "e")),
    ));
    rig.peer("n1", 9);
    rig.trigger("w");
    rig.put(&workflow(
        "w",
        "",
        "",
        &(action("a", "new") + &action("new", "e")),
    ));
    rig.reload(2);
    rig.peer("n1", 9);
    let lines = rig.finish("w", Succeeded);
    assert!(
        lines.contains(&"dispatch w1#1/old.1.1 to n1".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_run_whose_document_is_gone_fails_and_its_attempts_are_killed() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 9);
    let id = rig.trigger("w");
    rig.put(&one_step("w", r#"desc="other""#, ""));
    rig.store.definitions.clear();
    let why = "cannot go on after a change of master: its workflow's document is not in the store";
    assert_eq!(
        rig.reload(2),
        [
            "attempt w1#1/a.1.1 Killed on n1".to_owned(),
            "visit w1#1/a.1 Killed: instance ended".to_owned(),
            format!("instance w1#1 Failed: {why}"),
            format!("warn instance {id}#1: {why}"),
            format!("kill w1#1/a.1.1 on n1: {why}"),
        ]
    );
    assert_eq!(rig.status(&id), "Failed");
}

fn policies() -> String {
    let actions = ["wait", "rerun", "hold"].map(|policy| {
        format!(
            r#"<action name="{policy}" on-partition="{policy}" labels="b"><shell><command>true</command></shell><ok to="j"/></action>"#
        )
    });
    let fork = r#"<fork name="a"><path to="wait"/><path to="rerun"/><path to="hold"/></fork>"#;
    let join = r#"<join name="j" to="e"/>"#;
    workflow("b", "", "", &(fork.to_owned() + &actions.concat() + join))
}

fn labelled(node: &str, incarnation: u64) -> Event {
    let mut peer = super::rig::peer(node, 9);
    peer.incarnation = Incarnation(incarnation);
    peer.labels.insert("b".to_owned());
    Event::Peer(peer)
}

/// Attempts run on `n1`, which answers the new master, and on `n2`, which does not.
fn one_answers_and_one_is_silent() -> Rig {
    let mut rig = Rig::new();
    rig.put(&one_step("w", r#"instance-limit="9""#, ""));
    rig.put(&policies());
    rig.send(labelled("n2", 1));
    rig.trigger("b");
    rig.peer("n1", 9);
    for _ in 0..3 {
        rig.trigger("w");
    }
    assert_eq!(rig.dispatched.len(), 6);
    rig.reload(2);
    rig
}

#[test]
fn a_silent_peers_attempts_stay_undecided_while_the_rest_goes_on() {
    let mut rig = one_answers_and_one_is_silent();
    let both = [("n1".into(), Incarnation(1)), ("n2".into(), Incarnation(1))];
    assert_eq!(rig.engine.awaited(), both);
    rig.peer("n1", 9);
    // One outcome waited, one attempt still runs, one never arrived.
    let waited = rig.attempt("w", "a");
    rig.report(&waited, Succeeded);
    let runs = rig.attempt("w", "a");
    let lines = rig.send(Event::Inventory {
        node: "n1".into(),
        incarnation: Incarnation(1),
        attempts: BTreeSet::from([runs]),
    });
    let again: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("dispatch"))
        .collect();
    assert_eq!(again.len(), 1, "{lines:?}");
    assert_eq!(rig.engine.awaited(), both[1..]);
    rig.trigger("w");
    assert!(rig.lines().iter().any(|line| line.ends_with("to n1")));
    let on_n2 = rig
        .store
        .attempts
        .values()
        .filter(|each| each.node.as_str() == "n2");
    assert!(on_n2.clone().all(|attempt| !attempt.status.is_final()));
    assert_eq!(on_n2.count(), 3);
}

#[test]
fn a_node_that_the_new_master_never_heard_of_is_lost_by_policy() {
    let mut rig = one_answers_and_one_is_silent();
    rig.send(labelled("n3", 1));
    let lines = rig.send(Event::PeerDown { node: "n2".into() });
    let dispatched = |lines: &[String]| -> Vec<String> {
        let lines = lines.iter();
        lines
            .filter(|line| line.starts_with("dispatch"))
            .cloned()
            .collect()
    };
    assert_eq!(dispatched(&lines), ["dispatch b1#1/rerun.1.2 to n3"]);
    let lines = rig.send(Event::GrantOver {
        node: "n2".into(),
        incarnation: Incarnation(1),
    });
    assert_eq!(dispatched(&lines), ["dispatch b1#1/wait.1.2 to n3"]);
    let held = rig
        .store
        .visits
        .values()
        .find(|visit| visit.id.step.as_str() == "hold");
    assert_eq!(held.unwrap().status, peerflow_model::VisitStatus::Lost);
    assert!(rig.pass(3_600).is_empty(), "held until an operator says so");
}

#[test]
fn a_node_that_is_back_with_a_new_life_settles_all_of_its_former_one() {
    let mut rig = one_answers_and_one_is_silent();
    rig.send(labelled("n2", 2));
    let lines = rig.send(Event::Inventory {
        node: "n2".into(),
        incarnation: Incarnation(2),
        attempts: BTreeSet::new(),
    });
    for step in ["rerun", "wait"] {
        let again = format!("dispatch b1#1/{step}.1.2 to n2");
        assert!(lines.contains(&again), "{lines:?}");
    }
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("dispatch b1#1/hold"))
    );
    assert_eq!(rig.engine.awaited(), [("n1".into(), Incarnation(1))]);
}
