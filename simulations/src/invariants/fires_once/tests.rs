//! Times that fire twice, without a row, or not at all.

use std::time::Duration;

use peerflow_model::{CoordinatorKey, CoordinatorKind, LedgerGap};

use super::*;
use crate::invariants::testing::{
    Tale, broken, broken_at_end, holds, holds_at_end, instance, put, with_end,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn key() -> CoordinatorKey {
    CoordinatorKey {
        kind: CoordinatorKind::Workflow,
        name: "w".into(),
    }
}

fn row(seconds: i64, fate: Fate) -> Change {
    Change::PutLedger(LedgerRow {
        coordinator: key(),
        workflow: "w".into(),
        instant: at(seconds),
        fate,
        decided_at: at(seconds),
    })
}

fn ran(seconds: i64, id: &str) -> Change {
    row(
        seconds,
        Fate::Ran {
            instance: id.into(),
        },
    )
}

fn skipped(seconds: i64) -> Change {
    let reason = "later".to_owned();
    row(seconds, Fate::Skipped { reason })
}

fn fired(seconds: i64, id: &str) -> Change {
    put(Instance {
        trigger: TriggerKind::Cron,
        logical_time: at(seconds),
        coordinator: Some(key()),
        ..instance(id)
    })
}

fn considered(seconds: i64) -> Change {
    Change::PutCoordinatorState(CoordinatorState {
        key: key(),
        enabled: None,
        considered_until: Some(at(seconds)),
        held_time: None,
        fired_at: None,
        ready: BTreeMap::new(),
    })
}

fn fires_once() -> FiresOnce {
    FiresOnce::new(Terms {
        began_at: at(0),
        clock_error: Duration::from_secs(2),
    })
}

#[test]
fn a_time_that_is_held_then_fires_and_times_that_follow_are_fine() {
    let tale = Tale::new()
        .put([considered(1), row(1, Fate::Held)])
        .put([ran(1, "a"), fired(1, "a")])
        .put([row(2, Fate::Held), skipped(2), considered(2)])
        .put([fired(3, "b"), ran(3, "b"), considered(3)]);
    holds(fires_once(), &tale);
}

#[test]
fn a_fate_that_changes_is_caught() {
    let again = Tale::new()
        .put([ran(1, "a"), fired(1, "a")])
        .put([skipped(1)]);
    broken(fires_once(), &again, "was Ran");
    let twice = Tale::new()
        .put([skipped(1)])
        .put([ran(1, "a"), fired(1, "a")]);
    broken(fires_once(), &twice, "was Skipped");
    let at_once = Tale::new().put([skipped(1), ran(1, "a"), fired(1, "a")]);
    broken(fires_once(), &at_once, "was Skipped");
}

#[test]
fn a_row_without_its_instance_and_an_instance_without_its_row_in_one_batch_are_caught() {
    let before = Tale::new().put([ran(1, "a")]);
    broken(fires_once(), &before, "is not of the same batch");
    let after = Tale::new().put([fired(1, "a")]);
    broken(fires_once(), &after, "its row of that batch is None");
    let other = Tale::new().put([fired(1, "a"), row(1, Fate::Held)]);
    broken(fires_once(), &other, "is Some(Held)");
}

#[test]
fn a_time_that_makes_two_instances_is_caught() {
    let tale = Tale::new().put([ran(1, "a"), fired(1, "a"), fired(1, "b")]);
    broken(fires_once(), &tale, "made a and b");
}

#[test]
fn a_rerun_of_a_time_that_fired_is_fine() {
    let Change::PutInstance(mut second) = fired(1, "a") else {
        panic!("an instance");
    };
    second.id.run = 2;
    let tale = Tale::new()
        .put([ran(1, "a"), fired(1, "a")])
        .put([put(second)]);
    holds(fires_once(), &tale);
}

#[test]
fn a_coordinator_that_considers_times_again_is_caught() {
    let tale = Tale::new().put([considered(5)]).put([considered(4)]);
    broken(fires_once(), &tale, "had considered all times");
    let anew = Tale::new()
        .put([considered(5)])
        .put([Change::DeleteCoordinatorState(key())])
        .put([considered(4)]);
    holds(fires_once(), &anew);
}

#[test]
fn a_time_that_ran_before_the_store_went_back_may_not_run_again() {
    let back = |instant| {
        Tale::new()
            .put([ran(instant, "a"), fired(instant, "a")])
            .pass(10)
            .add(What::Restored { commits: 0 })
    };
    let again = back(1).put([ran(1, "b"), fired(1, "b")]);
    broken(fires_once(), &again, "ran before the store went back");
    let reason = "store restored".to_owned();
    holds(
        fires_once(),
        &back(1).put([row(1, Fate::Missed { reason })]),
    );
    // A clock that was ahead fired what other clocks had not come to.
    holds(fires_once(), &back(12).put([ran(12, "b"), fired(12, "b")]));
}

#[test]
fn an_expected_time_without_a_fate_is_caught() {
    let expected = [ExpectedTimes {
        coordinator: key(),
        workflow: "w".into(),
        instants: (1..=6).map(at).collect(),
    }];
    let gap = |to| {
        Change::PutLedgerGap(LedgerGap {
            coordinator: key(),
            from: at(4),
            to: at(to),
            count: 1,
            fate: "missed".to_owned(),
            decided_at: at(9),
        })
    };
    let judge = |to, why: Option<&str>| {
        let tale = Tale::new()
            .put([considered(2)])
            .put([ran(3, "a"), fired(3, "a"), gap(to)]);
        with_end(&tale, |end| {
            let end = End {
                expected: &expected,
                ..end
            };
            match why {
                Some(why) => broken_at_end(fires_once(), &tale, &end, why),
                None => holds_at_end(fires_once(), &tale, &end),
            }
        });
    };
    judge(6, None);
    judge(
        5,
        Some("1970-01-01T00:00:06Z of w by workflow w has no fate"),
    );
}
