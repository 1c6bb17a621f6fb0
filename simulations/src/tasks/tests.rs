//! A machine's processes as its node and the world see them.

mod bench;
mod playbook;

use std::time::Duration;

use peerflow_actions::{BootTime, TaskResult};
use peerflow_node::Clock;

use crate::history::{TaskFate, What};
use bench::Bench;

const LONG: &str = "# simulate: takes 10s";

#[test]
fn a_process_goes_on_while_its_node_stands_still_and_its_end_is_heard_later() {
    let bench = Bench::new(LONG, "wait");
    let (mut node, attempt) = (bench.node(1), bench.attempt(1));
    node.run(bench.task(1));
    bench.go_on(Duration::from_secs(1), &mut [&mut node]);
    assert!(bench.tasks.is_running(&attempt));
    bench.go_on(Duration::from_secs(10), &mut []);
    assert!(!bench.tasks.is_running(&attempt));
    assert_eq!(bench.fates(), [TaskFate::Succeeded]);
    assert!(node.end().is_none());
    bench.go_on(Duration::from_millis(1), &mut [&mut node]);
    let end = node.end().unwrap();
    assert_eq!(
        (end.result, end.exit_code),
        (TaskResult::Succeeded, Some(0))
    );
    let lasted = end.ended_at.duration_since(end.started_at.unwrap());
    assert!(lasted.as_secs() >= 11, "{lasted}");
    assert_eq!(node.began(), end.started_at);
}

#[test]
fn a_failure_tells_its_exit_code() {
    let bench = Bench::new("# simulate: takes 1s, fails, exit 3", "wait");
    let mut node = bench.node(1);
    node.run(bench.task(1));
    bench.go_on(Duration::from_secs(2), &mut [&mut node]);
    let end = node.end().unwrap();
    assert_eq!((end.result, end.exit_code), (TaskResult::Failed, Some(3)));
    assert_eq!(end.message, "exit code 3");
    assert_eq!(bench.fates(), [TaskFate::Failed]);
}

#[test]
fn a_grant_that_is_over_kills_waiting_tasks_only() {
    for (policy, dies) in [("wait", true), ("hold", false), ("rerun", false)] {
        let bench = Bench::new(LONG, policy);
        let mut node = bench.node(1);
        node.runner
            .granted_until(BootTime::since_boot(Duration::from_secs(2)));
        node.run(bench.task(1));
        bench.go_on(Duration::from_secs(1), &mut [&mut node]);
        node.runner
            .granted_until(BootTime::since_boot(Duration::from_secs(4)));
        // Its own program stands still, so only its spawner can do it.
        bench.go_on(Duration::from_millis(2_999), &mut []);
        assert!(bench.tasks.is_running(&bench.attempt(1)), "{policy}");
        bench.go_on(Duration::from_millis(1), &mut []);
        assert_eq!(!bench.tasks.is_running(&bench.attempt(1)), dies, "{policy}");
        bench.go_on(Duration::from_secs(7), &mut [&mut node]);
        let (result, fate) = if dies {
            (TaskResult::Revoked, TaskFate::GrantOver)
        } else {
            (TaskResult::Succeeded, TaskFate::Succeeded)
        };
        assert_eq!(node.end().unwrap().result, result, "{policy}");
        assert_eq!(bench.fates(), [fate], "{policy}");
    }
}

#[test]
fn a_grant_is_over_by_the_machines_own_clock() {
    let bench = Bench::new(LONG, "wait");
    // It goes too slow by a tenth: its 3 s are 3.333 s.
    let mut node = bench.drifting_node(1, -100_000);
    node.runner
        .granted_until(BootTime::since_boot(Duration::from_secs(3)));
    node.run(bench.task(1));
    bench.go_on(Duration::from_millis(3_333), &mut [&mut node]);
    assert!(bench.tasks.is_running(&bench.attempt(1)));
    bench.go_on(Duration::from_millis(2), &mut [&mut node]);
    assert_eq!(bench.fates(), [TaskFate::GrantOver]);
    assert!(node.machine.boot_time() < BootTime::since_boot(Duration::from_millis(3_003)));
}

#[test]
fn nothing_bound_starts_without_a_grant() {
    let bench = Bench::new(LONG, "wait");
    let mut node = bench.node(1);
    node.runner
        .granted_until(BootTime::since_boot(Duration::from_secs(1)));
    bench.go_on(Duration::from_secs(1), &mut [&mut node]);
    node.run(bench.task(1));
    bench.go_on(Duration::from_millis(1), &mut [&mut node]);
    let end = node.end().unwrap();
    assert_eq!((end.result, end.started_at), (TaskResult::Revoked, None));
    assert!(bench.history.is_empty());
}

#[test]
fn a_crash_kills_all_processes_of_its_node_and_no_others() {
    let bench = Bench::new(LONG, "rerun");
    let (mut first, mut second) = (bench.node(1), bench.node(2));
    first.run(bench.task(1));
    second.run(bench.task(2));
    bench.go_on(Duration::from_secs(1), &mut [&mut first, &mut second]);
    // Its runtime goes first: what it drops ends no process.
    let node = first.id.clone();
    drop(first);
    assert_eq!(bench.tasks.running().len(), 2);
    bench.tasks.crash(&node);
    assert_eq!(bench.fates(), [TaskFate::NodeDied]);
    assert!(!bench.tasks.is_running(&bench.attempt(1)));
    bench.go_on(Duration::from_secs(10), &mut [&mut second]);
    assert_eq!(bench.fates(), [TaskFate::NodeDied, TaskFate::Succeeded]);
    assert_eq!(bench.tasks.next_due(), None);
}

