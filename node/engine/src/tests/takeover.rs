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
    rig.store.documents.clear();
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
