//! CONTROL: tasks through engine, store and dispatch, with a runner that does nothing.

use crate::documents::{action, wide};
use crate::idle_tasks::{IdleNode, Place};
use crate::measure::{RUNS, Series, Stopwatch, per_second, row};

/// Tasks of one run, and of one instance.
const TASKS: usize = 10_000;
const WIDTH: usize = 20;
/// Slots that are free for the tasks that are measured.
const FREE_SLOTS: usize = 1000;
/// A task's rows in the store: visit and attempt, each as it is given to a node and as it ends.
const ROWS_A_TASK: f64 = 4.0;

/// Tasks a second, everything durable; the same beside 100 and 100,000 tasks that run meanwhile.
pub(crate) fn control() {
    for (active, held_width) in [(100, 100), (100_000, 1000)] {
        Place::each(|place| {
            let node = IdleNode::at(place, active + FREE_SLOTS);
            node.put([
                wide("many", WIDTH, action),
                wide("hold", held_width, action),
            ]);
            node.run(std::iter::repeat_n("hold".to_owned(), active / held_width));
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            node.until("the held tasks run", active as f64, |node| {
                node.meter("peerflow_slots_used")
            });
            let mut floor = node.runtime.block_on(place.raw_rows());
            run_once(&node);
            let (figures, floors): (Vec<f64>, Vec<f64>) = (0..RUNS)
                .map(|_| {
                    let figure = per_second(TASKS, run_once(&node));
                    (figure, node.runtime.block_on(floor.rate()) / ROWS_A_TASK)
                })
                .unzip();
            let goal = if place.store == "SQLite" {
                "at least 10000, the same beside 100000"
            } else {
                "at least 5000, the same beside 100000"
            };
            row(
                &format!("CONTROL {}, {active} active", place.store),
                &Series::from_values(figures),
                "tasks/s",
                Some(("4 raw rows a task", &Series::from_values(floors))),
                goal,
            );
            node.stop();
        });
    }
}

/// Seconds from the first request to the durable end of the last instance.
fn run_once(node: &IdleNode) -> f64 {
    let instances = TASKS / WIDTH;
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let all = node.ended() + instances as f64;
    let watch = Stopwatch::start();
    node.run(std::iter::repeat_n("many".to_owned(), instances));
    node.until("the instances end", all, IdleNode::ended);
    watch.seconds()
}
