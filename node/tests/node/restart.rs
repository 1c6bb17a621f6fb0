//! A node that stops, or is gone, and starts again.

use peerflow_model::InstanceStatus;

use crate::support::{TestNode, is_running, one_step, temp_dir, visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_after_a_restart_and_what_succeeded_does_not_run_again() {
    let dir = temp_dir();
    let xml = r#"<work-flow name="two">
             <start name="start" to="first"/>
             <action name="first"><script><code>ok</code></script><ok to="second"/></action>
             <action name="second"><script><code>wait</code></script><ok to="end"/></action>
             <end name="end"/>
           </work-flow>"#;
    let test = TestNode::start(dir.path()).await;
    test.put(xml).await.unwrap();
    let instance = test.run("two").await;
    test.until(&instance, |run| is_running(run, "second")).await;
    let first_life = (
        test.node.identity().incarnation,
        test.node.scheduler().state().epoch,
    );
    test.node.stop().await;

    let test = TestNode::start(dir.path()).await;
    assert!(test.node.identity().incarnation > first_life.0);
    assert!(test.node.scheduler().state().epoch > first_life.1);
    test.until(&instance, |run| is_running(run, "second")).await;
    test.runner.open_gate();
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
    assert_eq!(visit(&run, "first").attempt, 1);
    assert_eq!(visit(&run, "second").attempt, 2);
    assert_eq!(visit(&run, "second").failures, 0, "a stop uses no retry");
    // Only the second step began in this life.
    assert_eq!(test.runner.begun("two"), 1);
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_after_a_node_that_vanished() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    test.put(&one_step("w", "wait")).await.unwrap();
    let instance = test.run("w").await;
    test.until(&instance, |run| is_running(run, "work")).await;
    let store = test.node.store();
    drop(test);
    store.close().await;

    let test = crate::support::start_when_free(dir.path()).await;
    test.runner.open_gate();
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
    test.node.stop().await;
}
