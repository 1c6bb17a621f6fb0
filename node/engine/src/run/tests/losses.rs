//! Lost nodes: wait, rerun, hold.

use peerflow_model::{AttemptStatus, InstanceStatus, VisitStatus};

use crate::event::{AttemptResult, Report};
use crate::run::Loss;
use crate::run::testing::{Rig, wall};

#[test]
fn a_lost_attempt_that_waits_is_tried_again_once_its_grant_is_over() {
    let mut rig = Rig::begin("s: start a\n a: do e\n e: end");
    rig.assign("a");
    let attempt = rig.live("a");
    rig.lose("a", Loss::Down);
    assert_eq!(rig.status("a"), VisitStatus::Running);
    assert!(rig.last.visits.is_empty());
    rig.lose("a", Loss::Certain);
    assert_eq!(rig.attempts[&attempt].status, AttemptStatus::Lost);
    assert_eq!(rig.waiting(), ["a"]);
    assert_eq!(rig.visit("a").losses, 1);
    assert_eq!(rig.last.freed.len(), 1);
    let report = rig.ended(AttemptResult::Succeeded, "");
    rig.report(&attempt, report);
    assert_eq!(rig.status("a"), VisitStatus::Pending, "too late");
    rig.ok(&["a"]);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
    assert!(rig.last.notices.is_empty(), "a loss is no failure");
}

#[test]
fn a_lost_attempt_to_rerun_is_tried_again_as_soon_as_its_node_is_down() {
    let mut rig = Rig::begin("s: start a\n a: do e rerun\n e: end");
    rig.assign("a");
    rig.lose("a", Loss::Down);
    assert_eq!(rig.waiting(), ["a"]);
}

#[test]
fn after_three_losses_the_step_fails() {
    for (text, status) in [
        (
            "s: start a\n a: do e retry=5\n e: end",
            InstanceStatus::Failed,
        ),
        (
            "s: start a\n a: do k retry=5 error=e\n k: kill\n e: end",
            InstanceStatus::Succeeded,
        ),
    ] {
        let mut rig = Rig::begin(text);
        rig.assign("a");
        rig.lose("a", Loss::Gone);
        rig.assign("a");
        rig.end("a", AttemptResult::Revoked, "grant over");
        rig.fails("a");
        rig.assign("a");
        rig.lose("a", Loss::Certain);
        assert_eq!(rig.instance.status, status);
        let visit = rig.visit("a");
        assert_eq!((visit.losses, visit.failures), (3, 1));
        assert_eq!(
            visit.message,
            "lost 3 times with its node; the last time: node n1 is lost"
        );
    }
}

#[test]
fn a_held_visit_waits_for_an_operator() {
    let text = "s: start a\n a: do e hold\n e: end";
    for loss in [Loss::Down, Loss::Certain, Loss::Gone] {
        let mut rig = Rig::begin(text);
        rig.assign("a");
        let attempt = rig.live("a");
        let id = attempt.visit.clone();
        rig.act(|run, now, rng, effects| {
            assert!(run.release(&id, true, now, rng, effects).is_err());
        });
        rig.lose("a", loss);
        assert_eq!(rig.status("a"), VisitStatus::Lost);
        assert!(rig.visit("a").message.contains("held for an operator"));
        assert_eq!(rig.attempts[&attempt].status.is_final(), loss == Loss::Gone);
        rig.restart();
        assert_eq!(rig.waiting(), [""; 0]);
        rig.act(|run, now, rng, effects| {
            run.release(&id, true, now, rng, effects).unwrap();
        });
        assert_eq!(rig.attempts[&attempt].status, AttemptStatus::Lost);
        assert_eq!(rig.visit("a").losses, 1);
        rig.ok(&["a"]);
        assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
    }
}

#[test]
fn a_held_visit_that_is_given_up_fails() {
    let mut rig = Rig::begin("s: start a\n a: do e hold\n e: end");
    rig.assign("a");
    rig.lose("a", Loss::Down);
    let id = rig.visit("a").id.clone();
    rig.act(|run, now, rng, effects| run.release(&id, false, now, rng, effects).unwrap());
    assert_eq!(rig.instance.status, InstanceStatus::Failed);
    assert!(rig.instance.message.contains("given up by an operator"));
}

