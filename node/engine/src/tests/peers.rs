//! Peers that come, go, refuse and list what they run.

use std::collections::BTreeSet;

use peerflow_model::{AttemptId, Incarnation};

use super::rig::{Rig, ended, one_step, peer, workflow};
use crate::AttemptResult::{Killed, Moved, Succeeded};
use crate::{Event, Report, Request};

fn lost_policy(policy: &str) -> String {
    let action = format!(
        r#"<action name="a" on-partition="{policy}"><shell><command>true</command></shell><ok to="e"/></action>"#
    );
    workflow("w", "", "", &action)
}

/// One attempt runs on `n1`; `n2` is free.
fn running(policy: &str) -> (Rig, AttemptId) {
    let mut rig = Rig::new();
    rig.put(&lost_policy(policy));
    rig.peer("n1", 1);
    rig.trigger("w");
    rig.peer("n2", 1);
    let attempt = rig.attempt("w", "a");
    (rig, attempt)
}

fn inventory(incarnation: u64, attempts: &[&AttemptId]) -> Event {
    Event::Inventory {
        node: "n1".into(),
        incarnation: Incarnation(incarnation),
        attempts: attempts.iter().map(|id| (*id).clone()).collect(),
    }
}

fn grant_over() -> Event {
    Event::GrantOver {
        node: "n1".into(),
        incarnation: Incarnation(1),
    }
}

#[test]
fn a_waiting_action_runs_again_only_when_its_grant_is_over() {
    let (mut rig, _) = running("wait");
    assert_eq!(rig.send(Event::PeerDown { node: "n1".into() }), [""; 0]);
    assert_eq!(
        rig.send(grant_over()),
        [
            "visit w1#1/a.1 Running",
            "attempt w1#1/a.1.1 Lost on n1",
            "attempt w1#1/a.1.2 Assigned on n2",
            "dispatch w1#1/a.1.2 to n2",
        ]
    );
}

