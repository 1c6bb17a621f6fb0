//! Documents from a folder.

use std::fs;
use std::path::Path;
use std::time::Duration;

use peerflow_model::WorkflowRecord;
use peerflow_node::Seams;

use crate::support::{BOUND, TestNode, one_step, temp_dir};

async fn start(dir: &Path) -> TestNode {
    let folder = dir.join("xml").display().to_string();
    let settings = [
        ("XML_LOADER__WORKFLOW_DIR", folder.as_str()),
        ("XML_LOADER__SCAN_INTERVAL", "100ms"),
    ];
    TestNode::start_with(dir, &settings, Seams::default()).await
}

/// The workflow once it is registered as wanted.
async fn registered(
    test: &TestNode,
    name: &str,
    is_met: impl Fn(&WorkflowRecord) -> bool,
) -> WorkflowRecord {
    let store = test.node.store();
    let wait = async {
        loop {
            if let Some(record) = store.workflow(name).await.expect("the store answers")
                && is_met(&record)
            {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, wait)
        .await
        .expect("it is registered in time")
}

fn with_file(name: &str) -> String {
    format!(
        r#"<work-flow name="{name}">
             <start name="start" to="work"/>
             <action name="work"><script><code>ok</code><attach-list><file>data.txt</file></attach-list></script><ok to="end"/></action>
             <end name="end"/>
           </work-flow>"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_files_are_loaded_beside_bad_ones_and_again_when_they_change() {
    let dir = temp_dir();
    let deep = dir.path().join("xml/a/b");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("good.xml"), one_step("good", "ok")).unwrap();
    fs::write(
        dir.path().join("xml/bad.xml"),
        "<work-flow name='bad'><strat/></work-flow>",
    )
    .unwrap();
    fs::write(dir.path().join("xml/binary.xml"), [0xff, 0xfe, 0x00]).unwrap();
    fs::write(dir.path().join("xml/z.xml"), one_step("z", "ok")).unwrap();
    let test = start(dir.path()).await;
    let first = registered(&test, "good", |_| true).await;
    registered(&test, "z", |_| true).await;
    assert!(test.node.store().workflow("bad").await.unwrap().is_none());
    let bad = async {
        while !test
            .node
            .metrics()
            .render()
            .contains("peerflow_loader_bad_files 2")
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, bad)
        .await
        .expect("both bad files are counted");

    fs::write(deep.join("good.xml"), one_step("good", "fail")).unwrap();
    registered(&test, "good", |record| record.hash != first.hash).await;
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attached_files_are_kept_and_followed() {
    let dir = temp_dir();
    let deep = dir.path().join("xml/a");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("w.xml"), with_file("w")).unwrap();
    // In the parent of the document's folder.
    fs::write(dir.path().join("xml/data.txt"), "one").unwrap();
    let test = start(dir.path()).await;
    let first = registered(&test, "w", |record| record.files.len() == 1).await;
    let content = test
        .node
        .store()
        .file_chunk(first.files[0].hash, 0)
        .await
        .unwrap();
    assert_eq!(content.as_deref(), Some(b"one".as_slice()));

    fs::write(dir.path().join("xml/data.txt"), "another").unwrap();
    let second = registered(&test, "w", |record| record.files != first.files).await;
    // A nearer file takes its place.
    fs::write(deep.join("data.txt"), "nearer").unwrap();
    registered(&test, "w", |record| {
        record.files != second.files && record.files != first.files
    })
    .await;
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unchanged_file_never_brings_back_what_a_person_changed_or_deleted() {
    let dir = temp_dir();
    fs::create_dir_all(dir.path().join("xml")).unwrap();
    fs::write(
        dir.path().join("xml/changed.xml"),
        one_step("changed", "ok"),
    )
    .unwrap();
    fs::write(
        dir.path().join("xml/deleted.xml"),
        one_step("deleted", "ok"),
    )
    .unwrap();
    let test = start(dir.path()).await;
    registered(&test, "changed", |_| true).await;
    registered(&test, "deleted", |_| true).await;
    test.put(&one_step("changed", "fail")).await.unwrap();
    let name = "deleted".into();
    let delete = peerflow_engine::Request::DeleteWorkflow { name };
    test.node.scheduler().ask(delete, None).await.unwrap();
    test.node.stop().await;

    // A new file shows that the folder was scanned.
    fs::write(dir.path().join("xml/zz.xml"), one_step("zz", "ok")).unwrap();
    let test = start(dir.path()).await;
    registered(&test, "zz", |_| true).await;
    let store = test.node.store();
    assert!(store.workflow("deleted").await.unwrap().is_none());
    let changed = store.workflow("changed").await.unwrap().unwrap();
    assert!(changed.xml.contains("fail"), "{}", changed.xml);
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_offer_leaves_what_a_person_registered() {
    let dir = temp_dir();
    let test = start(dir.path()).await;
    test.put(&one_step("w", "fail")).await.unwrap();
    fs::create_dir_all(dir.path().join("xml")).unwrap();
    fs::write(dir.path().join("xml/w.xml"), one_step("w", "ok")).unwrap();
    fs::write(dir.path().join("xml/x.xml"), one_step("x", "ok")).unwrap();
    registered(&test, "x", |_| true).await;
    let kept = test.node.store().workflow("w").await.unwrap().unwrap();
    assert!(kept.xml.contains("fail"));
    fs::write(dir.path().join("xml/w.xml"), one_step("w", "wait")).unwrap();
    registered(&test, "w", |record| record.xml.contains("wait")).await;
    test.node.stop().await;
}
