//! Runs from a request to their end.

use peerflow_model::{InstanceStatus, VisitStatus};
use peerflow_store::LogSelection;

use crate::support::{BOUND, TestNode, is_running, one_step, temp_dir, visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_runs_to_its_end_and_its_log_is_kept() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    test.put(&one_step("好", "ok")).await.unwrap();
    let instance = test.run("好").await;
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
    assert_eq!(visit(&run, "work").status, VisitStatus::Succeeded);
    assert_eq!(
        visit(&run, "work").node.as_ref().unwrap().as_str(),
        "tester"
    );
    test.node.logs().flush(BOUND).await;
    let selection = LogSelection {
        instance,
        run: None,
        step: None,
        attempt: None,
    };
    let lines = test.node.store().log_tail(&selection, 10).await.unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].1.text, "all is <well> & done");
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_step_fails_its_instance_and_a_broken_runner_is_a_failure_too() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    for (name, code, part) in [
        ("fails", "fail", "exit code 1"),
        ("breaks", "panic", "bug in peerflow"),
    ] {
        test.put(&one_step(name, code)).await.unwrap();
        let instance = test.run(name).await;
        let run = test.ended(&instance).await;
        assert_eq!(run.instance.status, InstanceStatus::Failed);
        assert!(visit(&run, "work").message.contains(part), "{run:?}");
    }
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_instance_ends_as_killed() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    test.put(&one_step("w", "wait")).await.unwrap();
    let instance = test.run("w").await;
    test.until(&instance, |run| is_running(run, "work")).await;
    let kill = peerflow_engine::Request::Kill {
        instance: instance.clone(),
    };
    test.node.scheduler().ask(kill, None).await.unwrap();
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Killed);
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_instances_share_the_slots() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    test.put(&one_step("many", "ok")).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..60 {
        all.push(test.run("many").await);
    }
    for instance in &all {
        let run = test.ended(instance).await;
        assert_eq!(run.instance.status, InstanceStatus::Succeeded);
    }
    assert_eq!(test.runner.begun("many"), 60);
    let metrics = test.node.metrics().render();
    assert!(
        metrics.contains("peerflow_instances_ended_total{outcome=\"succeeded\"} 60"),
        "{metrics}"
    );
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_live_in_one_process() {
    let (one, other) = (temp_dir(), temp_dir());
    let (one, other) = (
        TestNode::start(one.path()).await,
        TestNode::start(other.path()).await,
    );
    for test in [&one, &other] {
        test.put(&one_step("w", "ok")).await.unwrap();
        let instance = test.run("w").await;
        test.ended(&instance).await;
    }
    one.node.stop().await;
    assert!(other.node.ready(BOUND).await);
    other.node.stop().await;
}
