//! The store of a cluster is away: for less than `worker.lease`, and for longer.

use std::time::Duration;

use peerflow_tests::{Cluster, Server, TaskLog, TaskTry, is_alive, within};

use super::{all_succeed, run_many, waiting};

const LONG: Duration = Duration::from_secs(90);

/// A first step that waits for a gate and is never killed for a lost grant, and a second one.
fn two_steps(cluster: &Cluster) -> String {
    let first = waiting::workflow(cluster, "two", "hold", "first");
    let second = TaskLog::action("b", &cluster.task_log().around("true"), r#"<ok to="end"/>"#);
    let first = first.replace(r#"<ok to="end"/></action>"#, r#"<ok to="b"/></action>"#);
    first.replace(
        r#"<end name="end"/>"#,
        &format!(r#"{second}<end name="end"/>"#),
    )
}

/// How many tries have begun, of whatever.
fn begun(cluster: &Cluster) -> usize {
    let nodes = 0..cluster.size();
    nodes
        .map(|at| cluster.task_log().began_on(cluster.id(at)))
        .sum()
}

fn tries(cluster: &Cluster, ids: &[String]) -> Vec<TaskTry> {
    ids.iter()
        .flat_map(|id| cluster.task_log().tries_of(id))
        .collect()
}

fn is_busy(cluster: &Cluster, ids: &[String]) -> bool {
    ids.iter().all(|id| waiting::latest(cluster, id).is_some())
}

/// Everything that is begun before the store goes.
struct Work {
    waits: Vec<String>,
    held: Vec<String>,
    two: Vec<String>,
}

fn begin(cluster: &Cluster) -> Work {
    cluster.api(0).put_workflow("two", &two_steps(cluster));
    let work = Work {
        waits: waiting::begin(cluster, "wait"),
        held: waiting::begin(cluster, "hold"),
        two: run_many(cluster.api(0), "two", 3),
    };
    let all_run = || is_busy(cluster, &work.two).then_some(());
    within(LONG, all_run).expect("all tasks run");
    work
}

/// Stops the server for so long, and lets the first steps end meanwhile. Nothing new begins.
fn take_the_store_away(cluster: &Cluster, server: &Server, work: &Work, how_long: f64) {
    let before = begun(cluster);
    let event = waiting::uptime();
    server.stop();
    waiting::open(cluster, "first");
    let ended = || {
        let all = tries(cluster, &work.two).iter().all(|each| each.ended);
        all.then_some(())
    };
    within(LONG, ended).expect("running tasks end without the store");
    assert!(
        cluster.api(0).try_run("two").is_none(),
        "nobody acknowledges"
    );
    let back = || (waiting::uptime() - event >= how_long).then_some(());
    within(LONG, back).expect("time goes on");
    assert_eq!(begun(cluster), before, "nothing new began");
}

#[test]
fn a_store_that_is_away_for_less_than_the_lease_stops_nothing_that_runs() {
    let server = Server::start();
    let lease = Duration::from_secs(30);
    let cluster = Cluster::builder()
        .server(&server)
        .slots(12)
        .lease(lease)
        .start();
    let work = begin(&cluster);
    take_the_store_away(&cluster, &server, &work, 10.0);
    let running = tries(&cluster, &[work.waits.clone(), work.held.clone()].concat());
    server.start_again();
    let event = waiting::uptime();
    cluster.agreed_master();
    eprintln!(
        "a master {:.2} s after the store was back",
        waiting::uptime() - event
    );
    let mut instances = all_succeed(cluster.api(0), &work.two, LONG);
    for each in &running {
        assert!(is_alive(each.pid), "it goes on: {each:?}");
    }
    waiting::open(&cluster, "gate");
    let rest = [work.waits, work.held].concat();
    instances.extend(all_succeed(cluster.api(1), &rest, LONG));
    cluster.task_log().check(&instances);
}

#[test]
fn a_store_that_is_away_for_longer_than_the_lease_costs_the_tasks_that_need_one() {
    let server = Server::start();
    let lease = Duration::from_secs(6);
    let cluster = Cluster::builder()
        .server(&server)
        .slots(12)
        .lease(lease)
        .start();
    let work = begin(&cluster);
    let (waits, held) = (tries(&cluster, &work.waits), tries(&cluster, &work.held));
    for at in 0..cluster.size() {
        cluster.task_log().leaving(cluster.id(at));
    }
    let event = waiting::uptime();
    take_the_store_away(&cluster, &server, &work, 15.0);
    for each in &waits {
        assert!(!is_alive(each.pid), "its grant was over: {each:?}");
    }
    for last in work
        .waits
        .iter()
        .filter_map(|id| waiting::latest(&cluster, id))
    {
        eprintln!("killed {:.2} s after the store went", last.last_at - event);
    }
    server.start_again();
    let former: Vec<waiting::Held> = work.waits.iter().cloned().zip(waits).collect();
    let back = waiting::uptime();
    waiting::begun_again(&cluster, &former, LONG);
    waiting::assert_killed_before_begun_again(&cluster, &former, back);
    cluster.agreed_master();
    for at in 0..cluster.size() {
        cluster.task_log().left(cluster.id(at));
    }
    let mut instances = all_succeed(cluster.api(0), &work.two, LONG);
    for instance in &instances {
        assert_eq!(
            instance["steps"][1]["attempt"], 1,
            "its end waited: {instance:#}"
        );
    }
    for each in &held {
        assert!(is_alive(each.pid), "it needs no grant: {each:?}");
    }
    waiting::open(&cluster, "gate");
    let of_held = all_succeed(cluster.api(1), &work.held, LONG);
    for instance in &of_held {
        assert_eq!(instance["steps"][1]["attempt"], 1, "{instance:#}");
    }
    instances.extend(of_held);
    instances.extend(all_succeed(cluster.api(2), &work.waits, LONG));
    cluster.task_log().check(&instances);
}