#[test]
fn a_held_attempt_whose_node_is_back_goes_on() {
    let mut rig = Rig::begin("s: start a\n a: do e hold\n e: end");
    rig.assign("a");
    let attempt = rig.live("a");
    rig.lose("a", Loss::Down);
    rig.act(|run, now, _, effects| run.found(&attempt, now, effects));
    assert_eq!(rig.status("a"), VisitStatus::Running);
    rig.lose("a", Loss::Down);
    rig.report(&attempt, Report::Started { at: wall(3) });
    assert_eq!(rig.status("a"), VisitStatus::Running);
    rig.lose("a", Loss::Down);
    rig.end("a", AttemptResult::Succeeded, "");
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
    assert_eq!(rig.visit("a").losses, 0);
}

#[test]
fn an_ending_instance_waits_until_a_lost_attempt_is_surely_over() {
    for (option, loss) in [
        ("", Loss::Certain),
        ("rerun", Loss::Certain),
        ("hold", Loss::Gone),
    ] {
        let mut rig = Rig::begin(&format!("s: start a\n a: do e {option}\n e: end"));
        rig.assign("a");
        rig.act(|run, now, _, effects| run.kill("killed".to_owned(), now, effects));
        rig.lose("a", Loss::Down);
        assert_eq!(rig.instance.status, InstanceStatus::Running, "{option}");
        rig.lose("a", loss);
        assert_eq!(rig.instance.status, InstanceStatus::Killed, "{option}");
        assert_eq!(rig.visit("a").message, "instance ended; node n1 is lost");
    }
}

#[test]
fn an_ending_instance_waits_for_a_held_visit_until_it_is_released() {
    let mut rig = Rig::begin("s: start a\n a: do e hold\n e: end");
    rig.assign("a");
    rig.lose("a", Loss::Down);
    rig.act(|run, now, _, effects| run.kill("killed".to_owned(), now, effects));
    assert_eq!(rig.killed(), ["a"], "in case its node comes back");
    rig.lose("a", Loss::Certain);
    assert_eq!(rig.instance.status, InstanceStatus::Running);
    let id = rig.visit("a").id.clone();
    rig.act(|run, now, rng, effects| run.release(&id, true, now, rng, effects).unwrap());
    assert_eq!(rig.instance.status, InstanceStatus::Killed);

    let mut rig = Rig::begin("s: start a\n a: do e hold\n e: end");
    rig.assign("a");
    rig.lose("a", Loss::Gone);
    rig.act(|run, now, _, effects| run.kill("killed".to_owned(), now, effects));
    assert_eq!(rig.instance.status, InstanceStatus::Killed, "surely over");
}

#[test]
fn in_a_store_that_went_back_actions_that_wait_are_held_and_joins_are_not() {
    let text = "s: start f\n f: fork a b\n a: do j\n b: do j retry=1 interval=60\n j: join x\n x: do e\n e: end";
    let mut rig = Rig::begin(text);
    rig.ok(&["a"]);
    rig.fails("b");
    assert_eq!(rig.status("b"), VisitStatus::Waiting);
    rig.restart_in_doubt(true);
    assert_eq!(rig.status("j"), VisitStatus::Waiting);
    assert_eq!(rig.status("b"), VisitStatus::Lost);
    assert!(rig.visit("b").message.starts_with("the store went back"));
    rig.seconds(100);
    rig.restart_in_doubt(false);
    assert_eq!(rig.waiting(), [""; 0], "no try is due any more");
    let id = rig.visit("b").id.clone();
    rig.act(|run, now, rng, effects| run.release(&id, true, now, rng, effects).unwrap());
    assert_eq!(rig.visit("b").losses, 0, "it was not lost");
    rig.ok(&["b", "x"]);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_try_in_doubt_is_held_when_its_node_knows_nothing_of_it() {
    for option in ["", "rerun"] {
        let mut rig = Rig::begin(&format!("s: start a\n a: do e {option}\n e: end"));
        rig.assign("a");
        rig.restart_in_doubt(true);
        assert_eq!(rig.status("a"), VisitStatus::Running, "undecided");
        rig.lose("a", Loss::Gone);
        assert_eq!(rig.status("a"), VisitStatus::Lost);
        // Once a worker told of it, it is like any other.
        let mut rig = Rig::begin(&format!("s: start a\n a: do e {option}\n e: end"));
        rig.assign("a");
        let attempt = rig.live("a");
        rig.restart_in_doubt(true);
        rig.act(|run, now, _, effects| run.found(&attempt, now, effects));
        rig.lose("a", Loss::Gone);
        assert_eq!(rig.waiting(), ["a"]);
    }
}