#[test]
fn a_rerun_action_runs_again_as_soon_as_its_node_is_called_dead() {
    let (mut rig, _) = running("rerun");
    let lines = rig.send(Event::PeerDown { node: "n1".into() });
    assert!(
        lines.contains(&"dispatch w1#1/a.1.2 to n2".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_held_action_waits_for_an_operator() {
    let (mut rig, attempt) = running("hold");
    rig.send(Event::PeerDown { node: "n1".into() });
    rig.send(grant_over());
    assert_eq!(rig.dispatched.len(), 1);
    rig.ask(Request::Release {
        visit: attempt.visit,
        run_again: true,
    })
    .unwrap();
    assert!(
        rig.lines()
            .contains(&"dispatch w1#1/a.1.2 to n2".to_owned())
    );
}

#[test]
fn a_new_life_that_knows_nothing_of_an_attempt_settles_it() {
    let (mut rig, _) = running("wait");
    let mut again = peer("n1", 1);
    again.incarnation = Incarnation(2);
    rig.send(Event::Peer(again));
    assert_eq!(rig.dispatched.len(), 1, "its outcome may still come");
    let lines = rig.send(inventory(2, &[]));
    assert!(
        lines.contains(&"attempt w1#1/a.1.1 Lost on n1".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn an_inventory_taken_before_a_dispatch_arrived_loses_nothing() {
    let (mut rig, attempt) = running("wait");
    assert_eq!(rig.send(inventory(1, &[])), [""; 0]);
    rig.send(Event::PeerDown { node: "n1".into() });
    rig.peer("n1", 1);
    let lines = rig.send(inventory(1, &[]));
    assert!(
        lines.contains(&"attempt w1#1/a.1.1 Lost on n1".to_owned()),
        "{lines:?}"
    );
    // What turns up all the same is told to stop.
    let lines = rig.send(inventory(1, &[&attempt]));
    assert_eq!(
        lines,
        ["kill w1#1/a.1.1 on n1: nothing waits for it any more"]
    );
}

#[test]
fn a_kill_is_repeated_when_the_node_comes_back() {
    let (mut rig, attempt) = running("wait");
    let instance = attempt.visit.run.instance.clone();
    rig.ask(Request::Kill { instance }).unwrap();
    rig.send(Event::PeerDown { node: "n1".into() });
    let lines = rig.peer("n1", 1);
    assert_eq!(
        lines,
        ["kill w1#1/a.1.1 on n1: instance ended: killed by a user"]
    );
    rig.report(&attempt, Killed);
    rig.send(Event::PeerDown { node: "n1".into() });
    assert_eq!(rig.peer("n1", 1), [""; 0]);
}

#[test]
fn an_outcome_counts_once_and_is_acknowledged_each_time() {
    let (mut rig, attempt) = running("wait");
    let event = ended(&attempt, &rig.dispatched[&attempt], Succeeded, rig.now.wall);
    rig.send(event.clone());
    assert_eq!(rig.send(event), ["acknowledge w1#1/a.1.1 to n1"]);
}

#[test]
fn a_report_from_a_node_that_was_not_given_the_attempt_changes_nothing() {
    let (mut rig, attempt) = running("wait");
    let mut dispatch = rig.dispatched[&attempt].clone();
    dispatch.node = "n2".into();
    let event = ended(&attempt, &dispatch, Succeeded, rig.now.wall);
    assert_eq!(rig.send(event), ["acknowledge w1#1/a.1.1 to n2"]);
}

#[test]
fn a_node_that_refuses_rests_while_others_take_over() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 1);
    rig.trigger("w");
    let refused = |rig: &Rig, attempt: &AttemptId| Event::Report {
        attempt: attempt.clone(),
        node: rig.dispatched[attempt].node.clone(),
        incarnation: Incarnation(1),
        report: Report::Refused {
            reason: "no slot".to_owned(),
        },
    };
    let attempt = rig.attempt("w", "a");
    let lines = rig.send(refused(&rig, &attempt));
    assert!(
        !lines.iter().any(|line| line.starts_with("dispatch")),
        "{lines:?}"
    );
    assert_eq!(rig.engine.next_wakeup(rig.now).unwrap().as_secs(), 1);
    let lines = rig.pass(1);
    assert!(
        lines.contains(&"dispatch w1#1/a.1.2 to n1".to_owned()),
        "{lines:?}"
    );
    let attempt = rig.attempt("w", "a");
    rig.peer("n2", 1);
    let lines = rig.send(refused(&rig, &attempt));
    assert!(
        lines.contains(&"dispatch w1#1/a.1.3 to n2".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn what_a_former_life_tells_of_itself_is_not_news() {
    let (mut rig, _) = running("wait");
    let mut again = peer("n1", 5);
    again.incarnation = Incarnation(2);
    rig.send(Event::Peer(again));
    assert_eq!(rig.peer("n1", 9), [""; 0]);
    let awaited: BTreeSet<_> = rig.engine.awaited().into_iter().collect();
    assert_eq!(awaited, BTreeSet::from([("n1".into(), Incarnation(1))]));
}

#[test]
fn a_node_out_of_reach_gets_nothing_and_loses_nothing() {
    let mut rig = Rig::new();
    rig.put(&lost_policy("rerun"));
    rig.put(&one_step("v", "", ""));
    rig.peer("n1", 2);
    rig.trigger("w");
    let attempt = rig.attempt("w", "a");
    let gone = Event::PeerUnreachable { node: "n1".into() };
    assert_eq!(rig.send(gone), [""; 0], "gossip calls it alive");
    assert_eq!(rig.engine.awaited(), [("n1".into(), Incarnation(1))]);
    rig.trigger("v");
    let reason = "visit v1#1/a.1 Pending: waits for node n1, which cannot be reached";
    assert!(
        rig.lines().contains(&reason.to_owned()),
        "{:?}",
        rig.lines()
    );
    let lines = rig.peer("n1", 2);
    assert!(
        lines.contains(&"dispatch v1#1/a.1.1 to n1".to_owned()),
        "{lines:?}"
    );
    // What was on its way when the connection broke never arrived; what was given since is on its way.
    let lines = rig.send(inventory(1, &[]));
    assert!(
        lines.contains(&"attempt w1#1/a.1.1 Lost on n1".to_owned()),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.contains("v1#1")), "{lines:?}");
    assert_ne!(rig.attempt("w", "a"), attempt);
}

#[test]
fn a_dead_node_stays_dead_when_its_connection_breaks() {
    let (mut rig, _) = running("wait");
    rig.send(Event::PeerDown { node: "n2".into() });
    rig.send(Event::PeerUnreachable { node: "n2".into() });
    rig.send(Event::PeerUnreachable { node: "n9".into() });
    rig.put(&one_step("v", "", ""));
    rig.send(Event::PeerDown { node: "n1".into() });
    rig.trigger("v");
    let reason = "visit v1#1/a.1 Pending: waits for node n1, which is dead".to_owned();
    assert!(rig.lines().contains(&reason), "{:?}", rig.lines());
}

#[test]
fn what_a_draining_node_runs_goes_on_until_it_is_moved_which_costs_no_try() {
    let (mut rig, attempt) = running("wait");
    let mut draining = peer("n1", 5);
    draining.draining = true;
    assert_eq!(rig.send(Event::Peer(draining)), [""; 0]);
    assert!(rig.dispatched.contains_key(&attempt));
    // Thrice, as when each node is drained in turn: a lost one would fail by then.
    for _ in 0..4 {
        let attempt = rig.attempt("w", "a");
        let lines = rig.report(&attempt, Moved);
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("dispatch w1#1/a.1.") && line.ends_with("to n2")),
            "{lines:?}"
        );
    }
    let visit = rig
        .store
        .visits
        .values()
        .find(|visit| visit.id == attempt.visit);
    let visit = visit.unwrap();
    assert_eq!((visit.failures, visit.losses, visit.attempt), (0, 0, 5));
    let (mut rig, attempt) = running("hold");
    let lines = rig.report(&attempt, Moved);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("held for an operator")),
        "{lines:?}"
    );
}
