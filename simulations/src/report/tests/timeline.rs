//! Spans from entries.

use std::collections::BTreeMap;

use peerflow_model::{Epoch, Fate, InstanceStatus, VisitStatus};

use super::records::{
    at, attempt, clock, committed, entry, instance, ledger, node, started, task_ended,
    task_started, visit, visit_id,
};
use super::sample::{night, nodes};
use crate::history::{Entry, TaskFate, What};
use crate::report::pack::pack;
use crate::report::timeline::{LifeEnd, Timeline};

fn timeline(entries: &[Entry]) -> Timeline {
    Timeline::of(entries, &[node("n1")], &clock())
}

#[test]
fn no_two_tasks_of_a_row_overlap_and_no_row_is_wasted() {
    let timeline = Timeline::of(&night(), &nodes(), &clock());
    assert!(timeline.bars().count() > 300);
    for lane in &timeline.lanes {
        let mut rows: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for bar in &lane.bars {
            let span = (bar.span.from, bar.span.until(timeline.end));
            rows.entry(bar.row).or_default().push(span);
        }
        for spans in rows.values_mut() {
            spans.sort();
            assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        }
        assert_eq!(rows.len(), lane.rows);
        let together = |bar: &crate::report::Bar| {
            let runs = |other: &&crate::report::Bar| {
                other.span.from <= bar.span.from && bar.span.from < other.span.until(timeline.end)
            };
            lane.bars.iter().filter(runs).count()
        };
        assert_eq!(lane.bars.iter().map(together).max(), Some(lane.rows));
    }
}

#[test]
fn what_begins_and_ends_in_one_quantum_still_has_a_row_of_its_own() {
    let (rows, count) = pack(&[(at(5), at(5)), (at(5), at(5)), (at(6), at(9))]);
    assert_ne!(rows[0], rows[1]);
    assert_eq!(count, 2);
}

#[test]
fn a_node_that_dies_is_neither_master_nor_standing_still_any_more() {
    let (n1, epoch) = (node("n1"), Epoch(3));
    let timeline = timeline(&[
        entry(0, started("n1", 1)),
        entry(
            10,
            What::MasterBegan {
                node: n1.clone(),
                epoch,
            },
        ),
        entry(20, What::Paused { node: n1.clone() }),
        entry(30, What::Crashed { node: n1.clone() }),
        entry(50, started("n1", 2)),
        entry(90, What::Stopped { node: n1 }),
    ]);
    let lane = &timeline.lanes[0];
    assert_eq!(lane.masterships[0].span.to, Some(at(30)));
    assert_eq!(lane.pauses[0].to, Some(at(30)));
    let ends: Vec<_> = lane
        .lives
        .iter()
        .map(|life| (life.span.to, life.end))
        .collect();
    let wanted = [
        (Some(at(30)), Some(LifeEnd::Crashed)),
        (Some(at(90)), Some(LifeEnd::Stopped)),
    ];
    assert_eq!(ends, wanted);
}

#[test]
fn a_task_bears_the_workflow_of_its_instance_and_its_fate() {
    let (first, second) = (attempt("a", "load", 1), attempt("b", "load", 1));
    let timeline = timeline(&[
        entry(0, started("n1", 1)),
        entry(
            1,
            committed("n1", vec![instance("a", "orders", InstanceStatus::Running)]),
        ),
        entry(2, task_started("n1", &first)),
        entry(3, task_started("n1", &second)),
        entry(9, task_ended("n1", &first, TaskFate::GrantOver)),
    ]);
    let bars = &timeline.lanes[0].bars;
    assert_eq!(
        bars[0].workflow.as_ref().map(|name| name.as_str()),
        Some("orders")
    );
    assert_eq!(
        (bars[0].fate, bars[0].span.to),
        (Some(TaskFate::GrantOver), Some(at(9)))
    );
    assert_eq!(
        (&bars[1].workflow, bars[1].fate, bars[1].span.to),
        (&None, None, None)
    );
}

#[test]
fn what_a_restoration_took_away_does_not_count_at_the_end() {
    let ran = |id: &str| Fate::Ran {
        instance: id.into(),
    };
    let timeline = timeline(&[
        entry(
            1,
            committed(
                "n1",
                vec![
                    instance("a", "w", InstanceStatus::Running),
                    ledger("w", 0, ran("a")),
                ],
            ),
        ),
        entry(
            2,
            committed("n1", vec![instance("a", "w", InstanceStatus::Succeeded)]),
        ),
        entry(
            3,
            committed(
                "n1",
                vec![
                    instance("b", "w", InstanceStatus::Running),
                    ledger("w", 3, ran("b")),
                ],
            ),
        ),
        entry(4, What::Restored { commits: 1 }),
        entry(
            6,
            committed("n1", vec![instance("c", "w", InstanceStatus::Running)]),
        ),
        entry(7, What::Restored { commits: 2 }),
        entry(
            8,
            committed("n1", vec![instance("a", "w", InstanceStatus::Failed)]),
        ),
    ]);
    let told = |id: &str| {
        let instance = timeline
            .instances
            .iter()
            .find(|one| one.id.instance.as_str() == id);
        instance.map(|one| (one.status, one.ended, one.forgotten))
    };
    assert_eq!(
        told("a"),
        Some((InstanceStatus::Failed, Some(at(8)), false))
    );
    assert_eq!(told("b"), Some((InstanceStatus::Running, None, true)));
    assert_eq!(told("c"), Some((InstanceStatus::Running, None, false)));
    assert_eq!(timeline.times.len(), 1);
}

#[test]
fn a_visit_waits_from_when_it_is_told_so_until_it_runs() {
    let id = visit_id("a", "load");
    let waits = |message| committed("n1", vec![visit(&id, VisitStatus::Pending, message)]);
    let timeline = timeline(&[
        entry(5, waits("waits for a free slot")),
        entry(6, waits("waits for a free slot")),
        entry(8, waits("waits for node n2, which is dead")),
        entry(
            9,
            committed("n1", vec![visit(&id, VisitStatus::Running, "")]),
        ),
    ]);
    let waits: Vec<_> = timeline
        .waits
        .iter()
        .map(|wait| (wait.span.from, wait.span.to, wait.for_slot))
        .collect();
    assert_eq!(
        waits,
        [(at(5), Some(at(8)), true), (at(8), Some(at(9)), false)]
    );
}
