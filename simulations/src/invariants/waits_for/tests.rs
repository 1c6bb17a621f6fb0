//! Steps that begin too early, joins that go on too early, and runs that change after their end.

use peerflow_model::{AttemptStatus, InstanceStatus};

use super::*;
use crate::invariants::testing::{
    Tale, assigned, attempt_in, begins, broken, holds, instance, instance_in, put, put_workflow,
    visit, visit_id,
};
use VisitStatus::{Failed, Pending, Running, Succeeded, Waiting};

fn is(step: &str, from: &str, status: VisitStatus) -> Change {
    put(visit("a", step, Some(from), status))
}

/// Both branches after the fork run.
fn forked() -> Tale {
    Tale::new().put([put_workflow("w", 1)]).put([
        put(instance("a")),
        put(visit("a", "s", None, Succeeded)),
        is("f", "s", Succeeded),
        is("x", "f", Running),
        is("y", "f", Running),
    ])
}

#[test]
fn a_run_that_goes_its_way_is_fine() {
    let tale = forked()
        .put([is("x", "f", Succeeded), is("j", "x", Waiting)])
        .put([
            is("y", "f", Succeeded),
            is("j", "x", Succeeded),
            is("z", "j", Pending),
        ])
        .put([
            is("z", "j", Running),
            put(Visit {
                attempt: 1,
                ..visit("a", "z", Some("j"), Running)
            }),
        ])
        .put([put(assigned("a", "z", 1, "n1", 1))])
        .add(begins("a", "z", 1, "n1"))
        .put([
            is("z", "j", Succeeded),
            is("e", "z", Succeeded),
            put(instance_in("a", InstanceStatus::Succeeded)),
        ]);
    holds(StepsWait::default(), &tale);
}

#[test]
fn a_step_that_is_reached_before_its_turn_is_caught() {
    let early = forked().put([is("j", "x", Waiting)]);
    broken(StepsWait::default(), &early, "came before a#1/x.1 was over");
    let nowhere = forked().put([put(visit("a", "z", None, Pending))]);
    broken(StepsWait::default(), &nowhere, "came from nowhere");
    let elsewhere = forked().put([is("x", "f", Succeeded), is("z", "x", Pending)]);
    broken(
        StepsWait::default(),
        &elsewhere,
        "does not lead to visit a#1/z.1",
    );
    let by_error = forked().put([is("y", "f", Succeeded), is("k", "y", Succeeded)]);
    broken(
        StepsWait::default(),
        &by_error,
        "is Succeeded and does not lead",
    );
    holds(
        StepsWait::default(),
        &forked().put([is("y", "f", Failed), is("k", "y", Succeeded)]),
    );
    let orphan = Tale::new().put([is("x", "f", Pending)]);
    broken(StepsWait::default(), &orphan, "of a run that is not there");
}

#[test]
fn a_visit_that_leads_on_twice_is_caught() {
    let again = Visit {
        id: VisitId {
            visit: 2,
            ..visit_id("a", "j")
        },
        ..visit("a", "j", Some("x"), Waiting)
    };
    let tale = forked()
        .put([is("x", "f", Succeeded), is("j", "x", Waiting)])
        .put([put(again)]);
    broken(StepsWait::default(), &tale, "came from the same visit");
}

#[test]
fn a_join_that_goes_on_while_it_can_be_reached_is_caught() {
    let waits = forked().put([is("x", "f", Succeeded), is("j", "x", Waiting)]);
    let early = waits.clone().put([is("j", "x", Succeeded)]);
    broken(StepsWait::default(), &early, "went on before a#1/y.1");
    let at_once = forked().put([is("x", "f", Succeeded), is("j", "x", Succeeded)]);
    broken(StepsWait::default(), &at_once, "went on before a#1/y.1");
    // The other branch left for the kill step, which does not lead to the join.
    let left = waits.put([
        is("y", "f", Failed),
        is("k", "y", Succeeded),
        is("j", "x", Succeeded),
    ]);
    holds(StepsWait::default(), &left);
}

#[test]
fn a_run_that_changes_after_its_end_is_caught() {
    let over = || {
        Tale::new()
            .put([put_workflow("w", 1)])
            .put([put(instance_in("a", InstanceStatus::Failed))])
    };
    let late = [
        put(instance("a")),
        put(instance_in("a", InstanceStatus::Failed)),
        put(visit("a", "s", None, Pending)),
        put(attempt_in(
            assigned("a", "x", 1, "n1", 1),
            AttemptStatus::Lost,
        )),
    ];
    for change in late {
        broken(
            StepsWait::default(),
            &over().put([change]),
            "was over and changes",
        );
    }
    let restored = over()
        .add(What::Restored { commits: 1 })
        .put([put(instance("a"))]);
    holds(StepsWait::default(), &restored);
}

#[test]
fn a_run_that_ends_before_its_visits_or_follows_one_that_lives_is_caught() {
    let ended = forked().put([put(instance_in("a", InstanceStatus::Killed))]);
    broken(StepsWait::default(), &ended, "ended before visit a#1/x.1");
    let mut second = instance("a");
    second.id.run = 2;
    let next = forked().put([put(second.clone())]);
    broken(StepsWait::default(), &next, "was made before a#1 was over");
    let after = Tale::new()
        .put([put(instance_in("a", InstanceStatus::Failed))])
        .put([put(second)]);
    holds(StepsWait::default(), &after);
}

#[test]
fn a_recovery_begins_where_the_last_run_stopped() {
    let mut second = instance("a");
    second.id.run = 2;
    let of_second = |step: &str, from: Option<&str>, status| {
        let mut of_first = visit("a", step, from, status);
        of_first.id.run.run = 2;
        put(of_first)
    };
    let tale = Tale::new()
        .put([
            put_workflow("w", 1),
            put(instance_in("a", InstanceStatus::Failed)),
        ])
        .put([
            put(second),
            of_second("s", None, Succeeded),
            // By the definition of then.
            of_second("old", Some("s"), Succeeded),
            of_second("y", None, Pending),
        ]);
    holds(StepsWait::default(), &tale);
}

#[test]
fn a_try_of_which_its_visit_knows_nothing_is_caught() {
    let tale = forked()
        .put([put(assigned("a", "x", 1, "n1", 1))])
        .add(begins("a", "x", 1, "n1"));
    broken(StepsWait::default(), &tale, "knows of no such try");
}
