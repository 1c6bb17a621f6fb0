//! What waits, for what, and for how long.

use std::time::Duration;

use peerflow_model::{Fate, InstanceStatus};

use super::{Folder, depend, machines, mins, minutes, minutes_later, ran};
use crate::history::{TaskFate, What};
use crate::planning::{FullSpan, IdleReason};

#[test]
fn runs_longer_than_their_period_queue_up_behind_instance_limit() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.workflow(
        "slow",
        90,
        r#"instance-limit="1""#,
        &depend("0 0-3 * * *", &[]),
    );
    let plan = folder.plan().unwrap();
    let expected = [(0, 0, 90), (60, 90, 180), (120, 180, 270), (180, 270, 360)];
    assert_eq!(minutes(&plan, "slow"), expected);
    let late: Vec<(Duration, &str)> = plan
        .late
        .iter()
        .map(|late| (late.waited, late.reason.as_str()))
        .collect();
    let expected = [
        (
            mins(90),
            "1h 30m behind its own earlier runs (instance-limit)",
        ),
        (mins(60), "1h behind its own earlier runs (instance-limit)"),
        (mins(30), "30m behind its own earlier runs (instance-limit)"),
    ];
    assert_eq!(late, expected);
    assert!(plan.full.is_empty(), "one of four slots was taken");
}

#[test]
fn what_runs_at_the_end_is_told_to_run_and_what_waits_to_wait() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.workflow(
        "slow",
        90,
        r#"instance-limit="1""#,
        &depend("0 22,23 * * *", &[]),
    );
    folder.options.to = folder
        .options
        .to
        .with()
        .day(1)
        .hour(23)
        .minute(20)
        .build()
        .unwrap();
    let plan = folder.plan().unwrap();
    assert_eq!(minutes(&plan, "slow"), [(1320, 1320, -1), (1380, -1, -1)]);
    let status: Vec<InstanceStatus> = plan.instances.iter().map(|each| each.status).collect();
    assert_eq!(status, [InstanceStatus::Running, InstanceStatus::Waiting]);
    assert_eq!(plan.instances[1].waits.queue, mins(20));
    let text = plan.to_string();
    assert!(
        text.contains("1 still running at the end, 1 still waiting at the end"),
        "{text}"
    );
}

#[test]
fn a_workflow_runs_when_its_dependencies_have_succeeded() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-02");
    folder.cron("orders", 50, "0 1 * * *");
    folder.cron("items", 20, "0 2 * * *");
    // By dependencies alone, and at a time at which they are not ready.
    folder.workflow("report", 5, "", &depend("", &["orders", "items"]));
    folder.workflow("mail", 1, "", &depend("30 1 * * *", &["report"]));
    let plan = folder.plan().unwrap();
    let day = 24 * 60;
    assert_eq!(
        minutes(&plan, "report"),
        [(140, 140, 145), (day + 140, day + 140, day + 145)]
    );
    assert_eq!(
        minutes(&plan, "mail"),
        [(145, 145, 146), (day + 145, day + 145, day + 146)]
    );
    assert_eq!(ran(&plan, "mail").len(), 2);
    let mail = plan
        .instances
        .iter()
        .find(|each| each.workflow.as_str() == "mail")
        .unwrap();
    assert_eq!(mail.waited().as_deref(), Some("55m for report"));
    assert_eq!(plan.late.len(), 2, "{:?}", plan.late);
    assert_eq!(plan.idle, []);
}

