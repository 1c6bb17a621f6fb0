//! Tasks that run until a test opens their gate, and what became of them.

use std::time::Duration;

use peerflow_tests::{Cluster, TaskTry, eventually, is_alive};

use super::{run_until_all_busy, single};

/// An instance and a try of its only step.
pub(super) type Held = (String, TaskTry);

/// A workflow of one task that runs until the gate is open, says so ten times a second, and does not heed SIGTERM.
pub(super) fn workflow(cluster: &Cluster, name: &str, policy: &str, gate: &str) -> String {
    let gate = cluster.folder().join(gate);
    let work = format!(
        "trap '' TERM\nuntil [ -e {} ]; do beat; sleep 0.1; done",
        gate.display()
    );
    let plain = single(name, &cluster.task_log().around(&work));
    let with_policy = format!(r#"<action name="a" on-partition="{policy}">"#);
    plain.replace(r#"<action name="a">"#, &with_policy)
}

/// Begins tasks that wait for `gate` on every node, two on most.
pub(super) fn begin(cluster: &Cluster, policy: &str) -> Vec<String> {
    let name = format!("until-the-gate-opens-{policy}");
    let document = workflow(cluster, &name, policy, "gate");
    cluster.api(0).put_workflow(&name, &document);
    let ids = run_until_all_busy(cluster, cluster.api(1), &name, cluster.size() * 2);
    eventually("all of them run", Duration::from_secs(30), || {
        ids.iter()
            .all(|id| latest(cluster, id).is_some())
            .then_some(())
    });
    ids
}

pub(super) fn open(cluster: &Cluster, gate: &str) {
    std::fs::write(cluster.folder().join(gate), "").expect("the folder can be written");
}

/// The latest try of an instance's only step.
pub(super) fn latest(cluster: &Cluster, id: &str) -> Option<TaskTry> {
    cluster.task_log().tries_of(id).pop()
}

/// Which of the instances have their task on a node now, and which elsewhere.
pub(super) fn by_node(cluster: &Cluster, ids: &[String], node: usize) -> (Vec<Held>, Vec<Held>) {
    let tries = ids.iter().map(|id| {
        let last = latest(cluster, id).expect("its task has begun");
        (id.clone(), last)
    });
    let (there, elsewhere): (Vec<Held>, _) =
        tries.partition(|(_, last)| last.node == cluster.id(node));
    assert!(
        !there.is_empty() && !elsewhere.is_empty(),
        "every node is busy"
    );
    (there, elsewhere)
}

/// Waits until the task of each has begun again. Gives the new tries.
pub(super) fn begun_again(cluster: &Cluster, former: &[Held], bound: Duration) -> Vec<Held> {
    let again = former.iter().map(|(id, earlier)| {
        let last = eventually(&format!("the task of {id} begins again"), bound, || {
            latest(cluster, id).filter(|last| last.number > earlier.number)
        });
        (id.clone(), last)
    });
    again.collect()
}

/// Waits until all their processes are gone.
pub(super) fn all_die(tasks: &[Held], bound: Duration) {
    eventually("the tasks die", bound, || {
        tasks
            .iter()
            .all(|(_, each)| !is_alive(each.pid))
            .then_some(())
    });
}

pub(super) fn assert_all_alive(tasks: &[Held]) {
    for (id, each) in tasks {
        assert!(is_alive(each.pid), "the task of {id} goes on: {each:?}");
    }
}

/// Each task wrote its last line before its next try wrote its first. Tells how long that took since `event`.
pub(super) fn assert_killed_before_begun_again(cluster: &Cluster, former: &[Held], event: f64) {
    for (id, _) in former {
        let tries = cluster.task_log().tries_of(id);
        for pair in tries.windows(2) {
            let [earlier, later] = pair else { continue };
            assert!(earlier.last_at <= later.began_at, "{id}: {tries:#?}");
            eprintln!(
                "{id}: on {} until {:.2} s after it, again on {} at {:.2} s",
                earlier.node,
                earlier.last_at - event,
                later.node,
                later.began_at - event
            );
        }
    }
}

/// Seconds since this machine began: the clock by which tasks write.
pub(super) fn uptime() -> f64 {
    let text = std::fs::read_to_string("/proc/uptime").expect("the kernel tells it");
    let first = text.split(' ').next().and_then(|word| word.parse().ok());
    first.expect("seconds")
}
