//! The database went back to an older state: nothing runs twice unnoticed.

use std::time::Duration;

use peerflow_tests::{Cluster, TaskTry, eventually, is_alive, within};
use serde_json::json;

use super::{all_succeed, run_many, waiting};

const LONG: Duration = Duration::from_secs(60);

/// Instances around a backup, each of one task.
struct Work {
    /// Runs before the backup and after the restoration.
    lasts: (String, TaskTry),
    /// Runs at the backup, is over at the restoration.
    ends: (String, TaskTry),
    /// Begins after the backup, runs at the restoration.
    unknown: (String, TaskTry),
    /// Begins and ends after the backup.
    forgotten: String,
}

fn begin(cluster: &Cluster, name: &str, gate: &str) -> (String, TaskTry) {
    let api = cluster.api(0);
    api.put_workflow(name, &waiting::workflow(cluster, name, "wait", gate));
    let id = run_many(api, name, 1).remove(0);
    let first = eventually("its task runs, and the store knows", LONG, || {
        let instance = api.try_instance(&id)?;
        (instance["steps"][1]["status"] == "running").then_some(())?;
        waiting::latest(cluster, &id)
    });
    (id, first)
}

/// Does all that, with the backup in the midst of it.
fn work_around_a_backup(cluster: &Cluster) -> Work {
    let database = cluster.database().expect("it is on MariaDB");
    let lasts = begin(cluster, "lasts", "last-gate");
    let ends = begin(cluster, "ends", "ends-gate");
    database.back_up(&cluster.folder().join("backup.sql"));
    let unknown = begin(cluster, "unknown", "unknown-gate");
    waiting::open(cluster, "ends-gate");
    waiting::open(cluster, "forgotten-gate");
    let api = cluster.api(1);
    let document = waiting::workflow(cluster, "forgotten", "wait", "forgotten-gate");
    api.put_workflow("forgotten", &document);
    let forgotten = run_many(api, "forgotten", 1).remove(0);
    all_succeed(api, &[ends.0.clone(), forgotten.clone()], LONG);
    Work {
        lasts,
        ends,
        unknown,
        forgotten,
    }
}

/// Waits until the lease was renewed so often since now.
fn renewed(cluster: &Cluster, times: u64) {
    let renewals = || -> u64 {
        let database = cluster.database().expect("it is on MariaDB");
        let told = database.query("SELECT renewals FROM lease");
        told.trim().parse().expect("a number")
    };
    let first = renewals();
    eventually("the lease is renewed", LONG, || {
        (renewals() >= first + times).then_some(())
    });
}

fn restore(cluster: &Cluster) {
    let database = cluster.database().expect("it is on MariaDB");
    database.restore(&cluster.folder().join("backup.sql"));
}

/// An instance is shown as held, by every node.
fn is_held(cluster: &Cluster, id: &str) {
    for at in 0..cluster.size() {
        eventually("it is shown that it waits for an operator", LONG, || {
            let instance = cluster.api(at).try_instance(id)?;
            let message = instance["steps"][1]["message"].as_str()?.to_owned();
            message.contains("operator").then_some(())
        });
    }
}

/// For a while longer than grants hold nothing that is held begins by itself.
fn nothing_begins(cluster: &Cluster, held: &[&str]) {
    let again = || {
        held.iter()
            .find(|id| cluster.task_log().tries_of(id).len() > 1)
    };
    assert_eq!(
        within(Duration::from_secs(8), again),
        None,
        "nothing runs twice"
    );
}

fn release(cluster: &Cluster, id: &str) {
    let word = json!({"step": "a", "run_again": true});
    let answer = cluster
        .api(2)
        .post(&format!("/api/v1/instances/{id}/release"), &word);
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn is_gone(cluster: &Cluster, id: &str) {
    for at in 0..cluster.size() {
        let answer = cluster.api(at).get(&format!("/api/v1/instances/{id}"));
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
}

fn start() -> Cluster {
    let lease = Duration::from_secs(5);
    Cluster::builder().slots(8).lease(lease).start()
}

#[test]
fn a_store_that_goes_back_under_a_running_cluster_lets_nothing_run_twice_unnoticed() {
    let cluster = start();
    let work = work_around_a_backup(&cluster);
    // A store that goes back by less is noticed by the next commit only.
    renewed(&cluster, 2);
    let epoch = cluster.view(0).expect("it answers").epoch;
    let event = waiting::uptime();
    restore(&cluster);
    eventually("a new epoch begins", LONG, || {
        (cluster.view(0)?.epoch > epoch).then_some(())
    });
    eprintln!("noticed within {:.2} s", waiting::uptime() - event);
    cluster.agreed_master();
    // The store says that it runs, and nobody runs it: it may have run to its end.
    is_held(&cluster, &work.ends.0);
    waiting::all_die(std::slice::from_ref(&work.unknown), LONG);
    is_gone(&cluster, &work.unknown.0);
    is_gone(&cluster, &work.forgotten);
    nothing_begins(&cluster, &[&work.ends.0]);
    let (id, first) = &work.lasts;
    assert!(is_alive(first.pid), "{id} is known and goes on");
    release(&cluster, &work.ends.0);
    all_succeed(cluster.api(0), std::slice::from_ref(&work.ends.0), LONG);
    waiting::open(&cluster, "last-gate");
    let ended = all_succeed(cluster.api(1), std::slice::from_ref(id), LONG);
    assert_eq!(ended[0]["steps"][1]["attempt"], 1, "{ended:#?}");
    assert_eq!(cluster.task_log().tries_of(&work.ends.0).len(), 2);
}

#[test]
fn a_store_that_goes_back_while_the_cluster_is_down_lets_nothing_run_twice_unnoticed() {
    let mut cluster = start();
    let work = work_around_a_backup(&cluster);
    // Nodes write down every five seconds how far it has come.
    renewed(&cluster, 22);
    let epoch = cluster.view(0).expect("it answers").epoch;
    for at in 0..cluster.size() {
        cluster.kill(at);
    }
    restore(&cluster);
    cluster.start_missing();
    cluster.agreed_master();
    assert!(cluster.view(0).expect("it answers").epoch > epoch);
    let held = [work.ends.0.as_str(), work.lasts.0.as_str()];
    for id in held {
        is_held(&cluster, id);
    }
    is_gone(&cluster, &work.unknown.0);
    is_gone(&cluster, &work.forgotten);
    nothing_begins(&cluster, &held);
    waiting::open(&cluster, "last-gate");
    for id in held {
        release(&cluster, id);
    }
    all_succeed(cluster.api(0), &held.map(str::to_owned), LONG);
}