#[test]
fn a_killed_task_ends_at_once_or_after_the_grace_if_it_ignores_term() {
    for (hint, grace) in [(LONG, 0), ("# simulate: hangs, ignores TERM", 5)] {
        let bench = Bench::new(hint, "wait");
        bench.tasks.set_kill_grace(Duration::from_secs(5));
        let mut node = bench.node(1);
        node.run(bench.task(1));
        bench.go_on(Duration::from_secs(1), &mut [&mut node]);
        node.kill("the user asked");
        bench.go_on(Duration::from_millis(2), &mut [&mut node]);
        if grace > 0 {
            assert!(bench.tasks.is_running(&bench.attempt(1)));
            bench.go_on(Duration::from_secs(grace), &mut [&mut node]);
        }
        let end = node.end().unwrap();
        assert_eq!((end.result, end.exit_code), (TaskResult::Killed, None));
        assert_eq!(end.message, "the user asked");
        assert_eq!(bench.fates(), [TaskFate::Killed]);
    }
}

#[test]
fn a_task_that_ignores_term_and_is_done_before_kill_has_exited() {
    let bench = Bench::new("# simulate: takes 3s, ignores TERM", "wait");
    let mut node = bench.node(1);
    node.run(bench.task(1));
    bench.go_on(Duration::from_secs(1), &mut [&mut node]);
    node.kill("");
    bench.go_on(Duration::from_secs(3), &mut [&mut node]);
    let end = node.end().unwrap();
    assert_eq!((end.result, end.exit_code), (TaskResult::Killed, Some(0)));
    assert_eq!(end.message, "killed");
}

#[test]
fn a_grant_that_is_over_does_not_wait_for_the_grace() {
    let bench = Bench::new("# simulate: hangs, ignores TERM", "wait");
    let mut node = bench.node(1);
    node.runner
        .granted_until(BootTime::since_boot(Duration::from_secs(2)));
    node.run(bench.task(1));
    bench.go_on(Duration::from_secs(1), &mut [&mut node]);
    node.kill("the user asked");
    bench.go_on(Duration::from_secs(2), &mut [&mut node]);
    assert_eq!(node.end().unwrap().result, TaskResult::Killed);
    assert_eq!(bench.tasks.next_due(), None);
}

#[test]
fn a_timeout_ends_a_task_that_hangs() {
    let bench = Bench::new("# simulate: hangs", "hold");
    let mut node = bench.node(1);
    let mut task = bench.task(1);
    task.timeout = Some(Duration::from_secs(7));
    node.run(task);
    bench.go_on(Duration::from_secs(6), &mut [&mut node]);
    assert!(bench.tasks.is_running(&bench.attempt(1)));
    bench.go_on(Duration::from_secs(2), &mut [&mut node]);
    let end = node.end().unwrap();
    assert_eq!(end.result, TaskResult::TimedOut);
    assert!(end.message.contains("7s"), "{}", end.message);
    assert_eq!(bench.fates(), [TaskFate::Killed]);
}

#[test]
fn output_comes_while_the_task_works_and_stops_with_it() {
    let bench = Bench::new("# simulate: takes 10s, prints 1000", "wait");
    let mut node = bench.node(1);
    node.run(bench.task(1));
    bench.go_on(Duration::from_millis(5_500), &mut [&mut node]);
    assert_eq!(node.lines().len(), 500);
    node.kill("");
    bench.go_on(Duration::from_millis(1), &mut [&mut node]);
    assert_eq!(node.end().unwrap().result, TaskResult::Killed);
    let lines = node.lines();
    assert!((549..=551).contains(&lines.len()), "{}", lines.len());
    assert_eq!(lines[10], "line 11 of 1000");
}

#[test]
fn a_saved_data_monitor_gives_a_reading_within_its_limits() {
    let bench = Bench::with_action(
        r#"<data-monitor><source type="COMMAND"># simulate: takes 2s
           count</source><min type="NUM">5</min><max type="NUM">7</max></data-monitor>"#,
        "wait",
    );
    let mut node = bench.node(1);
    node.run(bench.task(1));
    bench.go_on(Duration::from_secs(3), &mut [&mut node]);
    let end = node.end().unwrap();
    assert_eq!(end.result, TaskResult::Succeeded);
    let reading = &end.readings[0];
    assert!((5.0..=7.0).contains(&reading.value), "{reading:?}");
}

#[test]
fn a_new_life_begins_without_processes_of_the_one_before() {
    let bench = Bench::new(LONG, "rerun");
    let mut node = bench.node(1);
    node.run(bench.task(1));
    bench.go_on(Duration::from_secs(1), &mut [&mut node]);
    let mut again = bench.node(1);
    assert_eq!(bench.fates(), [TaskFate::NodeDied]);
    again.run(bench.task(2));
    bench.go_on(Duration::from_secs(1), &mut [&mut again]);
    let running = bench.tasks.running();
    assert_eq!(running.len(), 1);
    assert_eq!(running[0].attempt, bench.attempt(2));
    let started = bench.history.all();
    assert!(matches!(started[0].what, What::TaskStarted { .. }));
}