#[test]
fn a_failure_keeps_what_depends_on_it_waiting_and_the_plan_says_for_what() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.cron("load", 5, "0 1 * * *");
    folder.workflow("report", 5, "", &depend("0 2,3 * * *", &["load"]));
    folder.workflow("after", 5, "", &depend("", &["load"]));
    folder.player.fails.push("load".to_owned());
    let plan = folder.plan().unwrap();
    assert_eq!(ran(&plan, "report"), [""; 0]);
    let fates: Vec<&Fate> = plan
        .times
        .iter()
        .filter(|time| time.workflow.as_str() == "report")
        .map(|time| &time.fate)
        .collect();
    // At 23:59 the nightly reset takes what is still held.
    let skipped = |reason: &str| Fate::Skipped {
        reason: reason.to_owned(),
    };
    assert_eq!(
        fates,
        [
            &skipped("a later time took its place"),
            &skipped("the coordinator was reset")
        ]
    );
    let missing = || IdleReason::Dependencies {
        missing: vec!["load".into()],
    };
    let reasons: Vec<_> = plan.idle.iter().map(|idle| idle.reason.clone()).collect();
    assert_eq!(reasons, [missing(), missing()]);

    // Before the reset, it is held.
    folder.options.to = folder.options.from.with().hour(12).build().unwrap();
    let plan = folder.plan().unwrap();
    let held = plan
        .times
        .iter()
        .find(|time| time.fate == Fate::Held)
        .unwrap();
    assert_eq!(held.waits_for, ["load".into()]);
    let text = plan.to_string();
    assert!(text.contains("still waits for load at the end"), "{text}");
    assert!(text.contains("FAILED: step \"work\""), "{text}");
}

#[test]
fn a_standalone_coordinator_starts_each_workflow_it_lists() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.workflow("a", 10, "", "");
    folder.workflow("b", 20, "", "");
    folder.workflow("c", 1, "", "");
    folder.workflow("first", 30, "", &depend("0 3 * * *", &[]));
    folder.write(
        "deep/er/pair.xml",
        r#"<coordinator name="pair"><depend-list cron="15 3 * * *"><workflow name="first"/></depend-list>
        <trigger-list><workflow name="a"/><workflow name="b"/></trigger-list></coordinator>"#,
    );
    let plan = folder.plan().unwrap();
    assert_eq!(minutes(&plan, "a"), [(210, 210, 220)]);
    assert_eq!(minutes(&plan, "b"), [(210, 210, 230)]);
    let fired = plan
        .times
        .iter()
        .filter(|time| time.coordinator.to_string() == "coordinator pair");
    assert_eq!(fired.count(), 2);
    let only: Vec<_> = plan
        .idle
        .iter()
        .map(|idle| (idle.workflow.as_str(), &idle.reason))
        .collect();
    assert_eq!(only, [("c", &IdleReason::OnlyWhenAsked)]);
}

#[test]
fn where_slots_run_out_the_span_is_told_and_who_waited_in_it() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    for name in ["a", "b", "c"] {
        folder.cron(name, 20, "0 5 * * *");
    }
    folder.options.machines = machines(2, 1);
    let plan = folder.plan().unwrap();
    let ends: Vec<_> = ["a", "b", "c"]
        .iter()
        .flat_map(|name| minutes(&plan, name))
        .collect();
    assert_eq!(ends, [(300, 300, 320), (300, 300, 320), (300, 300, 340)]);
    let span = FullSpan {
        from: minutes_later(plan.from, 300),
        to: minutes_later(plan.from, 320),
        most_waiting: 1,
        waited: mins(20),
    };
    assert_eq!(plan.full, [span]);
    assert_eq!(plan.late.len(), 1);
    assert_eq!(plan.late[0].reason, "20m for a slot");
    let task = &plan.instances[2].tasks[0];
    assert_eq!(task.ready_at, minutes_later(plan.from, 300));
    assert_eq!(task.from, minutes_later(plan.from, 320));
    let nodes: Vec<&str> = plan
        .instances
        .iter()
        .map(|each| each.tasks[0].node.as_str())
        .collect();
    assert_ne!(nodes[0], nodes[1], "both machines are used");
    let text = plan.to_string();
    let line = "  slots run out after 05:00: all 2 taken for 20m, up to 1 step waiting";
    assert!(text.contains(line), "{text}");
}

