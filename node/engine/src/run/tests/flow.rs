//! Forks, joins, loops, skipped steps.

use peerflow_model::{AttemptId, InstanceStatus, VisitStatus};

use crate::event::AttemptResult;
use crate::run::testing::Rig;

#[test]
fn a_chain_runs_step_by_step_to_its_end() {
    let mut rig = Rig::begin("s: start a\n a: do b\n b: do e\n e: end");
    assert_eq!(rig.instance.status, InstanceStatus::Running);
    assert_eq!(rig.waiting(), ["a"]);
    assert_eq!(rig.last.visits.len(), 2);
    rig.ok(&["a"]);
    assert_eq!(rig.waiting(), ["b"]);
    assert_eq!(rig.visit("b").from, Some(("a".into(), 1)));
    rig.ok(&["b"]);
    assert_eq!(rig.outcome(), (InstanceStatus::Succeeded, ""));
    assert_eq!(rig.instance.ended_at, Some(rig.now.wall));
    assert_eq!(
        rig.history(),
        "s.1 succeeded, a.1 succeeded, b.1 succeeded, e.1 succeeded"
    );
    assert_eq!(rig.last.freed.len(), 1);
}

#[test]
fn a_join_goes_on_once_when_all_branches_have_arrived() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b c\n a: do j\n b: do j\n c: do j\n j: join d\n d: do e\n e: end",
    );
    rig.ok(&["b", "a"]);
    assert_eq!(rig.status("j"), VisitStatus::Waiting);
    assert_eq!(rig.visit("j").arrivals, 2);
    rig.ok(&["c"]);
    assert_eq!(rig.visit("j").arrivals, 3);
    assert_eq!(rig.status("j"), VisitStatus::Succeeded);
    assert_eq!(rig.waiting(), ["d"]);
    rig.ok(&["d"]);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_failing_branch_may_go_round_the_join_through_error() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b\n a: do j\n b: do j error=x\n x: do y\n y: do e\n j: join c\n c: do e\n e: end",
    );
    rig.ok(&["a"]);
    assert_eq!(rig.status("j"), VisitStatus::Waiting);
    rig.fails("b");
    assert_eq!(rig.waiting(), ["c", "x"], "nothing can reach the join now");
    assert_eq!(rig.visit("j").arrivals, 1);
    rig.ok(&["c"]);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
    assert_eq!(rig.status("x"), VisitStatus::Killed);
    assert_eq!(rig.visit("x").message, "instance ended");
    assert_eq!(rig.waiting(), [""; 0]);
}

#[test]
fn a_join_waits_for_a_branch_that_may_still_come_back_to_it() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b\n a: do j\n b: do j error=x\n x: do j\n j: join e\n e: end",
    );
    rig.ok(&["a"]);
    rig.fails("b");
    assert_eq!(rig.status("j"), VisitStatus::Waiting);
    rig.ok(&["x"]);
    assert_eq!(rig.visit("j").arrivals, 2);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_loop_that_succeeds_at_the_third_visit_passes_its_join_in_each_lap() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b\n a: do j\n b: do j\n j: join c\n c: do e error=f\n e: end",
    );
    for lap in 1..=2 {
        rig.ok(&["a"]);
        assert_eq!(rig.visit("j").id.visit, lap);
        assert_eq!(rig.status("j"), VisitStatus::Waiting);
        rig.ok(&["b"]);
        rig.fails("c");
    }
    rig.ok(&["b", "a", "c"]);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
    assert_eq!(rig.visit("j").id.visit, 3);
    assert_eq!(rig.visit("j").arrivals, 2);
    assert_eq!(rig.visit("c").id.visit, 3);
    assert_eq!(rig.visit("f").from, Some(("c".into(), 2)));
}

const NESTED: &str = "s: start f\n f: fork x g\n g: fork a b\n a: do inner\n b: do inner\n \
                      inner: join m\n m: do outer\n x: do outer\n outer: join c\n c: do e";

#[test]
fn nested_forks_join_from_the_inside() {
    let mut rig = Rig::begin(&format!("{NESTED}\n e: end"));
    rig.ok(&["x", "a"]);
    assert_eq!(rig.status("outer"), VisitStatus::Waiting);
    rig.ok(&["b"]);
    assert_eq!(rig.status("inner"), VisitStatus::Succeeded);
    assert_eq!(rig.status("outer"), VisitStatus::Waiting);
    rig.ok(&["m", "c"]);
    assert_eq!(rig.visit("outer").arrivals, 2);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn nested_forks_in_a_loop_join_from_the_inside_in_each_lap() {
    let mut rig = Rig::begin(&format!("{NESTED} error=f\n e: end"));
    for _lap in 0..3 {
        rig.ok(&["x", "a", "b"]);
        assert_eq!(
            rig.status("inner"),
            VisitStatus::Succeeded,
            "{}",
            rig.history()
        );
        rig.ok(&["m"]);
        rig.fails("c");
    }
    rig.ok(&["a", "b"]);
    assert_eq!(
        rig.status("inner"),
        VisitStatus::Waiting,
        "x can come to it by the next lap"
    );
    rig.ok(&["x", "m", "c"]);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
    assert_eq!(rig.visit("outer").id.visit, 4);
}

#[test]
fn joins_that_only_wait_for_each_other_fail_the_instance_by_name() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b c\n a: do j\n b: do k\n c: do l\n j: join x\n k: join y\n x: do k\n y: do j error=e\n \
         l: join e\n e: end",
    );
    rig.ok(&["a"]);
    assert_eq!(rig.instance.status, InstanceStatus::Running);
    rig.ok(&["b"]);
    assert_eq!(
        rig.instance.status,
        InstanceStatus::Failed,
        "c cannot reach them"
    );
    assert_eq!(rig.instance.message, "joins wait only for each other: j, k");
}

