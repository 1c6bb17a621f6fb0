//! Clusters that healed, and those that did not.

use std::time::Duration;

use peerflow_model::{Epoch, Visit};

use super::*;
use crate::invariants::NodeView;
use crate::invariants::testing::{
    Tale, broken, broken_at_end, holds_at_end, instance, instance_in, put, run, visit, visit_id,
    with_end,
};

fn view(node: &str, members: &[&str], master: bool) -> NodeView {
    NodeView {
        node: node.into(),
        incarnation: Incarnation(1),
        members: members
            .iter()
            .map(|&each| (each.into(), Incarnation(1)))
            .collect(),
        master: master.then_some(Epoch(3)),
    }
}

fn healthy() -> Vec<NodeView> {
    vec![
        view("n1", &["n1", "n2"], true),
        view("n2", &["n1", "n2"], false),
    ]
}

/// Judges the end, 100 s after the faults were over.
fn judge(tale: Tale, nodes: &[NodeView], waiting: &BTreeMap<RunId, WaitsFor>, why: Option<&str>) {
    let tale = tale.add(What::Healing).pass(100);
    with_end(&tale, |end| {
        let end = End {
            nodes,
            waiting,
            ..end
        };
        match why {
            Some(why) => broken_at_end(Heals::default(), &tale, &end, why),
            None => holds_at_end(Heals::default(), &tale, &end),
        }
    });
}

#[test]
fn a_cluster_of_one_mind_with_nothing_to_do_has_healed() {
    let over = Tale::new().put([put(instance_in("a", InstanceStatus::Killed))]);
    judge(over, &healthy(), &BTreeMap::new(), None);
}

#[test]
fn a_node_that_cannot_start_and_one_that_breaks_are_caught() {
    let node = NodeId::from("n1");
    let why = "no room".to_owned();
    let failed = Tale::new().add(What::StartFailed {
        node: node.clone(),
        why,
    });
    broken(Heals::default(), &failed, "n1 cannot start: no room");
    let broke = Tale::new().add(What::Broke { node });
    broken(Heals::default(), &broke, "a part of n1 ended by itself");
}

#[test]
fn no_master_and_two_masters_are_caught() {
    let none = BTreeMap::new();
    let mut nodes = healthy();
    nodes[0].master = None;
    judge(Tale::new(), &nodes, &none, Some("nobody is master"));
    for node in &mut nodes {
        node.master = Some(Epoch(1));
    }
    judge(
        Tale::new(),
        &nodes,
        &none,
        Some("these are master: [n1, n2]"),
    );
}

#[test]
fn views_that_differ_or_are_wrong_are_caught() {
    let none = BTreeMap::new();
    let alone = [view("n1", &["n1", "n2"], true), view("n2", &["n2"], false)];
    judge(Tale::new(), &alone, &none, Some("n2 does not know that n1"));
    let ghost = ["n1", "n2", "n3"];
    let ghost = [view("n1", &ghost, true), view("n2", &ghost, false)];
    judge(
        Tale::new(),
        &ghost,
        &none,
        Some("n1 takes n3, incarnation 1, for alive"),
    );
}

#[test]
fn an_instance_that_does_not_end_is_caught_unless_it_waits_for_something_named() {
    let none = BTreeMap::new();
    let held = || {
        let held = visit("a", "x", None, VisitStatus::Lost);
        Tale::new().put([put(instance("a")), put(held)])
    };
    judge(held(), &healthy(), &none, Some("run a#1 of w does not end"));
    let step = |step| BTreeMap::from([(run("a", 1), WaitsFor::HeldStep(visit_id("a", step)))]);
    judge(held(), &healthy(), &step("x"), None);
    judge(held(), &healthy(), &step("y"), Some("and not for HeldStep"));

    let pending = || {
        let pending: Visit = visit("a", "x", None, VisitStatus::Pending);
        Tale::new().put([put(instance("a")), put(pending)])
    };
    let absent =
        |node: &str| BTreeMap::from([(run("a", 1), WaitsFor::AbsentNode(node.to_owned()))]);
    judge(pending(), &healthy(), &absent("n9"), None);
    judge(
        pending(),
        &healthy(),
        &absent("n2"),
        Some("and not for AbsentNode"),
    );
}

#[test]
fn an_instance_may_wait_for_its_turn_only_behind_one_that_may_wait() {
    let queue = || {
        let held = visit("a", "x", None, VisitStatus::Lost);
        let next = put(instance_in("b", InstanceStatus::Waiting));
        Tale::new().put([put(instance("a")), put(held), next])
    };
    let turn = (run("b", 1), WaitsFor::Turn);
    let both = [
        (run("a", 1), WaitsFor::HeldStep(visit_id("a", "x"))),
        turn.clone(),
    ];
    judge(queue(), &healthy(), &BTreeMap::from(both), None);
    let alone = Tale::new().put([put(instance_in("b", InstanceStatus::Waiting))]);
    judge(
        alone,
        &healthy(),
        &BTreeMap::from([turn]),
        Some("and not for Turn"),
    );
}

#[test]
fn nothing_is_claimed_before_its_time_has_come() {
    let early = Tale::new()
        .put([put(instance("a"))])
        .add(What::Healing)
        .pass(5);
    with_end(&early, |end| holds_at_end(Heals::default(), &early, &end));
    let fresh = Tale::new()
        .add(What::Healing)
        .pass(100)
        .put([put(instance("a"))]);
    let nodes = healthy();
    with_end(&fresh, |end| {
        let end = End {
            nodes: &nodes,
            ..end
        };
        holds_at_end(Heals::default(), &fresh, &end);
        let later = End {
            at: end.at.after(Duration::from_secs(60)),
            ..end
        };
        broken_at_end(Heals::default(), &fresh, &later, "does not end");
    });
}
