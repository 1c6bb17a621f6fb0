//! MEMORY: what a node's processes hold, idle and with much to remember.

use peerflow_tests::{NodeBuilder, StoreKind};

use crate::documents::{scheduled, script};
use crate::idle_tasks::{IdleNode, Place};
use crate::measure::{Series, row};

const WORKFLOWS: usize = 100_000;
const ACTIVE: usize = 10_000;

/// An idle node, then one with many workflows and active instances; the spawner and what it runs included.
pub(crate) fn memory() {
    Place::each(|place| measure(place, "idle", "at most 25"));
    Place::each(|place| {
        let filler = IdleNode::at(place, 8);
        filler.put((0..WORKFLOWS).map(|at| {
            let cron = format!("{} {} 1 1 *", at % 60, at / 60 % 24);
            scheduled(
                &format!("hold{at}"),
                &cron,
                &script("s", "exec sleep 3600", "end"),
            )
        }));
        filler.run((0..ACTIVE).map(|at| format!("hold{at}")));
        filler.stop();
        measure(place, "full", "at most 400");
    });
}

fn measure(place: &Place, name: &str, goal: &str) {
    let store = place
        .database
        .as_ref()
        .map_or(StoreKind::Sqlite, |database| {
            StoreKind::Mysql(database.url())
        });
    let node = NodeBuilder::new(place.folder.path()).store(store).start();
    let values = Series::of(|| proportional_kib(node.pid()) / 1024.0);
    row(
        &format!("MEMORY {name} {}", place.store),
        &values,
        "MiB PSS",
        None,
        goal,
    );
}

/// Proportional set size of a process and its children, in KiB.
fn proportional_kib(pid: i32) -> f64 {
    let own = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            line.strip_prefix("Pss:")?
                .trim()
                .trim_end_matches(" kB")
                .parse::<f64>()
                .ok()
        })
        .unwrap_or(0.0);
    let children =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    own + children
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
        .map(proportional_kib)
        .sum::<f64>()
}
