//! Files and documents that are registered at the same time.

use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use futures::channel::mpsc;
use futures::future::join_all;
use peerflow_model::WorkflowRecord;
use tower::ServiceExt;

use crate::support::{BOUND, TestNode, temp_dir};

const FILES: usize = 12;

/// A workflow that attaches `f0.sh`, `f1.sh` and so on.
fn document(description: &str) -> String {
    let files = (0..FILES).fold(String::new(), |mut all, number| {
        write!(all, "<file>f{number}.sh</file>").expect("a string takes it");
        all
    });
    format!(
        r#"<work-flow name="w" desc="{description}">
             <start name="start" to="work"/>
             <action name="work"><script><code>ok</code><attach-list>{files}</attach-list></script><ok to="end"/></action>
             <end name="end"/>
           </work-flow>"#
    )
}

async fn put(test: &TestNode, path: &str, content_type: &str, body: Body) -> StatusCode {
    put_once(test, path, content_type, body, None).await
}

async fn put_once(
    test: &TestNode,
    path: &str,
    content_type: &str,
    body: Body,
    key: Option<&str>,
) -> StatusCode {
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(format!("/api/v1/workflows/w{path}"))
        .header("content-type", content_type);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = request.body(body).unwrap();
    let answer = tokio::time::timeout(BOUND, test.node.router().oneshot(request));
    answer.await.expect("an answer in time").unwrap().status()
}

async fn register(test: &TestNode, description: &str) -> StatusCode {
    put(test, "", "application/xml", document(description).into()).await
}

async fn upload(test: &TestNode, number: usize, body: Body) -> StatusCode {
    let path = format!("/attachments/f{number}.sh");
    put(test, &path, "application/octet-stream", body).await
}

async fn record(test: &TestNode) -> WorkflowRecord {
    let record = test.node.store().workflow("w").await.unwrap();
    record.expect("it is registered")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_upload_that_was_confirmed_is_there() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    assert_eq!(register(&test, "d").await, StatusCode::CREATED);
    let uploads = (0..FILES).map(|number| upload(&test, number, format!("echo {number}").into()));
    let answers = join_all(uploads).await;
    assert_eq!(answers, [StatusCode::OK; FILES]);
    let mut paths: Vec<String> = (0..FILES).map(|number| format!("f{number}.sh")).collect();
    paths.sort();
    let files = record(&test).await.files;
    let found: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(found, paths);
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_does_not_take_back_a_document_registered_meanwhile() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    assert_eq!(register(&test, "old").await, StatusCode::CREATED);
    let (content, body) = mpsc::unbounded::<Result<Bytes, std::io::Error>>();
    let slow = upload(&test, 0, Body::from_stream(body));
    let update = async {
        assert_eq!(register(&test, "new").await, StatusCode::OK);
        content.unbounded_send(Ok(Bytes::from("late"))).unwrap();
        drop(content);
    };
    // The upload is asked for first, and has its content only once the new document is registered.
    let (uploaded, ()) = tokio::join!(slow, update);
    assert_eq!(uploaded, StatusCode::OK);
    let kept = record(&test).await;
    assert_eq!((kept.description.as_str(), kept.files.len()), ("new", 1));
    for number in 1..FILES {
        let description = format!("number {number}");
        let both = tokio::join!(
            upload(&test, number, format!("echo {number}").into()),
            register(&test, &description)
        );
        assert_eq!(both, (StatusCode::OK, StatusCode::OK));
        let kept = record(&test).await;
        assert_eq!(kept.description, description);
        assert_eq!(kept.files.len(), number + 1, "{:?}", kept.files);
    }
    test.node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_is_the_same_whatever_was_registered_in_between() {
    let dir = temp_dir();
    let test = TestNode::start(dir.path()).await;
    let document = |text: &str| Body::from(document(text));
    let put_document =
        async |text: &str| put_once(&test, "", "application/xml", document(text), Some("d")).await;
    let put_file = async |content: &'static str| {
        let binary = "application/octet-stream";
        put_once(
            &test,
            "/attachments/f0.sh",
            binary,
            content.into(),
            Some("f"),
        )
        .await
    };
    assert_eq!(put_document("d").await, StatusCode::CREATED);
    assert_eq!(put_file("one").await, StatusCode::OK);
    assert_eq!(upload(&test, 1, "two".into()).await, StatusCode::OK);
    let before = record(&test).await;
    assert_eq!(before.files.len(), 2);
    assert_eq!(put_document("d").await, StatusCode::CREATED);
    assert_eq!(put_file("one").await, StatusCode::OK);
    assert_eq!(record(&test).await, before, "nothing is done again");
    let reused = [put_document("other").await, put_file("other").await];
    assert_eq!(reused, [StatusCode::UNPROCESSABLE_ENTITY; 2]);
    assert_eq!(record(&test).await, before);
    test.node.stop().await;
}
