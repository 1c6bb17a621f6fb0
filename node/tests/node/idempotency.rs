//! Requests that are sent twice.

use peerflow_model::InstanceId;
use peerflow_node::AskError;

use crate::support::{TestNode, instances, one_step, run_request, temp_dir, trigger_request};

async fn ask(test: &TestNode, key: &str) -> Vec<InstanceId> {
    let answer = test
        .node
        .scheduler()
        .ask(run_request("w"), Some(key.to_owned()))
        .await;
    instances(answer.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_with_the_same_key_is_done_once_also_after_a_restart() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    test.put(&one_step("w", "ok")).await.unwrap();
    // At the same time, so that both come into one batch.
    let (one, other) = tokio::join!(ask(&test, "k"), ask(&test, "k"));
    assert_eq!(one, other);
    assert_ne!(ask(&test, "another").await, one);
    test.node.stop().await;
    let test = TestNode::start(dir.path()).await;
    assert_eq!(ask(&test, "k").await, one);
    let reused = test
        .node
        .scheduler()
        .ask(trigger_request("w"), Some("k".to_owned()))
        .await;
    assert!(matches!(reused, Err(AskError::KeyReused)), "{reused:?}");
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_rerun_from_the_store() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    test.put(&one_step("w", "fail")).await.unwrap();
    let instance = test.run("w").await;
    test.ended(&instance).await;
    test.put(&one_step("w", "ok")).await.unwrap();
    let scheduler = test.node.scheduler();
    let again = |as_was| {
        scheduler.rerun(
            instance.clone(),
            peerflow_engine::RerunMode::FromStart,
            as_was,
            None,
        )
    };
    again(true).await.unwrap();
    let run = test
        .until(&instance, |run| {
            run.instance.id.run == 2 && run.instance.status.is_final()
        })
        .await;
    assert_eq!(
        run.instance.status,
        peerflow_model::InstanceStatus::Failed,
        "as it was: {run:?}"
    );
    again(false).await.unwrap();
    let run = test
        .until(&instance, |run| {
            run.instance.id.run == 3 && run.instance.status.is_final()
        })
        .await;
    assert_eq!(
        run.instance.status,
        peerflow_model::InstanceStatus::Succeeded,
        "{run:?}"
    );
    let missing = scheduler
        .rerun(
            "nobody".into(),
            peerflow_engine::RerunMode::FromStart,
            false,
            None,
        )
        .await;
    assert!(matches!(missing, Err(AskError::Refused(_))), "{missing:?}");
    test.node.stop().await;
}
