//! `rerun --recover`.

use peerflow_model::{InstanceStatus, VisitStatus};

use crate::event::AttemptResult;
use crate::run::testing::Rig;

const FORK: &str = "s: start f\n f: fork a b c\n a: do j\n b: do j\n c: do d\n d: do j\n j: join x\n x: do e\n e: end";

#[test]
fn a_recovery_goes_on_at_the_failed_step_and_keeps_the_rest() {
    let mut rig = Rig::begin(FORK);
    rig.ok(&["a", "c"]);
    rig.assign("d");
    rig.fails("b");
    rig.end("d", AttemptResult::Killed, "");
    assert_eq!(rig.instance.status, InstanceStatus::Failed);
    let mut next = rig.recover(None).unwrap();
    assert_eq!(next.waiting(), ["b", "d"]);
    assert_eq!(next.instance.status, InstanceStatus::Running);
    assert_eq!(next.visit("a").message, "kept from run 1");
    assert_eq!(next.visit("a").id.run.run, 2);
    assert_eq!(next.visit("a").attempt, 0);
    assert_eq!(next.visit("b").from, None);
    assert_eq!(next.visit("j").arrivals, 1, "that of a");
    assert_eq!(next.status("j"), VisitStatus::Waiting);
    next.restart();
    next.ok(&["b", "d"]);
    assert_eq!(next.visit("j").arrivals, 3);
    next.fails("x");
    let mut third = next.recover(None).unwrap();
    assert_eq!(third.waiting(), ["x"]);
    assert_eq!(third.visit("a").message, "kept from run 1");
    assert_eq!(third.visit("b").message, "kept from run 2");
    third.ok(&["x"]);
    assert_eq!(third.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_failure_whose_error_was_taken_is_not_repeated() {
    let mut rig = Rig::begin(
        "s: start a\n a: do e error=b\n b: do c\n c: do e retry=1 error=j\n j: join d\n d: do e\n e: end",
    );
    rig.fails("a");
    rig.ok(&["b"]);
    rig.fails("c");
    rig.fails("c");
    rig.fails("d");
    let next = rig.recover(None).unwrap();
    assert_eq!(next.waiting(), ["d"]);
    assert_eq!(next.status("a"), VisitStatus::Failed);
    assert_eq!(next.visit("a").message, "kept from run 1: exit 1");
    assert_eq!(next.status("c"), VisitStatus::Failed);
}

#[test]
fn a_failure_that_led_to_a_kill_step_is_repeated() {
    let mut rig =
        Rig::begin("s: start a\n a: do b\n b: do e error=m\n m: do k\n k: kill sorry\n e: end");
    rig.ok(&["a"]);
    rig.fails("b");
    rig.ok(&["m"]);
    assert_eq!(rig.instance.status, InstanceStatus::Killed);
    let mut next = rig.recover(None).unwrap();
    assert_eq!(next.history(), "s.1 succeeded, a.1 succeeded, b.1 pending");
    next.ok(&["b"]);
    assert_eq!(next.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn what_went_on_after_the_outcome_was_decided_is_gone_on_with() {
    let mut rig = Rig::begin(FORK);
    rig.assign("c");
    rig.assign("b");
    rig.act(|run, now, _, effects| run.kill("killed".to_owned(), now, effects));
    rig.end("c", AttemptResult::Succeeded, "");
    rig.end("b", AttemptResult::Succeeded, "");
    let mut next = rig.recover(None).unwrap();
    assert_eq!(next.waiting(), ["a", "d"], "c and b succeeded");
    next.ok(&["a", "d"]);
    assert_eq!(next.visit("j").arrivals, 3);
    next.ok(&["x"]);
    assert_eq!(next.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn visits_keep_their_numbers_in_a_loop() {
    let mut rig = Rig::begin("s: start a\n a: do b\n b: do e error=a retry=0\n e: end");
    rig.ok(&["a"]);
    rig.fails("b");
    rig.fails("a");
    let mut next = rig.recover(None).unwrap();
    assert_eq!(
        next.history(),
        "s.1 succeeded, a.1 succeeded, b.1 failed, a.2 pending"
    );
    next.ok(&["a", "b"]);
    assert_eq!(next.visit("b").id.visit, 2);
    assert_eq!(next.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_changed_workflow_must_still_have_the_steps_to_go_on_at() {
    let mut rig = Rig::begin("s: start a\n a: do b\n b: do e\n e: end");
    rig.ok(&["a"]);
    rig.fails("b");
    let gone = "s: start c\n c: do e\n e: end";
    assert_eq!(
        rig.recover(Some(gone)).err().unwrap(),
        "step \"b\", where run 1 stopped, is not in the workflow any more; rerun it from the start"
    );
    let changed = "s: start b\n b: do c\n c: do e\n e: end";
    let mut next = rig.recover(Some(changed)).unwrap();
    assert_eq!(next.status("a"), VisitStatus::Succeeded, "history stays");
    next.restart();
    next.ok(&["b", "c"]);
    assert_eq!(next.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_run_that_left_nothing_to_do_is_not_recovered() {
    let mut rig = Rig::begin("s: start a\n a: do e\n e: end");
    rig.ok(&["a"]);
    assert_eq!(
        rig.recover(None).err().unwrap(),
        "run 1 left nothing to go on with; rerun it from the start"
    );
}

#[test]
fn a_run_that_never_began_is_recovered_from_the_start() {
    let mut rig = Rig::begin("s: start a\n a: do e\n e: end");
    rig.visits.clear();
    assert_eq!(rig.recover(None).unwrap().waiting(), ["a"]);
}
