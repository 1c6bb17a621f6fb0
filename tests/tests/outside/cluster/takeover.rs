//! The master goes: another takes over, and what runs elsewhere does not notice.

use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_tests::{Cluster, SharedStore, is_alive};
use serde_json::Value;

use super::{all_succeed, run_many, run_until_all_busy, single};

/// Three tasks in a row, so that a takeover comes in the midst.
fn chain(cluster: &Cluster) -> String {
    let log = cluster.task_log();
    let action = |name: &str, seconds, to: &str| {
        let onward = format!(r#"<ok to="{to}"/>"#);
        peerflow_tests::TaskLog::action(name, &log.busy_for(seconds), &onward)
    };
    format!(
        r#"<work-flow name="chain" instance-limit="1000"><start name="start" to="a"/>{}{}{}<end name="end"/></work-flow>"#,
        action("a", 1.0, "b"),
        action("b", 3.0, "c"),
        action("c", 0.5, "end"),
    )
}

/// Tasks that run on nodes other than `node` now, by process id.
fn running_elsewhere(cluster: &Cluster, node: &str) -> BTreeMap<i32, String> {
    let elsewhere = cluster
        .task_log()
        .running()
        .into_iter()
        .filter(|(id, pid)| {
            is_alive(*pid) && super::node_of(cluster, id).is_some_and(|of| of != node)
        });
    elsewhere.map(|(id, pid)| (pid, id)).collect()
}

/// No try of any step was lost.
fn assert_none_was_lost(instances: &[Value]) {
    for instance in instances {
        for step in instance["steps"].as_array().expect("steps") {
            assert_eq!(step["losses"], 0, "{step:#}");
        }
    }
}

fn the_master_is_killed(store: SharedStore) {
    let mut cluster = Cluster::builder().store(store).slots(4).start();
    let master = cluster.agreed_master();
    let others: Vec<usize> = (0..3).filter(|at| *at != master).collect();
    let epoch = cluster.view(master).expect("it answers").epoch;
    cluster.api(master).put_workflow("chain", &chain(&cluster));
    let ids = run_until_all_busy(&cluster, cluster.api(others[0]), "chain", 12);

    let gone = cluster.id(master).to_owned();
    let before = running_elsewhere(&cluster, &gone);
    assert!(!before.is_empty(), "tasks run on the other nodes");
    cluster.kill(master);
    let next = cluster.agreed_master();
    let after = cluster.view(next).expect("it answers").epoch;
    assert!(after > epoch, "{after} follows {epoch}");
    cluster.start_again(master);

    let instances = all_succeed(cluster.api(others[1]), &ids, Duration::from_secs(60));
    cluster.task_log().check(&instances);
    for (pid, id) in before {
        let went_on = cluster.task_log().ended_by(&id, pid);
        assert!(went_on, "process {pid} of {id} did not notice the takeover");
    }
    cluster.agreed_master();
}

#[test]
fn a_killed_master_is_followed_by_another_and_tasks_elsewhere_go_on_on_mariadb() {
    the_master_is_killed(SharedStore::MariaDb);
}

#[test]
fn a_killed_master_is_followed_by_another_and_tasks_elsewhere_go_on_on_one_sqlite_file() {
    the_master_is_killed(SharedStore::Sqlite);
}

#[test]
fn a_master_that_is_stopped_hands_over_and_no_task_is_lost() {
    let mut cluster = Cluster::builder().slots(4).start();
    let master = cluster.agreed_master();
    let others: Vec<usize> = (0..3).filter(|at| *at != master).collect();
    cluster.api(master).put_workflow("chain", &chain(&cluster));
    let ids = run_until_all_busy(&cluster, cluster.api(others[0]), "chain", 12);
    // Its own tasks end by themselves while it waits for them; nobody loses one.
    assert_eq!(cluster.stop(master), 0);
    let instances = all_succeed(cluster.api(others[1]), &ids, Duration::from_secs(60));
    cluster.task_log().check(&instances);
    assert_none_was_lost(&instances);
    cluster.agreed_master();
}

#[test]
fn a_paused_master_is_a_peer_again_when_it_wakes_up() {
    let mut cluster = Cluster::builder().slots(4).start();
    let master = cluster.agreed_master();
    cluster.api(master).put_workflow("chain", &chain(&cluster));
    let epoch = cluster.view(master).expect("it answers").epoch;
    cluster.pause(master);
    let next = cluster.agreed_master();
    assert_ne!(next, master);
    let ids = run_many(cluster.api(next), "chain", 4);
    cluster.resume(master);
    assert_eq!(
        cluster.agreed_master(),
        next,
        "it does not take mastership back"
    );
    assert!(cluster.view(master).expect("it answers").epoch > epoch);
    let more = run_many(cluster.api(master), "chain", 2);
    let instances = all_succeed(
        cluster.api(master),
        &[ids, more].concat(),
        Duration::from_secs(60),
    );
    cluster.task_log().check(&instances);
}

#[test]
fn a_cluster_of_which_all_nodes_were_killed_goes_on_where_it_was() {
    let mut cluster = Cluster::builder().slots(4).start();
    let log = cluster.task_log().clone();
    cluster
        .api(0)
        .put_workflow("single", &single("single", &log.busy_for(2.0)));
    let ids = run_until_all_busy(&cluster, cluster.api(1), "single", 12);
    for at in 0..3 {
        cluster.kill(at);
    }
    cluster.start_missing();
    cluster.agreed_master();
    let instances = all_succeed(cluster.api(2), &ids, Duration::from_secs(60));
    log.check(&instances);
}
