//! The store went back: nothing runs twice unnoticed.

use peerflow_model::{AttemptId, Incarnation};

use super::rig::{Rig, after, at, one_step, workflow};
use crate::AttemptResult::{Failed, Succeeded};
use crate::{Event, Request};

fn inventory(node: &str, attempts: &[&AttemptId]) -> Event {
    Event::Inventory {
        node: node.into(),
        incarnation: Incarnation(1),
        attempts: attempts.iter().map(|id| (*id).clone()).collect(),
    }
}

fn policy(policy: &str) -> String {
    let action = format!(
        r#"<action name="a" on-partition="{policy}"><shell><command>true</command></shell><ok to="e"/></action>"#
    );
    workflow("w", "", "", &action)
}

fn release_all(rig: &mut Rig) -> Vec<String> {
    rig.ask(Request::ReleaseAll { run_again: true }).unwrap();
    rig.lines()
}

fn dispatches(lines: &[String]) -> Vec<&String> {
    let lines = lines.iter();
    lines.filter(|line| line.starts_with("dispatch")).collect()
}

#[test]
fn an_attempt_that_no_worker_holds_is_held_whatever_its_policy() {
    for on_partition in ["wait", "rerun", "hold"] {
        let mut rig = Rig::new();
        rig.put(&policy(on_partition));
        rig.peer("n1", 1);
        let instance = rig.trigger("w");
        let backup = rig.store.clone();
        rig.finish("w", Succeeded);
        assert_eq!(rig.status(&instance), "Succeeded");
        let lines = rig.go_back(backup, 2);
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("warn the store went back"))
        );
        rig.peer("n1", 1);
        let lines = rig.send(inventory("n1", &[]));
        assert_eq!(dispatches(&lines), [""; 0], "{on_partition}");
        assert!(
            lines
                .iter()
                .any(|line| line.contains("held for an operator")),
            "{lines:?}"
        );
        // The next master knows it too.
        rig.reload(3);
        rig.peer("n1", 1);
        rig.send(inventory("n1", &[]));
        let doubt = rig.engine.in_doubt().unwrap();
        assert_eq!((doubt.visits.len(), doubt.restoration.epoch.0), (1, 2));
        assert!(rig.engine.alarms()[0].contains("1 steps"));
        let lines = release_all(&mut rig);
        assert!(
            lines.contains(&"dispatch w1#1/a.1.2 to n1".to_owned()),
            "{lines:?}"
        );
        assert!(lines.contains(&"restoration over".to_owned()), "{lines:?}");
        assert_eq!(
            (rig.engine.in_doubt(), rig.engine.alarms().len()),
            (None, 0)
        );
        assert_eq!(rig.store.restoration, None);
    }
}

#[test]
fn a_node_called_dead_is_no_proof_for_what_is_in_doubt() {
    let mut rig = Rig::new();
    rig.put(&policy("rerun"));
    rig.peer("n1", 1);
    rig.trigger("w");
    let backup = rig.store.clone();
    rig.go_back(backup, 2);
    rig.peer("n2", 1);
    let lines = rig.send(Event::PeerDown { node: "n1".into() });
    assert_eq!(dispatches(&lines), [""; 0]);
    // It may still run, so `release all` leaves it to the operator.
    assert_eq!(dispatches(&release_all(&mut rig)), [""; 0]);
    rig.send(Event::GrantOver {
        node: "n1".into(),
        incarnation: Incarnation(1),
    });
    assert_eq!(
        release_all(&mut rig)
            .iter()
            .filter(|l| l.starts_with("dispatch"))
            .count(),
        1
    );
}

#[test]
fn what_a_worker_still_runs_is_adopted_and_goes_on_as_ever() {
    let mut rig = Rig::new();
    rig.put(&policy("wait"));
    rig.peer("n1", 1);
    let instance = rig.trigger("w");
    let attempt = rig.attempt("w", "a");
    let backup = rig.store.clone();
    rig.go_back(backup, 2);
    assert_eq!(rig.engine.in_doubt().unwrap().visits.len(), 1, "undecided");
    rig.peer("n1", 1);
    let lines = rig.send(inventory("n1", &[&attempt]));
    assert!(lines.contains(&"restoration over".to_owned()), "{lines:?}");
    rig.finish("w", Succeeded);
    assert_eq!(rig.status(&instance), "Succeeded");
}

#[test]
fn an_outcome_that_waited_decides_what_was_in_doubt() {
    let mut rig = Rig::new();
    rig.put(&policy("wait"));
    rig.peer("n1", 1);
    let instance = rig.trigger("w");
    let backup = rig.store.clone();
    rig.go_back(backup, 2);
    rig.peer("n1", 1);
    let lines = rig.finish("w", Failed);
    assert!(lines.contains(&"restoration over".to_owned()), "{lines:?}");
    assert_eq!(rig.status(&instance), "Failed");
}

