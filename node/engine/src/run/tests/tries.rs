//! Attempts, retries, backoff, timeouts, refusals.

use std::time::Duration;

use peerflow_model::{AttemptStatus, Epoch, Incarnation, InstanceStatus, VisitStatus};

use crate::event::{AttemptResult, Report};
use crate::run::Notice;
use crate::run::testing::{Rig, wall};

#[test]
fn an_attempt_is_recorded_from_assignment_to_end() {
    let mut rig = Rig::begin("s: start a\n a: do e\n e: end");
    rig.assign("a");
    let attempt = rig.live("a");
    assert_eq!(attempt.to_string(), "i#1/a.1.1");
    assert_eq!(rig.attempts[&attempt].status, AttemptStatus::Assigned);
    assert_eq!(rig.status("a"), VisitStatus::Running);
    rig.report(&attempt, Report::Started { at: wall(7) });
    assert_eq!(rig.attempts[&attempt].status, AttemptStatus::Running);
    assert_eq!(rig.visit("a").started_at, Some(wall(7)));
    rig.report(&attempt, Report::Started { at: wall(9) });
    assert!(rig.last.attempts.is_empty(), "told before");
    rig.report(
        &attempt,
        Report::Ended {
            result: AttemptResult::Succeeded,
            exit_code: Some(0),
            message: String::new(),
            started_at: Some(wall(7)),
            ended_at: wall(11),
            readings: Vec::new(),
            warning: Some("too many rows".to_owned()),
        },
    );
    let record = &rig.attempts[&attempt];
    assert_eq!(record.exit_code, Some(0));
    assert_eq!(record.ended_at, Some(wall(11)));
    let warning = "too many rows".to_owned();
    assert_eq!(
        rig.last.notices,
        [Notice::DataExceeded { attempt, warning }]
    );
}

#[test]
fn a_repeated_or_unknown_report_changes_nothing() {
    let mut rig = Rig::begin("s: start a\n a: do b retry=1\n b: do e\n e: end");
    rig.assign("a");
    let first = rig.live("a");
    rig.end("a", AttemptResult::Failed, "");
    rig.assign("a");
    let report = rig.ended(AttemptResult::Succeeded, "");
    rig.report(&first, report.clone());
    assert!(rig.last.visits.is_empty());
    assert_eq!(rig.status("a"), VisitStatus::Running);
    let mut unknown = first.clone();
    unknown.visit.run.run = 2;
    rig.report(&unknown, report.clone());
    unknown.visit.step = "z".into();
    rig.report(&unknown, report);
    assert!(rig.last.visits.is_empty());
}

#[test]
fn only_a_visit_that_waits_for_a_slot_can_be_assigned() {
    let mut rig = Rig::begin("s: start a\n a: do e retry=1 interval=5\n e: end");
    let id = rig.ready[0].clone();
    rig.assign("a");
    rig.act(|run, now, _, effects| {
        let again = run.assign(&id, "n2".into(), Incarnation(1), Epoch(1), now, effects);
        assert!(again.is_err());
    });
    rig.end("a", AttemptResult::Failed, "");
    rig.act(|run, now, _, effects| {
        let early = run.assign(&id, "n2".into(), Incarnation(1), Epoch(1), now, effects);
        assert!(early.is_err(), "it waits for its next try");
        assert!(effects.visits.is_empty());
    });
}

