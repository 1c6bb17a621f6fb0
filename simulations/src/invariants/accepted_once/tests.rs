//! Attempts that begin twice, late or for a former master, and outcomes that nobody saw.

use super::*;
use crate::invariants::testing::{
    Tale, assigned, attempt_in, began, begins, begins_under, broken, ends, holds, put, taken, visit,
};

fn given() -> Tale {
    Tale::new().put([put(assigned("a", "x", 1, "n1", 1))])
}

fn outcome(status: AttemptStatus) -> Change {
    put(attempt_in(assigned("a", "x", 1, "n1", 1), status))
}

#[test]
fn an_attempt_that_begins_ends_and_counts_once_is_fine() {
    let done = Visit {
        attempt: 1,
        ..visit("a", "x", Some("f"), VisitStatus::Succeeded)
    };
    let tale = given()
        .add(begins("a", "x", 1, "n1"))
        .put([outcome(AttemptStatus::Running)])
        .add(ends("a", "x", 1, "n1", TaskFate::Succeeded))
        .put([outcome(AttemptStatus::Succeeded), put(done)]);
    holds(AcceptedOnce::default(), &tale);
}

#[test]
fn an_attempt_that_begins_twice_is_caught_unless_a_restored_store_made_it_anew() {
    let twice = given()
        .add(begins("a", "x", 1, "n1"))
        .add(begins("a", "x", 1, "n1"));
    broken(AcceptedOnce::default(), &twice, "once more");
    let anew = given()
        .add(begins("a", "x", 1, "n1"))
        .add(What::Restored { commits: 0 })
        .put([put(assigned("a", "x", 1, "n1", 3))])
        .add(begins("a", "x", 1, "n1"));
    holds(AcceptedOnce::default(), &anew);
    broken(
        AcceptedOnce::default(),
        &anew.add(begins("a", "x", 1, "n1")),
        "once more",
    );
    let kept = given()
        .add(begins("a", "x", 1, "n1"))
        .add(What::Restored { commits: 1 })
        .add(begins("a", "x", 1, "n1"));
    broken(AcceptedOnce::default(), &kept, "once more");
}

#[test]
fn an_attempt_that_begins_after_it_was_given_up_is_caught_unless_copies_may_overlap() {
    let lost = given().put([outcome(AttemptStatus::Lost)]);
    let wait = lost.clone().add(begins("a", "x", 1, "n1"));
    broken(AcceptedOnce::default(), &wait, "although it is Lost");
    let rerun = lost.add(begins_under("a", "x", 1, "n1", OnPartition::Rerun));
    holds(AcceptedOnce::default(), &rerun);
}

#[test]
fn an_attempt_of_a_former_master_is_caught_once_its_definition_cannot_have_kept_it() {
    let later = |seconds| {
        Tale::new()
            .put([
                put(assigned("a", "x", 1, "n1", 1)),
                put(assigned("b", "x", 1, "n1", 2)),
            ])
            .add(begins("b", "x", 1, "n1"))
            .pass(seconds)
            .add(begins("a", "x", 1, "n1"))
    };
    holds(AcceptedOnce::default(), &later(5));
    broken(
        AcceptedOnce::default(),
        &later(20),
        "known of epoch 2 for long",
    );
    let master = given()
        .add(taken("n1", 2))
        .add(began("n1", 2))
        .pass(20)
        .add(begins("a", "x", 1, "n1"));
    broken(
        AcceptedOnce::default(),
        &master,
        "known of epoch 2 for long",
    );
}

#[test]
fn a_node_that_stood_still_or_lives_anew_may_begin_what_it_took_before() {
    let paused = given()
        .add(began("n1", 2))
        .add(What::Paused { node: "n1".into() })
        .pass(60)
        .add(What::Resumed { node: "n1".into() })
        .add(begins("a", "x", 1, "n1"));
    holds(AcceptedOnce::default(), &paused);
    let anew = given()
        .add(began("n1", 2))
        .add(What::Started {
            node: "n1".into(),
            incarnation: Incarnation(1),
        })
        .pass(60)
        .add(begins("a", "x", 1, "n1"));
    holds(AcceptedOnce::default(), &anew);
}

#[test]
fn an_outcome_that_changes_is_caught() {
    for status in [
        AttemptStatus::Lost,
        AttemptStatus::Failed,
        AttemptStatus::Running,
    ] {
        let tale = given()
            .put([outcome(AttemptStatus::Lost)])
            .put([outcome(status)]);
        broken(AcceptedOnce::default(), &tale, "was Lost, and is");
    }
    let over = Tale::new()
        .put([put(visit("a", "x", None, VisitStatus::Failed))])
        .put([put(visit("a", "x", None, VisitStatus::Succeeded))]);
    broken(
        AcceptedOnce::default(),
        &over,
        "was Failed, and is Succeeded",
    );
    let moved = given().put([put(assigned("a", "x", 1, "n2", 1))]);
    broken(AcceptedOnce::default(), &moved, "went from n1 to n2");
}

#[test]
fn an_outcome_that_did_not_happen_is_caught() {
    let wrong = [
        (TaskFate::Failed, AttemptStatus::Succeeded),
        (TaskFate::Succeeded, AttemptStatus::Failed),
        (TaskFate::Succeeded, AttemptStatus::Killed),
        (TaskFate::NodeDied, AttemptStatus::Failed),
    ];
    for (fate, status) in wrong {
        let tale = given()
            .add(begins("a", "x", 1, "n1"))
            .add(ends("a", "x", 1, "n1", fate))
            .put([outcome(status)]);
        broken(AcceptedOnce::default(), &tale, "what happened to it");
    }
    let early = given()
        .add(begins("a", "x", 1, "n1"))
        .put([outcome(AttemptStatus::Failed)]);
    broken(AcceptedOnce::default(), &early, "what happened to it is []");
    let never = given().put([outcome(AttemptStatus::Running)]);
    broken(AcceptedOnce::default(), &never, "calls a#1/x.1.1 Running");
    let unprepared = given().put([outcome(AttemptStatus::Failed)]);
    holds(AcceptedOnce::default(), &unprepared);
}

#[test]
fn an_end_that_counts_twice_is_caught() {
    let counting = |failures, attempt| Visit {
        failures,
        attempt,
        ..visit("a", "x", None, VisitStatus::Pending)
    };
    let tale = |failures| {
        Tale::new()
            .put([put(counting(0, 1)), put(assigned("a", "x", 1, "n1", 1))])
            .add(begins("a", "x", 1, "n1"))
            .add(ends("a", "x", 1, "n1", TaskFate::Failed))
            .put([outcome(AttemptStatus::Failed), put(counting(failures, 1))])
    };
    holds(AcceptedOnce::default(), &tale(1));
    broken(
        AcceptedOnce::default(),
        &tale(2),
        "2 failures and losses more while 1 tries",
    );
    let again = tale(1).put([put(counting(2, 1))]);
    broken(AcceptedOnce::default(), &again, "while 0 tries ended");
}

#[test]
fn a_step_that_succeeds_without_a_try_that_did_is_caught() {
    let done = Visit {
        attempt: 1,
        ..visit("a", "x", None, VisitStatus::Succeeded)
    };
    let tale = given().put([put(done)]);
    broken(
        AcceptedOnce::default(),
        &tale,
        "its latest try is Some(Assigned)",
    );
}