#[test]
fn what_waited_for_a_node_or_its_turn_may_have_run_since() {
    let mut rig = Rig::new();
    rig.put(&one_step("v", "", ""));
    let retry = r#"<action name="a" retry-times="2" interval="600"><shell><command>true</command></shell><ok to="e"/></action>"#;
    rig.put(&workflow("w", "", "", retry));
    rig.peer("n1", 2);
    let first = rig.trigger("v");
    let second = rig.trigger("v");
    rig.finish("v", Succeeded);
    rig.finish("v", Succeeded);
    assert_eq!(
        (rig.status(&first), rig.status(&second)),
        ("Succeeded".into(), "Succeeded".into())
    );
    rig.trigger("w");
    rig.finish("w", Failed);
    rig.send(Event::PeerDown { node: "n1".into() });
    let third = rig.trigger("v");
    let fourth = rig.trigger("v");
    let backup = rig.store.clone();
    rig.peer("n1", 2);
    rig.finish("v", Succeeded);
    rig.finish("v", Succeeded);
    assert_eq!(
        (rig.status(&third), rig.status(&fourth)),
        ("Succeeded".into(), "Succeeded".into())
    );

    rig.go_back(backup, 2);
    rig.peer("n1", 2);
    assert_eq!(rig.pass(25), [""; 0]);
    assert_eq!(rig.pass(700), [""; 0], "no try is due");
    let doubt = rig.engine.in_doubt().unwrap();
    assert_eq!(
        (doubt.visits.len(), doubt.instances),
        (2, vec![fourth.clone()])
    );
    // New work goes on beside it.
    rig.put(&one_step("x", "", ""));
    rig.trigger("x");
    rig.finish("x", Succeeded);
    // Another master finds the same, and what is new is not in doubt.
    let fifth = rig.trigger("v");
    rig.reload(3);
    let doubt = rig.engine.in_doubt().unwrap();
    assert_eq!(doubt.instances, std::slice::from_ref(&fourth));
    rig.peer("n1", 2);
    release_all(&mut rig);
    assert_eq!(rig.engine.in_doubt(), None);
    for instance in [&third, &fifth, &fourth] {
        assert_eq!(rig.status(instance), "Running");
        rig.finish("v", Succeeded);
        assert_eq!(rig.status(instance), "Succeeded");
    }
    rig.finish("w", Succeeded);
}

#[test]
fn an_instance_in_doubt_is_released_or_killed_by_itself() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 2);
    let first = rig.trigger("w");
    let ids = [rig.trigger("w"), rig.trigger("w")];
    let attempt = rig.attempt("w", "a");
    let backup = rig.store.clone();
    rig.go_back(backup, 2);
    rig.peer("n1", 2);
    rig.send(inventory("n1", &[&attempt]));
    rig.finish("w", Succeeded);
    assert_eq!(rig.status(&first), "Succeeded");
    assert_eq!(
        (rig.status(&ids[0]), rig.status(&ids[1])),
        ("Waiting".into(), "Waiting".into())
    );
    let refused = rig.ask(Request::ReleaseInstance { instance: first });
    assert!(refused.unwrap_err().message.contains("is not held"));
    rig.ask(Request::ReleaseInstance {
        instance: ids[1].clone(),
    })
    .unwrap();
    assert_eq!(rig.status(&ids[1]), "Running");
    assert!(rig.engine.in_doubt().is_some());
    rig.ask(Request::Kill {
        instance: ids[0].clone(),
    })
    .unwrap();
    assert_eq!(
        (rig.status(&ids[0]), rig.engine.in_doubt()),
        ("Killed".into(), None)
    );
}

#[test]
fn an_attempt_that_the_store_lost_is_killed_and_told() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 1);
    let backup = rig.store.clone();
    rig.trigger("w");
    let lines = rig.go_back(backup, 2);
    assert!(
        lines.contains(&"restoration over".to_owned()),
        "nothing is in doubt: {lines:?}"
    );

    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.put(&one_step("v", "", ""));
    rig.peer("n1", 2);
    rig.trigger("v");
    let backup = rig.store.clone();
    rig.trigger("w");
    let attempt = rig.attempt("w", "a");
    rig.go_back(backup, 2);
    rig.peer("n1", 2);
    let lines = rig.send(inventory("n1", &[&attempt]));
    assert!(
        lines.iter().any(|line| line.starts_with("kill ")),
        "{lines:?}"
    );
    let told = lines
        .iter()
        .any(|line| line.contains("does not know since it went back"));
    assert!(told, "{lines:?}");
}

#[test]
fn times_that_passed_since_are_missed_and_never_made_up_for() {
    let mut rig = Rig::at(at("06-01T12:00"));
    for misfire in ["all", "once"] {
        let coordinator = format!(
            r#"<coordinator misfire="{misfire}"><depend-list cron="*/10 * * * *"/></coordinator>"#
        );
        rig.put(&one_step(misfire, r#"instance-limit="99""#, &coordinator));
    }
    rig.put(&one_step("u", "", ""));
    rig.put(&one_step("held", "", &after(&["u"], "*/10 * * * *")));
    rig.live_until(at("06-01T12:15"));
    let backup = rig.store.clone();
    rig.live_until(at("06-01T12:45"));
    let lines = rig.go_back(backup.clone(), 2);
    let missed = |name: &str, time: &str| {
        let instant = at(&format!("06-01T{time}"));
        lines.contains(&format!("ledger {name} {instant} missed: store restored"))
    };
    for time in ["12:20", "12:30", "12:40"] {
        for name in ["all", "once", "held"] {
            assert!(missed(name, time), "{name} at {time}: {lines:#?}");
        }
    }
    assert!(missed("held", "12:10"), "what was held may have fired");
    assert_eq!(
        rig.store.instances.len(),
        backup.instances.len(),
        "nothing fires"
    );
    rig.live_until(at("06-01T12:51"));
    let fired = rig
        .store
        .instances
        .values()
        .filter(|each| each.logical_time == at("06-01T12:50"));
    assert_eq!(fired.count(), 2);
}

#[test]
fn a_store_that_lost_everything_leaves_nothing_in_doubt() {
    let mut rig = Rig::new();
    rig.put(&one_step("w", "", ""));
    rig.peer("n1", 1);
    rig.trigger("w");
    let lines = rig.go_back(super::store::Store::default(), 2);
    assert!(lines.contains(&"restoration over".to_owned()), "{lines:?}");
}
