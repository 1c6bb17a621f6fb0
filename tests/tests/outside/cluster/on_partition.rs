//! What `on-partition` says of tasks whose node is gone.

use std::time::Duration;

use peerflow_tests::{Cluster, eventually, within};
use serde_json::json;

use super::{all_succeed, ended, waiting};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn tasks_of_a_killed_node_begin_again_as_soon_as_it_is_back() {
    let mut cluster = Cluster::builder().slots(8).start();
    let ids = waiting::begin(&cluster, "wait");
    let worker = (cluster.agreed_master() + 1) % 3;
    let (own, others) = waiting::by_node(&cluster, &ids, worker);
    cluster.kill(worker);
    waiting::all_die(&own, Duration::from_secs(5));
    let event = waiting::uptime();
    cluster.start_again(worker);
    eprintln!(
        "it was back {:.2} s after its start",
        waiting::uptime() - event
    );
    // Its lease of 60 s plays no part.
    waiting::begun_again(&cluster, &own, Duration::from_secs(15));
    waiting::assert_killed_before_begun_again(&cluster, &own, event);
    waiting::assert_all_alive(&others);
    waiting::open(&cluster, "gate");
    let instances = all_succeed(cluster.api(worker), &ids, LONG);
    cluster.task_log().check(&instances);
}

#[test]
fn tasks_that_may_overlap_begin_elsewhere_as_soon_as_their_node_is_called_dead() {
    let mut cluster = Cluster::builder().slots(8).start();
    let ids = waiting::begin(&cluster, "rerun");
    let worker = (cluster.agreed_master() + 1) % 3;
    let (own, others) = waiting::by_node(&cluster, &ids, worker);
    let event = waiting::uptime();
    cluster.kill(worker);
    // Its lease of 60 s plays no part.
    waiting::begun_again(&cluster, &own, Duration::from_secs(20));
    waiting::assert_killed_before_begun_again(&cluster, &own, event);
    waiting::assert_all_alive(&others);
    waiting::open(&cluster, "gate");
    let instances = all_succeed(cluster.api(cluster.awake()[0]), &ids, LONG);
    cluster.task_log().check(&instances);
}

#[test]
fn tasks_that_are_held_wait_for_an_operator_however_long_their_node_is_gone() {
    let lease = Duration::from_secs(3);
    let mut cluster = Cluster::builder().slots(8).lease(lease).start();
    let ids = waiting::begin(&cluster, "hold");
    let master = cluster.agreed_master();
    let (own, others) = waiting::by_node(&cluster, &ids, (master + 1) % 3);
    cluster.kill((master + 1) % 3);
    let api = cluster.api(master);
    for (id, _) in &own {
        eventually("it is shown that it waits for an operator", LONG, || {
            let instance = api.try_instance(id)?;
            let message = instance["steps"][1]["message"].as_str()?.to_owned();
            message.contains("operator").then_some(())
        });
    }
    // Long after every grant is over.
    let again = || {
        own.iter()
            .find(|(id, _)| waiting::latest(&cluster, id).is_some_and(|last| last.number > 1))
    };
    assert_eq!(within(lease * 3, again), None, "nothing runs by itself");
    let ((first, _), rest) = own.split_first().expect("it had tasks");
    for (id, _) in &own {
        let word = json!({"step": "a", "run_again": id != first});
        let answer = api.post(&format!("/api/v1/instances/{id}/release"), &word);
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    waiting::begun_again(&cluster, rest, LONG);
    waiting::assert_all_alive(&others);
    waiting::open(&cluster, "gate");
    assert_eq!(ended(api, first, LONG)["status"], "failed");
    let ids: Vec<String> = ids.into_iter().filter(|id| id != first).collect();
    let instances = all_succeed(api, &ids, LONG);
    // The one that was given up has an end as well.
    let given_up = api.try_instance(first).expect("it is there");
    cluster
        .task_log()
        .check(&[instances, vec![given_up]].concat());
}
