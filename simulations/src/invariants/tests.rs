//! All invariants together, on one history.

use peerflow_model::{AttemptStatus, Change, InstanceStatus, Visit, VisitStatus};

use super::testing::{
    Tale, acknowledged, asked, assigned, attempt_in, began, begins, ends, instance, instance_in,
    put, put_workflow, register, taken, trigger, visit, with_end,
};
use super::*;
use crate::history::TaskFate;

fn all() -> Invariants {
    Invariants::new(Terms {
        began_at: Timestamp::UNIX_EPOCH,
        clock_error: Duration::from_secs(1),
    })
}

fn y(status: VisitStatus) -> Change {
    put(Visit {
        attempt: 1,
        ..visit("a", "y", Some("f"), status)
    })
}

fn try_of_y(status: AttemptStatus) -> Change {
    put(attempt_in(assigned("a", "y", 1, "n1", 1), status))
}

/// A client registers a workflow and triggers it; it runs until a step fails, which leads to the kill step.
fn story() -> Tale {
    let is = |step, from, status| put(visit("a", step, from, status));
    Tale::new()
        .add(taken("n1", 1))
        .add(began("n1", 1))
        .add(asked(1, register("w")))
        .put([put_workflow("w", 1)])
        .add(acknowledged(1, None))
        .add(asked(2, trigger("w", None)))
        .put([
            put(instance("a")),
            is("s", None, VisitStatus::Succeeded),
            is("f", Some("s"), VisitStatus::Succeeded),
            is("x", Some("f"), VisitStatus::Pending),
            y(VisitStatus::Running),
            try_of_y(AttemptStatus::Assigned),
        ])
        .add(acknowledged(2, Some("a")))
        .add(begins("a", "y", 1, "n1"))
        .add(ends("a", "y", 1, "n1", TaskFate::Failed))
        .put([
            try_of_y(AttemptStatus::Failed),
            y(VisitStatus::Failed),
            is("k", Some("y"), VisitStatus::Succeeded),
            is("x", Some("f"), VisitStatus::Killed),
            put(instance_in("a", InstanceStatus::Killed)),
        ])
}

#[test]
fn a_good_history_passes_all_invariants_however_it_is_cut() {
    let tale = story();
    let mut judge = all();
    for entry in tale.entries() {
        assert_eq!(judge.see(std::slice::from_ref(entry)), Ok(()));
    }
    with_end(&tale, |end| assert_eq!(judge.end(&end), Ok(())));
    assert_eq!(judge.stored().commits(), 3);
}

#[test]
fn a_violation_names_the_invariant_and_the_entry_that_broke_it() {
    let tale = story().add(begins("a", "y", 1, "n1"));
    let violation = all().see(tale.entries()).unwrap_err();
    assert_eq!(violation.invariant, "accepted_once");
    assert_eq!(violation.entry, tale.entries().len() - 1);
    assert_eq!(violation.at, tale.now());
    let stale = story().commit("n2", 2, []);
    assert_eq!(all().see(stale.entries()).unwrap_err().invariant, "fencing");
}

#[test]
fn a_restored_store_holds_what_the_first_batches_say() {
    let mut judge = all();
    let tale = story().add(What::Restored { commits: 2 });
    assert_eq!(judge.see(tale.entries()), Ok(()));
    let stored = judge.stored();
    assert_eq!(stored.commits(), 2);
    let statuses: Vec<InstanceStatus> = stored.runs().map(|run| run.status).collect();
    assert_eq!(statuses, [InstanceStatus::Running]);
    assert_eq!(stored.running(&"w".into()), 1);
    let again = Tale::new().add(What::Restored { commits: 0 });
    assert_eq!(judge.see(again.entries()), Ok(()));
    assert!(!judge.stored().has_instance(&"a".into()));
}
