//! Nodes that stand still for a while, and do not know it.

use std::time::Duration;

use peerflow_tests::{Cluster, eventually, within};

use super::{all_succeed, run_many, single, waiting};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_master_paused_for_ten_seconds_has_lost_its_place_and_doubles_nothing() {
    let mut cluster = Cluster::builder().slots(8).start();
    let ids = waiting::begin(&cluster, "wait");
    let former = cluster.agreed_master();
    let other = (former + 1) % 3;
    let (own, others) = waiting::by_node(&cluster, &ids, former);
    let quick = single("quick", &cluster.task_log().around("true"));
    cluster.api(other).put_workflow("quick", &quick);
    let epoch = cluster.view(other).expect("it answers").epoch;
    let event = waiting::uptime();
    cluster.pause(former);
    let what = "another is master while the former stands still";
    let next = eventually(what, LONG, || {
        let master = cluster.view(other)?.master?;
        (0..3).find(|at| *at != former && cluster.id(*at) == master)
    });
    eprintln!(
        "another was master after {:.2} s",
        waiting::uptime() - event
    );
    let mut new = run_many(cluster.api(next), "quick", 6);
    let woken = |event: f64| (waiting::uptime() - event >= 10.0).then_some(());
    within(LONG, || woken(event)).expect("time goes on");
    cluster.resume(former);
    // Asked before it can have understood: it passes on, or says that it does not know.
    new.extend((0..10).filter_map(|_| cluster.api(former).try_run("quick")));
    assert_eq!(cluster.agreed_master(), next, "the former is a peer");
    assert!(cluster.view(former).expect("it answers").epoch > epoch);
    // Its own tasks did not notice: the lease of a worker is longer than that.
    waiting::assert_all_alive(&own);
    waiting::assert_all_alive(&others);
    waiting::open(&cluster, "gate");
    new.extend(ids);
    let instances = all_succeed(cluster.api(former), &new, LONG);
    cluster.task_log().check(&instances);
    for instance in &instances {
        assert_eq!(instance["steps"][1]["attempt"], 1, "{instance:#}");
    }
}

#[test]
fn a_grant_from_before_the_lease_was_lowered_is_waited_for_by_the_next_master_too() {
    let mut cluster = Cluster::builder()
        .slots(8)
        .lease(Duration::from_secs(16))
        .start();
    let ids = waiting::begin(&cluster, "wait");
    let former = cluster.agreed_master();
    let (worker, next) = ((former + 1) % 3, (former + 2) % 3);
    let (own, _) = waiting::by_node(&cluster, &ids, worker);
    let event = waiting::uptime();
    cluster.pause(worker);
    let shown = |at: usize| {
        let shown = cluster.api(at).get("/api/v1/cluster/settings").json;
        shown["settings"].clone()
    };
    let before = shown(former);
    let path = "/api/v1/cluster/settings/worker.lease";
    let header = [("content-type", "application/json")];
    let answer = cluster
        .api(former)
        .send("PUT", path, &header, br#"{"value": "1s"}"#);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut expected = before;
    expected["worker.lease"] = "1s".into();
    assert_eq!(shown(next), expected, "nothing but the setting is shown");
    cluster.kill(former);
    let again = waiting::begun_again(&cluster, &own, LONG);
    assert!(again.iter().all(|(_, last)| last.node == cluster.id(next)));
    waiting::assert_killed_before_begun_again(&cluster, &own, event);
    cluster.start_again(former);
    cluster.resume(worker);
    cluster.agreed_master();
    waiting::open(&cluster, "gate");
    let instances = all_succeed(cluster.api(next), &ids, LONG);
    cluster.task_log().check(&instances);
}

#[test]
fn tasks_of_a_node_paused_longer_than_its_lease_are_killed_before_they_begin_elsewhere() {
    let mut cluster = Cluster::builder()
        .slots(8)
        .lease(Duration::from_secs(5))
        .start();
    let ids = waiting::begin(&cluster, "wait");
    let worker = (cluster.agreed_master() + 1) % 3;
    let (own, others) = waiting::by_node(&cluster, &ids, worker);
    let event = waiting::uptime();
    cluster.pause(worker);
    // By their spawner: the node itself cannot.
    waiting::all_die(&own, Duration::from_secs(20));
    eprintln!("they were dead after {:.2} s", waiting::uptime() - event);
    waiting::begun_again(&cluster, &own, LONG);
    waiting::assert_killed_before_begun_again(&cluster, &own, event);
    cluster.resume(worker);
    cluster.agreed_master();
    waiting::assert_all_alive(&others);
    waiting::open(&cluster, "gate");
    let instances = all_succeed(cluster.api(worker), &ids, LONG);
    cluster.task_log().check(&instances);
}
