//! Several nodes as one scheduler: real processes, one store, nodes that die.

mod any_peer;
mod cut_hosts;
mod killed_masters;
mod membership;
mod on_partition;
mod pauses;
mod progress;
mod restored_store;
mod store_outage;
mod takeover;
mod up;
mod waiting;
mod workers;

use std::time::Duration;

use peerflow_tests::{Api, Cluster, TaskLog, eventually, within};
use serde_json::Value;

/// Waits until an instance is over, and gives it as a node shows it then.
fn ended(api: &Api, id: &str, bound: Duration) -> Value {
    eventually(&format!("instance {id} ends"), bound, || {
        let instance = api.try_instance(id)?;
        let is_open = matches!(instance["status"].as_str()?, "waiting" | "running");
        (!is_open).then_some(instance)
    })
}

/// Waits until instances have succeeded.
fn all_succeed(api: &Api, ids: &[String], bound: Duration) -> Vec<Value> {
    let ended = ids.iter().map(|id| {
        let instance = ended(api, id, bound);
        assert_eq!(instance["status"], "succeeded", "{instance:#}");
        instance
    });
    ended.collect()
}

/// A workflow of one task.
fn single(name: &str, code: &str) -> String {
    let action = TaskLog::action("a", code, r#"<ok to="end"/>"#);
    format!(
        r#"<work-flow name="{name}" instance-limit="1000"><start name="start" to="a"/>{action}<end name="end"/></work-flow>"#
    )
}

/// Runs a workflow so often at a node that takes part.
fn run_many(api: &Api, name: &str, count: usize) -> Vec<String> {
    let ids = (0..count).map(|_| {
        let what = format!("a run of {name} is acknowledged");
        eventually(&what, Duration::from_secs(30), || api.try_run(name))
    });
    ids.collect()
}

/// Runs a workflow at least so often, which should fill all slots, and until every node has begun a task of it: one whose
/// link to the master is not made yet gets none of the first.
fn run_until_all_busy(cluster: &Cluster, api: &Api, name: &str, least: usize) -> Vec<String> {
    let mut ids = run_many(api, name, least);
    let is_busy = |at: usize| cluster.task_log().began_on(cluster.id(at)) > 0;
    for _ in 0..20 {
        let all = || (0..cluster.size()).all(is_busy).then_some(());
        if within(Duration::from_secs(1), all).is_some() {
            return ids;
        }
        ids.extend(run_many(api, name, 1));
    }
    let idle: Vec<_> = (0..cluster.size()).filter(|at| !is_busy(*at)).collect();
    panic!(
        "{idle:?} run nothing, although {} instances were started",
        ids.len()
    )
}

/// The node of an instance's only step, as the task itself said.
fn node_of(cluster: &Cluster, instance: &str) -> Option<String> {
    cluster.task_log().nodes_of(instance).last().cloned()
}