#[test]
fn hosts_and_labels_that_nobody_has_are_given_to_the_machines_or_fail_the_step() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.write(
        "bound.xml",
        r#"<work-flow name="bound"><coordinator><depend-list cron="0 5 * * *"/></coordinator>
        <start name="s" to="a"/>
        <action name="a" host="etl7" labels="gpu"><shell><command>true</command></shell><ok to="e"/></action>
        <end name="e"/></work-flow>"#,
    );
    folder.options.machines = machines(2, 1);
    let plan = folder.plan().unwrap();
    assert_eq!(plan.instances[0].status, InstanceStatus::Succeeded);
    assert_eq!(plan.instances[0].tasks[0].node.as_str(), "n1");
    let notes = [
        "no machine is called etl7; it is taken for n1",
        "no machine carries label gpu; it is given to all",
    ];
    assert_eq!(plan.notes, notes);

    folder.options.adopt = false;
    let plan = folder.plan().unwrap();
    let instance = &plan.instances[0];
    assert_eq!(instance.status, InstanceStatus::Failed);
    assert!(instance.message.contains("etl7"), "{}", instance.message);
    assert_eq!(minutes(&plan, "bound"), [(300, 300, 301)]);
}

#[test]
fn a_step_that_outlives_its_timeout_is_killed_and_one_that_fails_is_tried_again() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    let one = |name: &str, attributes: &str| {
        format!(
            r#"<work-flow name="{name}"><coordinator><depend-list cron="0 5 * * *"/></coordinator>
            <start name="s" to="a"/>
            <action name="a" {attributes}><shell><command>true</command></shell><ok to="e"/></action>
            <end name="e"/></work-flow>"#
        )
    };
    folder.write("hangs.xml", &one("hangs", r#"timeout="120""#));
    folder.write(
        "flaky.xml",
        &one("flaky", r#"retry-times="2" interval="60""#),
    );
    folder.player.takes.insert("hangs".to_owned(), 10);
    folder.player.fails.push("flaky".to_owned());
    let plan = folder.plan().unwrap();
    assert_eq!(minutes(&plan, "hangs"), [(300, 300, 302)]);
    assert_eq!(
        minutes(&plan, "flaky"),
        [(300, 300, 305)],
        "three tries, a minute apart"
    );
    let find = |name: &str| {
        plan.instances
            .iter()
            .find(|each| each.workflow.as_str() == name)
            .unwrap()
    };
    assert_eq!(find("hangs").status, InstanceStatus::Killed);
    assert_eq!(find("flaky").tasks.len(), 3);
    assert_eq!(
        find("flaky").waits.total(),
        Duration::ZERO,
        "a pause between tries is no wait"
    );
}

#[test]
fn a_plan_can_be_kept_as_a_history_for_a_timeline() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.cron("a", 20, "0 5 * * *");
    assert!(folder.plan().unwrap().history().is_empty());
    folder.options.keep_history = true;
    let plan = folder.plan().unwrap();
    let mut tasks = plan.history().iter().filter_map(|entry| match &entry.what {
        What::TaskStarted { attempt, .. } => Some((entry.at, attempt.to_string(), None)),
        What::TaskEnded { attempt, fate, .. } => Some((entry.at, attempt.to_string(), Some(*fate))),
        _ => None,
    });
    let (began, started, _) = tasks.next().unwrap();
    let (ended, over, fate) = tasks.next().unwrap();
    assert_eq!(tasks.next(), None);
    assert_eq!((&started, fate), (&over, Some(TaskFate::Succeeded)));
    assert_eq!(ended.since(began), mins(20));
    let from_begin = began.since_start();
    let wall = plan.began_at + jiff::SignedDuration::try_from(from_begin).unwrap();
    assert_eq!(wall, minutes_later(plan.from, 300));
}

#[test]
fn the_same_seed_gives_the_same_plan() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    for name in ["a", "b", "c", "d", "e"] {
        folder.cron(name, 7, "*/5 * * * *");
    }
    folder.options.machines = machines(3, 1);
    let json = |folder: &mut Folder| serde_json::to_string(&folder.plan().unwrap()).unwrap();
    let first = json(&mut folder);
    assert_eq!(first, json(&mut folder));
    let value: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(value["instances"][0]["waits"]["queue_ms"], 0);
    assert_eq!(value["times"][0]["fate"], "ran");
    assert_eq!(value["from"], "2026-05-31T22:00:00Z");
}
