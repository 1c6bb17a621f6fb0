//! Who gets a slot, and what the others are told they wait for.

use super::rig::{Rig, one_step, peer, workflow};
use crate::AttemptResult::Succeeded;
use crate::Event;

fn on(attribute: &str) -> String {
    format!(
        r#"<action name="a" {attribute}><shell><command>true</command></shell><ok to="e"/></action>"#
    )
}

#[test]
fn a_visit_without_a_slot_says_that_it_waits_for_one() {
    let mut rig = Rig::new();
    rig.put(&one_step("v", "", ""));
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 1);
    rig.trigger("v");
    rig.trigger("w");
    assert!(
        rig.lines()
            .contains(&"visit w1#1/a.1 Pending: waits for a free slot".to_owned())
    );
    assert_eq!(
        rig.finish("v", Succeeded),
        [
            "visit v1#1/a.1 Succeeded",
            "visit v1#1/e.1 Succeeded",
            "attempt v1#1/a.1.1 Succeeded on n1",
            "instance v1#1 Succeeded",
            "visit w1#1/a.1 Running",
            "attempt w1#1/a.1.1 Assigned on n1",
            "acknowledge v1#1/a.1.1 to n1",
            "dispatch w1#1/a.1.1 to n1",
        ]
    );
}

#[test]
fn higher_priority_goes_first_then_the_older() {
    let mut rig = Rig::new();
    for (name, priority) in [("old", 0), ("new", 0), ("urgent", 5)] {
        rig.put(&one_step(name, &format!(r#"priority="{priority}""#), ""));
        rig.trigger(name);
        rig.pass(1);
    }
    rig.peer("n1", 1);
    for name in ["urgent", "old", "new"] {
        assert_eq!(rig.dispatched.len(), 1);
        rig.finish(name, Succeeded);
    }
    assert!(rig.dispatched.is_empty());
}

#[test]
fn attempts_go_where_most_slots_are_free() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", r#"instance-limit="9""#, ""));
    rig.peer("n1", 2);
    rig.peer("n2", 4);
    for _ in 0..6 {
        rig.trigger("w");
    }
    let on_n2 = |rig: &Rig| {
        let nodes = rig.dispatched.values();
        nodes.filter(|d| d.node.as_str() == "n2").count()
    };
    assert_eq!((rig.dispatched.len(), on_n2(&rig)), (6, 4));
}

#[test]
fn host_and_labels_are_honoured() {
    let mut rig = Rig::new();
    rig.put(&workflow("h", "", "", &on(r#"host="db.example""#)));
    rig.put(&workflow("l", "", "", &on(r#"labels="gpu,fast""#)));
    rig.peer("n1", 9);
    let mut n2 = peer("n2", 9);
    n2.hosts.insert("db.example".to_owned());
    n2.labels.insert("gpu".to_owned());
    rig.send(Event::Peer(n2));
    let mut n3 = peer("n3", 9);
    n3.labels
        .extend(["gpu".to_owned(), "fast".to_owned(), "big".to_owned()]);
    rig.send(Event::Peer(n3));
    rig.trigger("h");
    rig.trigger("l");
    let node = |rig: &Rig, name| rig.dispatched[&rig.attempt(name, "a")].node.to_string();
    assert_eq!(node(&rig, "h"), "n2");
    assert_eq!(node(&rig, "l"), "n3");
}

#[test]
fn a_dead_node_is_waited_for_visibly() {
    let mut rig = Rig::new();
    rig.put(&workflow("w", "", "", &on(r#"host="n2""#)));
    rig.peer("n1", 9);
    rig.peer("n2", 9);
    rig.send(Event::PeerDown { node: "n2".into() });
    rig.trigger("w");
    let reason = "visit w1#1/a.1 Pending: waits for node n2, which is dead".to_owned();
    assert!(rig.lines().contains(&reason), "{:?}", rig.lines());
    assert!(rig.pass(3_600).is_empty());
    let lines = rig.peer("n2", 9);
    assert!(
        lines.contains(&"dispatch w1#1/a.1.1 to n2".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn what_no_known_node_fits_fails_after_a_minute() {
    let mut rig = Rig::new();
    rig.put(&workflow("w", "", "", &on(r#"labels="gpu""#)));
    rig.peer("n1", 9);
    rig.trigger("w");
    let reason = "visit w1#1/a.1 Pending: no known node carries label gpu; fails in 60 s";
    assert!(
        rig.lines().contains(&reason.to_owned()),
        "{:?}",
        rig.lines()
    );
    assert_eq!(rig.engine.next_wakeup(rig.now).unwrap().as_secs(), 60);
    assert!(rig.pass(59).is_empty());
    let lines = rig.pass(1);
    let failed =
        "instance w1#1 Failed: step \"a\" failed: no known node carries label gpu for 60 s";
    assert!(lines.contains(&failed.to_owned()), "{lines:?}");
}

#[test]
fn a_node_that_becomes_known_in_time_is_taken() {
    let mut rig = Rig::new();
    rig.put(&workflow("w", "", "", &on(r#"labels="gpu""#)));
    rig.peer("n1", 9);
    rig.trigger("w");
    rig.pass(30);
    let mut n2 = peer("n2", 1);
    n2.labels.insert("gpu".to_owned());
    let lines = rig.send(Event::Peer(n2));
    assert!(
        lines.contains(&"dispatch w1#1/a.1.1 to n2".to_owned()),
        "{lines:?}"
    );
    assert!(rig.pass(3_600).is_empty());
}

#[test]
fn a_draining_node_takes_nothing_and_is_named() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    let mut n1 = peer("n1", 9);
    n1.draining = true;
    rig.send(Event::Peer(n1));
    rig.trigger("w");
    let reason = "visit w1#1/a.1 Pending: waits for node n1, which is draining".to_owned();
    assert!(rig.lines().contains(&reason), "{:?}", rig.lines());
    let lines = rig.peer("n1", 9);
    assert!(
        lines.contains(&"dispatch w1#1/a.1.1 to n1".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn of_equal_nodes_the_less_loaded_one_is_taken() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", r#"instance-limit="99""#, ""));
    for (id, load) in [("n1", 0), ("n2", 100), ("n3", 700)] {
        rig.send(Event::Peer(crate::Peer {
            load,
            ..peer(id, 8)
        }));
    }
    for _ in 0..13 {
        rig.trigger("w");
    }
    let on = |rig: &Rig, node: &str| {
        let nodes = rig.dispatched.values();
        nodes.filter(|d| d.node.as_str() == node).count()
    };
    // A free slot of the second counts half, one of the third an eighth.
    assert_eq!((on(&rig, "n1"), on(&rig, "n2"), on(&rig, "n3")), (7, 6, 0));
    // The load moves; nobody waits, so nothing follows.
    let busy = crate::Peer {
        load: 5_000,
        ..peer("n2", 8)
    };
    assert_eq!(rig.send(Event::Peer(busy)), [""; 0]);
    rig.trigger("w");
    assert_eq!((on(&rig, "n2"), on(&rig, "n3")), (6, 1));
}

#[test]
fn fifty_nodes_share_what_is_to_do() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", r#"instance-limit="999""#, ""));
    rig.put(&workflow(
        "l",
        r#"instance-limit="999""#,
        "",
        &on(r#"labels="even""#),
    ));
    let node = |number: u32, load: u32| {
        let mut peer = peer(&format!("n{number:02}"), 4);
        peer.load = load;
        if number.is_multiple_of(2) {
            peer.labels.insert("even".to_owned());
        }
        peer
    };
    for number in 0..50 {
        rig.send(Event::Peer(node(number, 10)));
    }
    let mut counts = std::collections::BTreeMap::new();
    for name in ["l", "w"] {
        for _ in 0..50 {
            rig.trigger(name);
        }
    }
    for dispatch in rig.dispatched.values() {
        *counts.entry(dispatch.node.clone()).or_insert(0) += 1;
    }
    assert_eq!((counts.len(), counts.values().max()), (50, Some(&2)));
    for _ in 0..101 {
        rig.trigger("w");
    }
    assert_eq!(rig.engine.pending(), 1);
    // Nothing is told anew when only loads move.
    for number in 0..50 {
        assert_eq!(rig.send(Event::Peer(node(number, number * 7))), [""; 0]);
    }
    assert_eq!(rig.engine.pending(), 1);
}
