//! CLUSTER: THROUGHPUT over three nodes on this machine, against that of one node with as many slots as all three.

use std::time::Duration;

use peerflow_tests::{Api, Cluster, eventually};

use crate::documents::{script, wide};
use crate::floors;
use crate::measure::{RUNS, Series, Stopwatch, per_second, row};

const TASKS: usize = 2000;
const WIDTH: usize = 20;
const NODES: usize = 3;

pub(crate) fn throughput() {
    let slots = u32::try_from(NODES * floors::slots()).expect("few");
    let one = Cluster::builder().nodes(1).slots(slots).start();
    let several = Cluster::builder().nodes(NODES).start();
    for cluster in [&one, &several] {
        let document = wide("many", WIDTH, |name, to| script(name, floors::SCRIPT, to));
        cluster.api(0).put_workflow("many", &document);
        run(cluster, TASKS);
    }
    // In turn, so that what else the machine does disturbs both alike.
    let (alone, together): (Vec<f64>, Vec<f64>) = (0..RUNS)
        .map(|_| (run(&one, TASKS), run(&several, TASKS)))
        .unzip();
    row(
        "CLUSTER, three nodes",
        &Series::from_values(together),
        "tasks/s",
        Some(("one node", &Series::from_values(alone))),
        "at least 0.9",
    );
}

/// Runs so many tasks, asked for at all nodes in turn; tasks a second.
fn run(cluster: &Cluster, tasks: usize) -> f64 {
    let apis: Vec<&Api> = (0..cluster.size()).map(|at| cluster.api(at)).collect();
    let watch = Stopwatch::start();
    let ids: Vec<String> = (0..tasks / WIDTH)
        .map(|at| apis[at % apis.len()].try_run("many").expect("acknowledged"))
        .collect();
    for (at, id) in ids.iter().enumerate() {
        let instance = eventually("the instance ends", Duration::from_secs(300), || {
            let instance = apis[at % apis.len()].try_instance(id)?;
            instance["ended_at"].is_string().then_some(instance)
        });
        assert_eq!(instance["status"], "succeeded", "{instance:#}");
    }
    per_second(tasks, watch.seconds())
}