#[test]
fn a_join_does_not_wait_for_itself_in_a_cycle_entered_at_two_places() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b\n a: do j\n b: do x\n j: join x\n x: do e error=j\n e: end",
    );
    rig.ok(&["b"]);
    rig.fails("x");
    assert_eq!(rig.status("j"), VisitStatus::Waiting);
    rig.ok(&["a"]);
    assert_eq!(rig.visit("j").arrivals, 2);
    rig.ok(&["x"]);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_join_does_not_wait_for_what_only_the_error_of_a_skipped_step_leads_to() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b\n a: do j\n b: do c\n c: do d ignore error=j\n d: do e\n j: join x\n x: do e\n e: end",
    );
    rig.ok(&["a"]);
    assert_eq!(rig.waiting(), ["b", "x"]);
}

#[test]
fn without_a_join_each_arrival_is_a_visit_of_its_own() {
    let mut rig = Rig::begin(
        "s: start f\n f: fork a b\n a: do c\n b: do c\n c: do d\n d: do j\n j: join e\n e: end",
    );
    rig.ok(&["a", "c"]);
    rig.ok(&["b", "c"]);
    assert_eq!(rig.visit("c").id.visit, 2);
    assert_eq!(rig.visit("c").from, Some(("b".into(), 1)));
    rig.ok(&["d", "d"]);
    assert_eq!(rig.visit("j").arrivals, 2);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn ignored_and_skipped_steps_count_as_succeeded() {
    let rig = Rig::begin_skipping(
        "s: start a\n a: do b ignore error=k\n b: do e\n k: kill\n e: end",
        &["b"],
    );
    assert_eq!(
        rig.history(),
        "s.1 succeeded, a.1 skipped, b.1 skipped, e.1 succeeded"
    );
    assert_eq!(rig.visit("a").message, "skipped by is-ignore");
    assert_eq!(rig.visit("b").message, "skipped by --skip");
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}

#[test]
fn a_loop_of_skipped_steps_fails_instead_of_going_round_for_ever() {
    let text = "s: start a\n a: do j error=e\n j: join b\n b: do a error=e\n e: end";
    let rig = Rig::begin_skipping(text, &["a", "b"]);
    assert_eq!(rig.instance.status, InstanceStatus::Failed);
    assert!(
        rig.instance
            .message
            .contains("\"a\" is skipped and leads back to itself"),
        "{}",
        rig.instance.message
    );
    let rig = Rig::begin_skipping(text, &["a"]);
    assert_eq!(rig.waiting(), ["b"], "with something to run it is a loop");
}

#[test]
fn forks_without_end_and_join_fail_at_a_limit() {
    let mut text = "s: start f0\n".to_owned();
    for level in 0..30 {
        let next = level + 1;
        text += &format!(
            "f{level}: fork g{level} h{level}\n g{level}: fork f{next}\n h{level}: fork f{next}\n"
        );
    }
    text += "f30: end";
    let rig = Rig::begin(&text);
    assert_eq!(rig.instance.status, InstanceStatus::Failed);
    assert!(
        rig.instance.message.contains("put a join after its forks"),
        "{}",
        rig.instance.message
    );
}

#[test]
fn many_joins_need_more_than_one_word_of_bits() {
    let mut text = "s: start f\n f: fork a0 w\n w: do j0\n e: end\n".to_owned();
    for at in 0..150 {
        let next = at + 1;
        text += &format!("a{at}: do j{at}\n j{at}: join a{next}\n");
    }
    text += "a150: do e";
    let mut rig = Rig::begin(&text);
    rig.ok(&["a0"]);
    assert_eq!(rig.status("j0"), VisitStatus::Waiting);
    rig.ok(&["w"]);
    for at in 1..=150 {
        rig.ok(&[&format!("a{at}")]);
    }
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
    assert_eq!(rig.visit("j149").id.visit, 1);
}

/// No figure is asserted; quadratic behaviour would show as a test that does not come back.
#[test]
fn ten_thousand_steps_wide_long_and_nested_in_a_loop() {
    let all = |name: &str, count: usize| -> String {
        let names: Vec<String> = (0..count).map(|at| format!("{name}{at}")).collect();
        names.join(" ")
    };
    let mut wide = format!(
        "s: start f\n f: fork {}\n j: join e\n e: end\n",
        all("a", 10_000)
    );
    let mut chain = "s: start a0\n a10000: do e\n e: end\n".to_owned();
    for at in 0..10_000 {
        wide += &format!("a{at}: do j\n");
        chain += &format!("a{at}: do a{}\n", at + 1);
    }
    let mut nested = format!(
        "s: start f\n f: fork {}\n j: join c\n c: do e error=f\n e: end\n",
        all("f", 2_500)
    );
    for at in 0..2_500 {
        nested += &format!(
            "f{at}: fork a{at} b{at}\n a{at}: do j{at}\n b{at}: do j{at}\n j{at}: join j\n"
        );
    }
    for (text, tries) in [(wide, 10_000), (chain, 10_001), (nested, 5_001)] {
        drive_to_success(&text, tries);
    }
}

fn drive_to_success(text: &str, tries: usize) {
    let mut rig = Rig::begin(text);
    let mut done = 0;
    while let Some(id) = rig.ready.last().cloned() {
        rig.assign_visit(&id);
        let report = rig.ended(AttemptResult::Succeeded, "");
        rig.report(
            &AttemptId {
                visit: id,
                attempt: 1,
            },
            report,
        );
        done += 1;
    }
    assert_eq!(done, tries);
    assert_eq!(rig.instance.status, InstanceStatus::Succeeded);
}
