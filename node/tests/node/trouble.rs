//! A store in trouble.

use std::sync::Arc;

use peerflow_model::InstanceStatus;
use peerflow_node::{AskError, NodeHandle, Seams};
use peerflow_store::{Store, StoreUrl, open};

use crate::support::{
    BOUND, Fault, FlakyStore, TestNode, instances, is_running, one_step, run_request, temp_dir,
    visit,
};

async fn flaky(dir: &std::path::Path) -> Arc<FlakyStore> {
    FlakyStore::new(open(&StoreUrl::sqlite(dir.join("flaky.db"))).await.unwrap())
}

fn on(store: &Arc<FlakyStore>) -> Seams {
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    Seams {
        store: Some(store),
        ..Seams::default()
    }
}

async fn in_trouble(node: &NodeHandle) {
    let mut state = node.scheduler().watch();
    let trouble = state.wait_for(|state| state.trouble.is_some());
    tokio::time::timeout(BOUND, trouble)
        .await
        .expect("trouble is said in time")
        .unwrap();
}

/// Runs a few workflows while commits fail as `fault` says.
async fn runs_through(fault: Fault) {
    let dir = temp_dir();
    let store = flaky(dir.path()).await;
    let test = TestNode::start_with(dir.path(), &[], on(&store)).await;
    test.put(&one_step("w", "ok")).await.unwrap();
    store.set(fault);
    let mut all = Vec::new();
    while all.len() < 10 {
        match test.node.scheduler().ask(run_request("w"), None).await {
            Ok(answer) => all.extend(instances(answer)),
            // Refused at the door while a batch is sent again: nothing was done.
            Err(AskError::Unavailable { .. }) => assert!(test.node.ready(BOUND).await),
            Err(error) => panic!("{error}"),
        }
    }
    for instance in &all {
        let run = test.ended(instance).await;
        assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
        assert_eq!(visit(&run, "work").attempt, 1, "{run:?}");
    }
    assert!(store.faults() > 0);
    assert_eq!(test.runner.begun("w"), 10, "nothing ran twice");
    store.set(Fault::None);
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_fail_lose_nothing_and_do_nothing_twice() {
    runs_through(Fault::BeforeCommit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_whose_outcome_is_unknown_lose_nothing_and_do_nothing_twice() {
    runs_through(Fault::AfterCommit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_go_on_while_the_store_is_away_and_their_ends_and_logs_arrive_later() {
    let dir = temp_dir();
    let store = flaky(dir.path()).await;
    let test = TestNode::start_with(dir.path(), &[], on(&store)).await;
    test.put(&one_step("w", "wait")).await.unwrap();
    let instance = test.run("w").await;
    test.until(&instance, |run| is_running(run, "work")).await;
    store.set(Fault::Away);
    in_trouble(&test.node).await;
    let refused = test.node.scheduler().ask(run_request("w"), None).await;
    assert!(
        matches!(refused, Err(AskError::Unavailable { .. })),
        "{refused:?}"
    );
    test.runner.open_gate();
    // The task has ended when its slot is free; its outcome waits.
    let idle = async {
        while !test
            .node
            .metrics()
            .render()
            .contains("peerflow_slots_used 0")
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, idle)
        .await
        .expect("the task ends although the store is away");
    test.node.logs().flush(BOUND).await;
    store.set(Fault::None);
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
    assert_eq!(visit(&run, "work").attempt, 1, "{run:?}");
    assert_eq!(test.runner.begun("w"), 1);
    assert!(test.node.ready(BOUND).await);
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_no_master_heard_of_survives_the_node() {
    let dir = temp_dir();
    let store = flaky(dir.path()).await;
    let test = TestNode::start_with(dir.path(), &[], on(&store)).await;
    test.put(&one_step("w", "wait")).await.unwrap();
    let instance = test.run("w").await;
    test.until(&instance, |run| is_running(run, "work")).await;
    store.set(Fault::Away);
    in_trouble(&test.node).await;
    test.runner.open_gate();
    test.node.stop().await;

    let store = flaky(dir.path()).await;
    let test = TestNode::start_with(dir.path(), &[], on(&store)).await;
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
    assert_eq!(test.runner.begun("w"), 0, "it is not run again");
    test.node.stop().await;
}

/// Lets terms fail at once, as `fault` says, until `terms` did; then lets the node go on.
async fn pauses_between_terms(fault: Fault, terms: u32, trouble: &str) {
    let dir = temp_dir();
    let store = flaky(dir.path()).await;
    let test = TestNode::start_with(dir.path(), &[], on(&store)).await;
    test.put(&one_step("w", "ok")).await.unwrap();
    let (elections, started) = (store.elections(), tokio::time::Instant::now());
    // Makes the first term end; the later ones end as they take up what is asked, or as they are loaded.
    store.set(Fault::Refuses);
    let refused = test.node.scheduler().ask(run_request("w"), None).await;
    let Err(AskError::Unavailable { reason, .. }) = refused else {
        panic!("refused with the reason: {refused:?}");
    };
    assert!(reason.contains("takes no such change"), "{reason}");
    in_trouble(&test.node).await;
    store.set(fault);
    let mut state = test.node.scheduler().watch();
    let fails = async {
        while store.faults() < terms {
            if fault == Fault::Refuses {
                // Answered in any case; only that it is asked matters.
                drop(test.node.scheduler().ask(run_request("w"), None).await);
            }
            drop(tokio::time::timeout(std::time::Duration::from_millis(20), state.changed()).await);
        }
    };
    tokio::time::timeout(BOUND, fails).await.expect("terms end");
    let told = tokio::time::timeout(
        BOUND,
        state.wait_for(|state| {
            let told = state.trouble.as_deref();
            told.is_some_and(|told| told.contains(trouble))
        }),
    );
    told.await.expect("the reason is told in time").unwrap();
    // A pause of at least 0.4 s comes before each.
    let held = u128::from(store.elections() - elections);
    let allowed = started.elapsed().as_millis() / 400;
    assert!(held <= allowed, "{held} elections, {allowed} allowed");

    store.set(Fault::None);
    assert!(test.node.ready(BOUND).await);
    let instance = test.run("w").await;
    let run = test.ended(&instance).await;
    assert_eq!(run.instance.status, InstanceStatus::Succeeded, "{run:?}");
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_refuses_a_commit_is_told_and_tried_again_after_a_pause() {
    pauses_between_terms(Fault::Refuses, 3, "takes no such change").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_be_read_is_told_and_tried_again_after_a_pause() {
    pauses_between_terms(Fault::Unreadable, 3, "instance abc").await;
}
