//! Readiness: set by success, used up by firing, cleared by resets.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::TriggerKind;

use super::rig::{Rig, after, at, one_step};
use crate::AttemptResult::{Failed, Succeeded};
use crate::Request;

/// Workflows `u` and `v`, and `w` after both.
fn rig(cron: &str) -> Rig {
    let mut rig = Rig::new();
    rig.put(&one_step("u", "", ""));
    rig.put(&one_step("v", "", ""));
    rig.put(&one_step("w", "", &after(&["u", "v"], cron)));
    rig.peer("n1", 9);
    rig
}

fn run(rig: &mut Rig, name: &str) -> Vec<String> {
    rig.trigger(name);
    rig.finish(name, Succeeded)
}

#[test]
fn a_workflow_fires_when_all_dependencies_succeeded_with_their_latest_logical_time() {
    let mut rig = rig("");
    assert!(run(&mut rig, "u").contains(&r#"state of workflow w ready ["u"]"#.to_owned()));
    rig.pass(100);
    let latest = rig.now.wall;
    rig.trigger("v");
    rig.pass(100);
    let lines = rig.finish("v", Succeeded);
    assert!(
        lines.contains(&"state of workflow w".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"dispatch w1#1/a.1.1 to n1".to_owned()),
        "{lines:?}"
    );
    let w = rig
        .store
        .instances
        .values()
        .find(|i| i.workflow.as_str() == "w");
    let w = w.unwrap();
    assert_eq!(
        (w.trigger, w.logical_time),
        (TriggerKind::Dependency, latest)
    );
    // Readiness is used up: one more success alone does not fire.
    rig.finish("w", Succeeded);
    run(&mut rig, "u");
    assert_eq!(rig.store.count("w").0, 0);
}

#[test]
fn failures_and_plain_runs_make_nothing_ready() {
    let mut rig = rig("");
    rig.trigger("u");
    rig.finish("u", Failed);
    let run_once = Request::Run {
        workflow: "v".into(),
        params: BTreeMap::new(),
    };
    rig.ask(run_once).unwrap();
    rig.finish("v", Succeeded);
    assert!(!rig.store.states.contains_key(&Rig::key("w")));
}

#[test]
fn a_reset_clears_readiness() {
    let mut rig = rig("");
    run(&mut rig, "u");
    rig.ask(Request::Reset { key: Rig::key("w") }).unwrap();
    run(&mut rig, "v");
    assert_eq!(rig.store.count("w").0, 0);
    rig.ask(Request::ResetAll).unwrap();
    assert_eq!(
        rig.lines(),
        [
            "state of workflow w",
            "reply readiness of 1 coordinators is cleared"
        ]
    );
}

#[test]
fn a_time_that_comes_too_early_is_held_and_the_latest_fires_when_all_is_ready() {
    let mut rig = rig("0 * * * *");
    let lines = rig.live_until(at("06-01T13:00"));
    assert_eq!(
        lines,
        [
            "state of workflow w held 2026-06-01T13:00:00Z",
            "ledger w 2026-06-01T13:00:00Z held",
        ]
    );
    let lines = rig.live_until(at("06-01T14:00"));
    assert_eq!(
        lines,
        [
            "ledger w 2026-06-01T13:00:00Z skipped: a later time took its place",
            "state of workflow w held 2026-06-01T14:00:00Z",
            "ledger w 2026-06-01T14:00:00Z held",
        ]
    );
    rig.live_until(at("06-01T14:20"));
    run(&mut rig, "u");
    let lines = run(&mut rig, "v");
    assert!(
        lines.contains(&"ledger w 2026-06-01T14:00:00Z ran".to_owned()),
        "{lines:?}"
    );
    let w = rig
        .store
        .instances
        .values()
        .find(|i| i.workflow.as_str() == "w");
    let w = w.unwrap();
    assert_eq!(w.trigger, TriggerKind::Cron);
    assert_eq!(w.logical_time, at("06-01T14:00"));
}

#[test]
fn dependencies_that_are_ready_before_the_time_let_it_fire_on_time() {
    let mut rig = rig("0 * * * *");
    run(&mut rig, "u");
    run(&mut rig, "v");
    assert_eq!(rig.store.count("w").0, 0);
    let lines = rig.live_until(at("06-01T13:00"));
    assert!(
        lines.contains(&"ledger w 2026-06-01T13:00:00Z ran".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_held_time_survives_a_change_of_master() {
    let mut rig = rig("0 * * * *");
    rig.live_until(at("06-01T13:00"));
    rig.reload(2);
    rig.peer("n1", 9);
    run(&mut rig, "u");
    let lines = run(&mut rig, "v");
    assert!(
        lines.contains(&"ledger w 2026-06-01T13:00:00Z ran".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn disabling_skips_the_held_time_and_what_passes_meanwhile_is_nobodys_time() {
    let mut rig = rig("0 * * * *");
    rig.live_until(at("06-01T13:00"));
    let set = |enabled| Request::SetEnabled {
        key: Rig::key("w"),
        enabled,
    };
    rig.ask(set(false)).unwrap();
    assert_eq!(
        rig.lines(),
        [
            "ledger w 2026-06-01T13:00:00Z skipped: the coordinator was disabled",
            "state of workflow w off",
            "reply workflow w is disabled",
        ]
    );
    run(&mut rig, "u");
    run(&mut rig, "v");
    assert!(rig.live_until(at("06-01T15:30")).is_empty());
    rig.ask(set(true)).unwrap();
    assert_eq!(rig.store.count("w").0, 0);
    let lines = rig.live_until(at("06-01T16:00"));
    assert!(
        lines.contains(&"ledger w 2026-06-01T16:00:00Z ran".to_owned()),
        "{lines:?}"
    );
    assert_eq!(rig.store.ledger.len(), 2);
}

#[test]
fn a_manual_trigger_uses_readiness_up_and_makes_dependents_ready() {
    let mut rig = rig("");
    run(&mut rig, "u");
    rig.ask(Request::Trigger {
        workflow: "w".into(),
        blood: false,
        skip: BTreeSet::new(),
    })
    .unwrap();
    rig.finish("w", Succeeded);
    run(&mut rig, "v");
    assert_eq!(rig.store.count("w").0, 0);
}

#[test]
fn a_coordinator_does_not_fire_before_its_start_time_and_fires_at_it_when_ready() {
    let mut rig = Rig::new();
    rig.put(&one_step("u", "", ""));
    let coordinator = r#"<coordinator start-time="2026-06-01 13:00:00"><depend-list><workflow name="u"/></depend-list></coordinator>"#;
    rig.put(&one_step("w", "", coordinator));
    rig.peer("n1", 9);
    run(&mut rig, "u");
    assert_eq!(rig.store.count("w").0, 0);
    rig.live_until(at("06-01T13:00"));
    assert_eq!(rig.store.count("w").0, 1);
}

#[test]
fn workflows_that_end_at_once_and_start_each_other_do_not_hold_the_engine() {
    let mut rig = Rig::new();
    let ignored = |name: &str, before: &str| {
        super::rig::workflow(
            name,
            "",
            &after(&[before], ""),
            r#"<action name="a" is-ignore="true"><shell><command>true</command></shell><ok to="e"/></action>"#,
        )
    };
    rig.put(&ignored("u", "v"));
    rig.put(&ignored("v", "u"));
    rig.trigger("u");
    let made = rig.store.instances.len();
    assert!((100..1_000).contains(&made), "{made}");
    assert!(rig.engine.next_wakeup(rig.now).unwrap().is_zero());
    rig.pass(0);
    assert!(rig.store.instances.len() > made);
}
