//! A node that is not master dies with its tasks.

use std::time::Duration;

use peerflow_tests::{Cluster, eventually, is_alive};

use super::{all_succeed, run_until_all_busy, single};

/// Three nodes of which each runs a task that waits for the gate. Gives one that is not master.
fn with_waiting_tasks(cluster: &Cluster) -> (Vec<String>, usize) {
    let gate = cluster.folder().join("gate");
    let wait = format!("until [ -e {} ]; do beat; sleep 0.2; done", gate.display());
    let code = cluster.task_log().around(&wait);
    cluster
        .api(0)
        .put_workflow("waiting", &single("waiting", &code));
    let ids = run_until_all_busy(cluster, cluster.api(1), "waiting", 12);
    (ids, (cluster.agreed_master() + 1) % 3)
}

fn open_gate(cluster: &Cluster) {
    std::fs::write(cluster.folder().join("gate"), "").expect("the folder can be written");
}

#[test]
fn tasks_of_a_node_that_was_killed_and_is_back_run_again() {
    let mut cluster = Cluster::builder().slots(4).start();
    let (ids, worker) = with_waiting_tasks(&cluster);
    let name = cluster.id(worker).to_owned();
    let mine = |cluster: &Cluster| -> Vec<(String, i32)> {
        let running = cluster.task_log().running().into_iter();
        running
            .filter(|(id, _)| super::node_of(cluster, id).as_deref() == Some(&name))
            .collect()
    };
    let (killed, others): (Vec<_>, Vec<_>) = cluster
        .task_log()
        .running()
        .into_iter()
        .partition(|each| mine(&cluster).contains(each));
    assert!(!killed.is_empty() && !others.is_empty());
    cluster.kill(worker);
    for (_, pid) in &killed {
        eventually("its tasks die with it", Duration::from_secs(5), || {
            (!is_alive(*pid)).then_some(())
        });
    }
    cluster.start_again(worker);
    for (id, former) in &killed {
        eventually(
            "they run again, long before the lease is over",
            Duration::from_secs(15),
            || {
                let running = cluster.task_log().running();
                let pid = running
                    .iter()
                    .find(|(of, _)| of == id)
                    .map(|(_, pid)| *pid)?;
                (pid != *former).then_some(())
            },
        );
    }
    for (_, pid) in &others {
        assert!(is_alive(*pid), "tasks of other nodes go on");
    }
    open_gate(&cluster);
    let instances = all_succeed(cluster.api(0), &ids, Duration::from_secs(60));
    cluster.task_log().check(&instances);
}

#[test]
fn tasks_of_a_node_that_stays_away_run_elsewhere_once_its_lease_is_over() {
    let mut cluster = Cluster::builder()
        .slots(4)
        .lease(Duration::from_secs(4))
        .start();
    let (ids, worker) = with_waiting_tasks(&cluster);
    cluster.kill(worker);
    open_gate(&cluster);
    let left = cluster.awake();
    let instances = all_succeed(cluster.api(left[0]), &ids, Duration::from_secs(60));
    cluster.task_log().check(&instances);
    let again = instances
        .iter()
        .filter(|each| each["steps"][1]["attempt"].as_u64() > Some(1));
    assert!(again.count() > 0, "{instances:#?}");
}
