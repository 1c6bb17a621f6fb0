//! Graceful stops.

use peerflow_model::InstanceStatus;
use peerflow_node::Seams;

use crate::support::{TestNode, is_running, one_step, temp_dir, visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_a_task_end_within_the_drain_time() {
    let dir = temp_dir();
    let test =
        TestNode::start_with(dir.path(), &[("WORKER__DRAIN", "60s")], Seams::default()).await;
    test.put(&one_step("w", "wait")).await.unwrap();
    let instance = test.run("w").await;
    test.until(&instance, |run| is_running(run, "work")).await;
    let (runner, store) = (test.runner, test.node.store());
    let seen = async {
        // The gate opens only once the node is stopping, so its end is one of the drain.
        runner.open_gate();
    };
    tokio::join!(test.node.stop(), seen);
    drop(store);

    let test = TestNode::start(dir.path()).await;
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Succeeded);
    assert_eq!(visit(&run, "work").attempt, 1);
    assert_eq!(test.runner.begun("w"), 0, "it ended in the first life");
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_not_begun_when_a_node_stopped_runs_in_its_next_life() {
    let dir = temp_dir();
    let test =
        TestNode::start_with(dir.path(), &[("WORKER__DRAIN", "60s")], Seams::default()).await;
    test.put(&one_step("w", "ok")).await.unwrap();
    let mut made = Vec::new();
    // More than there are slots, so that some surely have not begun.
    for _ in 0..20 {
        made.push(test.run("w").await);
    }
    let runner = test.runner;
    test.node.stop().await;

    let test = TestNode::start(dir.path()).await;
    for instance in &made {
        let run = test.ended(instance).await;
        assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
    }
    assert_eq!(
        runner.begun("w") + test.runner.begun("w"),
        20,
        "each ran once"
    );
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_released_lease_can_be_taken_at_once_by_another_node() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    let epoch = test.node.scheduler().state().epoch;
    test.node.stop().await;
    let other = TestNode::start_with(dir.path(), &[("NODE__ID", "other")], Seams::default()).await;
    assert!(other.node.scheduler().state().epoch > epoch);
    other.node.stop().await;
}
