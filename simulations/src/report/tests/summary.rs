//! What a run comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use peerflow_model::{Epoch, Fate, InstanceStatus, VisitStatus};

use super::records::{
    at, attempt, clock, committed, entry, instance, ledger, node, started, task_ended,
    task_started, visit,
};
use super::sample::{night, nodes, slots};
use crate::history::{Entry, TaskFate, What};
use crate::report::summary::Summary;
use crate::report::timeline::Timeline;
use crate::report::words::{brief, counted};

fn summary(entries: &[Entry]) -> Summary {
    let nodes = [node("n1"), node("n2")];
    let slots = BTreeMap::from([(node("n1"), 1), (node("n2"), 1)]);
    Summary::of(&Timeline::of(entries, &nodes, &clock()).with_slots(slots))
}

fn runs(id: &str, from: u64, to: u64, status: InstanceStatus) -> [Entry; 2] {
    let put = |status| committed("n1", vec![instance(id, "orders", status)]);
    [
        entry(from, put(InstanceStatus::Running)),
        entry(to, put(status)),
    ]
}

#[test]
fn durations_are_told_by_the_middle_and_the_worst_run() {
    let mut entries = Vec::new();
    entries.extend(runs("a", 0, 10, InstanceStatus::Succeeded));
    entries.extend(runs("b", 10, 310, InstanceStatus::Failed));
    entries.extend(runs("c", 310, 330, InstanceStatus::Succeeded));
    let summary = summary(&entries);
    let row = &summary.workflows[0];
    assert_eq!(row.median, Some(Duration::from_millis(20)));
    let worst = row
        .worst
        .as_ref()
        .map(|(took, run)| (took.as_millis(), run.instance.as_str()));
    assert_eq!(worst, Some((300, "b")));
    let text = summary.to_string();
    assert!(
        text.contains("3 instances: 2 succeeded, 1 failed."),
        "{text}"
    );
}

#[test]
fn a_death_tells_what_it_delayed() {
    let (lost, gone) = (attempt("a", "load", 1), attempt("b", "load", 1));
    let again = attempt("a", "load", 2);
    let (n1, n2) = (node("n1"), node("n2"));
    let summary = summary(&[
        entry(0, started("n1", 1)),
        entry(0, started("n2", 1)),
        entry(
            1,
            What::MasterBegan {
                node: n1.clone(),
                epoch: Epoch(1),
            },
        ),
        entry(100, task_started("n1", &lost)),
        entry(150, task_started("n1", &gone)),
        entry(400, What::Crashed { node: n1 }),
        entry(400, task_ended("n1", &lost, TaskFate::NodeDied)),
        entry(400, task_ended("n1", &gone, TaskFate::NodeDied)),
        entry(
            2_400,
            What::MasterBegan {
                node: n2,
                epoch: Epoch(2),
            },
        ),
        entry(60_400, task_started("n2", &again)),
        entry(70_000, started("n1", 2)),
    ]);
    let sentence = summary.deaths[0].sentence();
    assert_eq!(
        sentence,
        "n1 died; it was master, and n2 followed 2s later; it was back after 1m 10s. 2 tasks lost, 550ms of work; \
         one ran again after 1m, 1 did not."
    );
}

#[test]
fn times_in_which_steps_waited_are_put_together() {
    let waits = |id: &str| {
        let visit_id = attempt(id, "load", 1).visit;
        visit(&visit_id, VisitStatus::Pending, "waits for a free slot")
    };
    let goes = |id: &str| visit(&attempt(id, "load", 1).visit, VisitStatus::Running, "");
    let summary = summary(&[
        entry(0, started("n1", 1)),
        entry(
            0,
            committed("n1", vec![instance("a", "orders", InstanceStatus::Running)]),
        ),
        entry(10, task_started("n1", &attempt("x", "load", 1))),
        entry(20, committed("n1", vec![waits("a"), waits("b")])),
        entry(30, committed("n1", vec![goes("a"), waits("c")])),
        entry(40, committed("n1", vec![goes("b"), goes("c")])),
        entry(50, committed("n1", vec![waits("d")])),
        entry(55, committed("n1", vec![goes("d")])),
        entry(
            60,
            task_ended("n1", &attempt("x", "load", 1), TaskFate::Succeeded),
        ),
    ]);
    let pressure = &summary.pressure;
    assert_eq!((pressure.waited, pressure.shortage_count), (4, 2));
    let longest = &pressure.shortages[0];
    assert_eq!(
        (longest.from, longest.to, longest.waiting),
        (at(20), at(40), 2)
    );
    assert_eq!(
        longest.workflow.as_ref().map(|name| name.as_str()),
        Some("orders")
    );
    // Only the living node counts, and its one slot was taken for 50 ms.
    assert_eq!(pressure.all_taken, Some(Duration::from_millis(50)));
}

#[test]
fn scheduled_times_are_told_with_how_late_and_why_not() {
    let put = |rows| committed("n1", rows);
    let reason = "no master was up".to_owned();
    let summary = summary(&[
        entry(1_000, put(vec![ledger("orders", 0, Fate::Held)])),
        entry(
            5_000,
            put(vec![ledger(
                "orders",
                0,
                Fate::Ran {
                    instance: "a".into(),
                },
            )]),
        ),
        entry(
            9_000,
            put(vec![ledger(
                "orders",
                10_000,
                Fate::Ran {
                    instance: "b".into(),
                },
            )]),
        ),
        entry(
            30_000,
            put(vec![ledger("orders", 20_000, Fate::Missed { reason })]),
        ),
    ]);
    let row = &summary.cron[0];
    assert_eq!((row.fired, row.missed, row.skipped, row.held), (2, 1, 0, 0));
    assert_eq!(row.worst_late, Some(SignedDuration::from_secs(5)));
    assert_eq!(row.median_late, Some(SignedDuration::from_secs(-1)));
    let text = summary.to_string();
    assert!(
        text.contains("-1s") && text.contains("1 × no master was up"),
        "{text}"
    );
}

#[test]
fn a_whole_night_reads_well() {
    let timeline = Timeline::of(&night(), &nodes(), &clock()).with_slots(slots());
    let text = Summary::of(&timeline).to_string();
    for wanted in [
        "5 nodes for 20m",
        "n2 died; it was master, and n4 followed 2.3s later",
        "the grant of 北京-05 was over",
        "forgotten when the store went back",
        "waited for a slot",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
    }
}

#[test]
fn an_empty_history_has_a_summary() {
    let text = Summary::of(&Timeline::of(&[], &[], &clock())).to_string();
    assert!(
        text.contains("0 nodes for 0ms, 0 tasks.") && text.contains("None was made."),
        "{text}"
    );
}

#[test]
fn durations_are_written_in_two_units_without_sixty_of_one() {
    let written = |ms: u64| brief(Duration::from_millis(ms));
    assert_eq!(written(999), "999ms");
    assert_eq!(written(4_240), "4.2s");
    assert_eq!(written(59_970), "1m");
    assert_eq!(written(3_599_600), "1h");
    assert_eq!(written(7_800_000), "2h 10m");
    assert_eq!(written(90_000_000), "1d 1h");
    assert_eq!(counted(1, "task"), "1 task");
    assert_eq!(counted(1_234_567, "task"), "1,234,567 tasks");
}
