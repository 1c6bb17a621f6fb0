//! End, kill, failure, and what becomes of the rest.

use peerflow_model::{AttemptStatus, InstanceStatus, Outcome, VisitStatus};

use crate::event::{AttemptResult, Report};
use crate::run::testing::Rig;

const FORK: &str = "s: start f\n f: fork a b c\n a: do e\n b: do x error=k\n c: do x\n x: do e\n k: kill no good\n e: end";

#[test]
fn a_kill_step_ends_the_instance_as_killed_with_its_message() {
    let mut rig = Rig::begin("s: start a\n a: do e error=k\n k: kill no good\n e: end");
    rig.fails("a");
    assert_eq!(rig.outcome(), (InstanceStatus::Killed, "no good"));
    assert_eq!(rig.status("k"), VisitStatus::Succeeded);
    let mut rig = Rig::begin("s: start a\n a: do e error=k\n k: kill\n e: end");
    rig.fails("a");
    assert_eq!(rig.instance.message, "reached kill step \"k\"");
}

#[test]
fn an_instance_that_ends_stays_running_until_every_attempt_is_over() {
    let mut rig = Rig::begin(FORK);
    rig.assign("b");
    rig.ok(&["a"]);
    assert_eq!(rig.instance.status, InstanceStatus::Running);
    let ending = rig.instance.ending.clone().expect("its outcome is decided");
    assert_eq!(ending.outcome, Outcome::Succeeded);
    assert_eq!(rig.killed(), ["b"]);
    assert_eq!(rig.last.withdrawn.len(), 1, "c no longer waits for a slot");
    assert_eq!(rig.status("c"), VisitStatus::Killed);
    assert!(!rig.run.over());
    rig.end("b", AttemptResult::Killed, "");
    assert_eq!(rig.outcome(), (InstanceStatus::Succeeded, ""));
    assert_eq!(rig.instance.ending, None);
    assert_eq!(rig.visit("b").message, "instance ended");
    assert!(rig.run.over());
}

#[test]
fn an_action_that_fails_without_error_fails_the_instance() {
    let mut rig = Rig::begin(FORK);
    rig.assign("b");
    rig.fails("c");
    assert_eq!(rig.killed(), ["b"]);
    assert_eq!(rig.status("a"), VisitStatus::Killed);
    rig.end("b", AttemptResult::Killed, "");
    assert_eq!(
        rig.outcome(),
        (InstanceStatus::Failed, "step \"c\" failed: exit 1")
    );
}

#[test]
fn the_first_decided_outcome_wins() {
    let mut rig = Rig::begin(FORK);
    rig.assign("b");
    rig.ok(&["a"]);
    rig.act(|run, now, _, effects| run.kill("killed by ann".to_owned(), now, effects));
    assert!(!rig.last.instance_changed);
    rig.end("b", AttemptResult::Failed, "exit 1");
    assert_eq!(rig.outcome(), (InstanceStatus::Succeeded, ""));
    assert_eq!(
        rig.status("k"),
        VisitStatus::Killed,
        "it was never gone on to"
    );
}

#[test]
fn a_late_success_counts_for_its_attempt_but_does_not_go_on() {
    let mut rig = Rig::begin(FORK);
    rig.assign("c");
    let attempt = rig.live("c");
    rig.act(|run, now, _, effects| run.kill("killed by ann".to_owned(), now, effects));
    assert_eq!(rig.killed(), ["c"]);
    rig.end("c", AttemptResult::Succeeded, "");
    assert_eq!(rig.attempts[&attempt].status, AttemptStatus::Succeeded);
    assert_eq!(rig.status("c"), VisitStatus::Succeeded);
    assert_eq!(rig.status("x"), VisitStatus::Killed);
    assert_eq!(rig.outcome(), (InstanceStatus::Killed, "killed by ann"));
    assert!(rig.last.ready.is_empty());
}

#[test]
fn a_killed_instance_with_nothing_running_is_over_at_once() {
    let mut rig = Rig::begin(FORK);
    rig.act(|run, now, _, effects| run.kill("killed by ann".to_owned(), now, effects));
    assert!(rig.run.over());
    assert!(rig.last.kills.is_empty());
    assert_eq!(rig.waiting(), [""; 0]);
}

#[test]
fn what_is_reached_in_the_same_move_after_the_end_is_not_made_ready() {
    let rig = Rig::begin("s: start f\n f: fork a k b\n a: do e\n b: do e\n k: kill\n e: end");
    assert_eq!(rig.instance.status, InstanceStatus::Killed);
    assert!(rig.last.ready.is_empty());
    assert!(rig.last.withdrawn.is_empty());
    assert_eq!(
        rig.history(),
        "s.1 succeeded, f.1 succeeded, a.1 killed, k.1 succeeded, b.1 killed"
    );
}

#[test]
fn an_ended_run_never_changes() {
    let mut rig = Rig::begin(FORK);
    rig.assign("b");
    let attempt = rig.live("b");
    rig.ok(&["a"]);
    rig.end("b", AttemptResult::Killed, "");
    let before = rig.run.state();
    let report = rig.ended(AttemptResult::Succeeded, "");
    rig.report(&attempt, report);
    rig.act(|run, now, _, effects| run.kill("again".to_owned(), now, effects));
    rig.seconds(1_000);
    assert_eq!(rig.run.state(), before);
    assert!(rig.last.visits.is_empty() && rig.last.attempts.is_empty());
}

#[test]
fn a_restart_while_ending_asks_for_the_kills_again() {
    let mut rig = Rig::begin(FORK);
    rig.assign("b");
    rig.ok(&["a"]);
    rig.restart();
    assert_eq!(rig.killed(), ["b"]);
    let attempt = rig.live("b");
    rig.report(
        &attempt,
        Report::Refused {
            reason: "no slot".to_owned(),
        },
    );
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}