#[test]
fn a_failed_try_is_repeated_after_the_interval() {
    let mut rig = Rig::begin("s: start a\n a: do e retry=2 interval=5\n e: end");
    rig.fails("a");
    let attempt = rig.last.freed[0].0.clone();
    let failures = 1;
    assert_eq!(rig.last.notices, [Notice::TryFailed { attempt, failures }]);
    assert_eq!(rig.status("a"), VisitStatus::Waiting);
    assert_eq!(rig.visit("a").retry_at, Some(wall(5)));
    assert_eq!(rig.visit("a").message, "try 1 failed: exit 1");
    assert_eq!(rig.run.next_wakeup(), Some(Duration::from_secs(505)));
    rig.seconds(4);
    assert_eq!(rig.waiting(), [""; 0]);
    rig.seconds(1);
    assert_eq!(rig.waiting(), ["a"]);
    assert_eq!(rig.visit("a").retry_at, None);
    rig.ok(&["a"]);
    assert!(matches!(
        rig.last.notices[..],
        [Notice::Recovered { failures: 1, .. }]
    ));
    assert_eq!(rig.visit("a").attempt, 2);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn tries_used_up_take_error_or_fail() {
    let mut rig = Rig::begin("s: start a\n a: do e retry=1 error=b\n b: do e\n e: end");
    rig.fails("a");
    assert_eq!(rig.waiting(), ["a"], "an interval of 0 does not wait");
    rig.fails("a");
    assert_eq!(rig.status("a"), VisitStatus::Failed);
    assert_eq!(rig.visit("a").failures, 2);
    assert_eq!(rig.waiting(), ["b"]);
    rig.fails("b");
    assert!(rig.last.notices.is_empty(), "b has no retries");
    assert_eq!(rig.instance.status, InstanceStatus::Failed);
}

#[test]
fn exponential_backoff_doubles_with_jitter_up_to_an_hour() {
    let mut rig = Rig::begin("s: start a\n a: do e retry=40 interval=100 exponential\n e: end");
    for failure in 0..40 {
        rig.fails("a");
        let wait = rig.run.next_wakeup().unwrap() - rig.now.monotonic;
        let base = 100.0 * 2_f64.powi(failure);
        let seconds = wait.as_secs_f64();
        assert!(
            seconds <= 3_600.0 && seconds >= (base * 0.8).min(3_600.0 * 0.8),
            "{wait:?}"
        );
        assert!(seconds <= base * 1.2, "{wait:?}");
        rig.pass_time(wait);
    }
    rig.fails("a");
    assert_eq!(rig.instance.status, InstanceStatus::Failed);
}

#[test]
fn a_timeout_kills_the_attempt_and_the_instance() {
    let mut rig = Rig::begin("s: start a\n a: do e error=e timeout=60\n e: end");
    rig.seconds(1_000);
    assert_eq!(rig.waiting(), ["a"], "queueing is not counted");
    assert_eq!(rig.assign("a"), Some(Duration::from_secs(60)));
    rig.seconds(59);
    assert!(rig.last.kills.is_empty());
    rig.seconds(1);
    assert_eq!(rig.killed(), ["a"]);
    rig.end("a", AttemptResult::Killed, "");
    assert_eq!(
        rig.outcome(),
        (InstanceStatus::Killed, "step \"a\" timed out after 60 s")
    );
    assert_eq!(rig.visit("a").message, "timed out after 60 s");
    assert_eq!(rig.status("a"), VisitStatus::Killed);
}

#[test]
fn a_timeout_that_the_worker_notices_counts_the_same() {
    let mut rig = Rig::begin("s: start a\n a: do e error=e timeout=60 retry=9\n e: end");
    rig.assign("a");
    rig.end("a", AttemptResult::TimedOut, "");
    assert_eq!(
        rig.outcome(),
        (InstanceStatus::Killed, "step \"a\" timed out after 60 s")
    );
    assert_eq!(rig.status("a"), VisitStatus::Killed);
}

#[test]
fn a_timeout_counts_tries_and_the_waits_between_them() {
    let text = "s: start a\n a: do e timeout=60 retry=9 interval=40\n e: end";
    let mut rig = Rig::begin(text);
    rig.assign("a");
    rig.seconds(5);
    rig.end("a", AttemptResult::Failed, "");
    rig.seconds(40);
    assert_eq!(rig.assign("a"), Some(Duration::from_secs(15)));
    rig.restart();
    rig.end("a", AttemptResult::Failed, "");
    rig.restart();
    rig.seconds(14);
    assert_eq!(rig.status("a"), VisitStatus::Waiting);
    rig.seconds(1);
    assert_eq!(rig.status("a"), VisitStatus::Killed);
    assert_eq!(rig.instance.status, InstanceStatus::Killed);
}

#[test]
fn a_clock_set_back_during_a_restart_does_not_prolong_waits() {
    let text =
        "s: start f\n f: fork a b\n a: do e timeout=60\n b: do e retry=1 interval=40\n e: end";
    let mut rig = Rig::begin(text);
    rig.assign("a");
    rig.fails("b");
    rig.now.wall = wall(-100_000);
    rig.restart();
    rig.seconds(39);
    assert_eq!(rig.status("b"), VisitStatus::Waiting);
    rig.seconds(1);
    assert_eq!(rig.waiting(), ["b"]);
    rig.seconds(20);
    assert_eq!(rig.killed(), ["a"]);
}

#[test]
fn a_refused_attempt_goes_back_to_the_queue_and_counts_as_nothing() {
    let mut rig = Rig::begin("s: start a\n a: do e timeout=60\n e: end");
    rig.assign("a");
    let attempt = rig.live("a");
    let reason = "no slot".to_owned();
    rig.report(&attempt, Report::Refused { reason });
    assert_eq!(rig.attempts[&attempt].status, AttemptStatus::Lost);
    assert_eq!(rig.attempts[&attempt].message, "refused by n1: no slot");
    assert_eq!(rig.last.freed.len(), 1);
    let visit = rig.visit("a");
    assert_eq!((visit.failures, visit.losses), (0, 0));
    assert_eq!(visit.dispatched_at, None);
    assert_eq!(rig.run.next_wakeup(), None, "the timeout has not begun");
    rig.seconds(100);
    assert_eq!(rig.assign("a"), Some(Duration::from_secs(60)));
    assert_eq!(rig.visit("a").attempt, 2);
}

#[test]
fn a_step_that_cannot_be_placed_takes_error() {
    let mut rig = Rig::begin("s: start a\n a: do e error=b retry=3\n b: do e\n e: end");
    let id = rig.ready[0].clone();
    rig.act(|run, _, _, effects| run.explain(&id, "no node has label gpu", effects));
    assert_eq!(rig.visit("a").message, "no node has label gpu");
    rig.act(|run, _, _, effects| run.explain(&id, "no node has label gpu", effects));
    assert!(rig.last.visits.is_empty());
    rig.act(|run, now, _, effects| run.fail_visit(&id, "no node".to_owned(), now, effects));
    assert_eq!(rig.status("a"), VisitStatus::Failed);
    assert_eq!(rig.waiting(), ["b"]);
    let id = rig.ready[0].clone();
    rig.act(|run, now, _, effects| run.fail_visit(&id, "no node".to_owned(), now, effects));
    assert_eq!(
        rig.outcome(),
        (InstanceStatus::Failed, "step \"b\" failed: no node")
    );
}
