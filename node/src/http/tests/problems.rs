use axum::body::Body;
use axum::http::{Method, Request};
use peerflow_model::{Change, InstanceStatus};

use peerflow_store::StoreUrl;

use super::Peer;
use super::harness::{instance, request, run};
use crate::http::Access;

#[tokio::test]
async fn unknown_pages_and_names_are_not_found() {
    let peer = Peer::start().await;
    for path in [
        "/",
        "/api/v1",
        "/api/v1/workflow",
        "/api/v1/workflows/",
        "/api/v2/front",
        "/api/v1/../../etc/passwd",
        "/%2e%2e",
    ] {
        let answered = peer.get(path).await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (404, "unknown-route"),
            "{path}"
        );
    }
    for path in [
        "/api/v1/workflows/%E6%97%A0",
        "/api/v1/workflows/..",
        "/api/v1/workflows/%2e%2e%2f%2e%2e",
        "/api/v1/workflows/x/xml",
        "/api/v1/workflows/x/graph",
        "/api/v1/coordinators/x",
        "/api/v1/instances/x",
        "/api/v1/instances/x/log",
        "/api/v1/instances/x/log?follow=true",
        "/api/v1/instances/x/xml",
    ] {
        let answered = peer.get(path).await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (404, "not-found"),
            "{path}"
        );
    }
    let long = format!("/api/v1/workflows/{}", "x".repeat(9000));
    assert_eq!(peer.get(&long).await.problem(), "not-found");
    peer.put(&[Change::PutInstance(instance(
        run("i1", 2),
        "w",
        InstanceStatus::Running,
    ))])
    .await;
    let other_run = peer.get("/api/v1/instances/i1?run=9").await;
    assert_eq!(other_run.problem(), "not-found");
    assert!(
        other_run.detail().contains("the latest is 2"),
        "{}",
        other_run.body
    );
}

#[tokio::test]
async fn queries_that_make_no_sense_are_refused_with_what_to_write() {
    let peer = Peer::start().await;
    peer.put(&[Change::PutInstance(instance(
        run("i1", 1),
        "w",
        InstanceStatus::Succeeded,
    ))])
    .await;
    for (path, part) in [
        ("/api/v1/instances?statsu=failed", "did you mean status?"),
        ("/api/v1/front?x=1", "takes none"),
        ("/api/v1/instances?status=broken", "succeeded"),
        ("/api/v1/instances?limit=0", "1 to 1000"),
        ("/api/v1/instances?limit=1001", "1 to 1000"),
        ("/api/v1/instances?limit=x", "query"),
        ("/api/v1/instances?limit=1&limit=2", "duplicate"),
        ("/api/v1/instances?from=yesterday", "2026-11-20"),
        ("/api/v1/instances?cursor=nonsense", "cursor"),
        ("/api/v1/workflows?cursor=nonsense", "cursor"),
        ("/api/v1/data-monitor?from=1.1.2026", "2026-11-20"),
        ("/api/v1/instances/i1?run=-1", "query"),
        ("/api/v1/instances/i1/log?level=loud", "DEBUG"),
        ("/api/v1/instances/i1/log?format=xml", "jsonl"),
        ("/api/v1/instances/i1/log?visit=1", "step"),
        ("/api/v1/instances/i1/log?tail=0", "10000"),
        ("/api/v1/instances/i1/log?cursor=x", "cursor"),
        ("/api/v1/instances/i1/log?follow=yes", "query"),
        ("/api/v1/workflows/%FF", "UTF-8"),
        ("/api/v1/workflows/a%00b", "zero byte"),
    ] {
        let answered = peer.get(path).await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (400, "invalid-request"),
            "{path}"
        );
        assert!(
            answered.detail().contains(part),
            "{path}: {}",
            answered.body
        );
    }
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused() {
    let peer = Peer::start().await;
    for (body, part) in [
        ("{", "EOF"),
        ("nonsense", "object"),
        ("[]", "object"),
        (r#"{"params":{"a":1}}"#, "string"),
        (r#"{"parms":{}}"#, "parms"),
        ("null", "object"),
    ] {
        let answered = peer.post("/api/v1/workflows/w/run", body).await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (400, "invalid-request"),
            "{body}"
        );
        assert!(
            answered.detail().contains(part),
            "{body}: {}",
            answered.body
        );
    }
    let deep = format!(r#"{{"params":{}"#, "[".repeat(100_000));
    assert_eq!(
        peer.post("/api/v1/workflows/w/run", &deep).await.problem(),
        "invalid-request"
    );
    for (path, content_type) in [
        ("/api/v1/workflows/w/run", Some("text/plain")),
        ("/api/v1/workflows/w/run", None),
        ("/api/v1/workflows/check", Some("application/json")),
        ("/api/v1/workflows/check", None),
    ] {
        let answered = peer
            .send(request(Method::POST, path, content_type, "{}"))
            .await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (415, "unsupported-media-type")
        );
    }
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn bodies_above_their_limit_are_refused() {
    let peer = Peer::start().await;
    let large = " ".repeat(10 * 1024 * 1024);
    for path in ["/api/v1/workflows/w", "/api/v1/coordinators/c"] {
        let answered = peer.put_xml(path, &large).await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (413, "too-large"),
            "{path}"
        );
    }
    let answered = peer.post("/api/v1/workflows/w/run", &large).await;
    assert_eq!(
        (answered.status.as_u16(), answered.problem().as_str()),
        (413, "too-large")
    );
    // Without an announced length the limit holds too.
    let pieces = (0..3).map(|_| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b' '; 600_000])));
    let streamed = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/workflows/w/run")
        .header("content-type", "application/json")
        .body(Body::from_stream(futures::stream::iter(pieces)))
        .expect("a request");
    assert_eq!(peer.send(streamed).await.problem(), "too-large");
}

#[tokio::test]
async fn an_idempotency_key_has_a_limit() {
    let peer = Peer::start().await;
    for key in ["", " ", &"k".repeat(256)] {
        let mut asked = request(Method::POST, "/api/v1/reset-all", None, "");
        asked
            .headers_mut()
            .insert("idempotency-key", key.parse().expect("a value"));
        assert_eq!(peer.send(asked).await.problem(), "invalid-request");
    }
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn a_panic_is_told_as_a_problem_and_nothing_else_stops() {
    let peer = Peer::start().await;
    let router = axum::Router::new()
        .route(
            "/boom",
            axum::routing::get(async || -> &'static str { panic!("boom") }),
        )
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(
            crate::http::problem::panicked,
        ));
    let response = tower::ServiceExt::oneshot(router, request(Method::GET, "/boom", None, ""))
        .await
        .expect("an answer");
    assert_eq!(response.status().as_u16(), 500);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(peer.get("/healthz").await.status.as_u16(), 200);
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_before_anything_is_done() {
    let peer = Peer::with_access(Access::Loopback).await;
    for (name, value) in [("host", "evil.example"), ("origin", "http://evil.example")] {
        let mut asked = request(Method::POST, "/api/v1/reset-all", None, "");
        let headers = asked.headers_mut();
        headers.insert("host", "localhost:8090".parse().expect("a value"));
        headers.insert(name, value.parse().expect("a value"));
        let answered = peer.send(asked).await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (403, "forbidden")
        );
    }
    assert!(peer.asked().is_empty());
    let guarded = Peer::with_access(Access::Token("s3cret".into())).await;
    let mut asked = request(Method::GET, "/api/v1/front", None, "");
    asked
        .headers_mut()
        .insert("host", "etl-1".parse().expect("a value"));
    let answered = guarded.send(asked).await;
    assert_eq!(
        (
            answered.problem().as_str(),
            &answered.headers["www-authenticate"]
        ),
        ("unauthorized", &"Bearer".parse().expect("a value"))
    );
}

#[tokio::test]
async fn a_store_that_is_closed_is_told_and_never_a_500() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = StoreUrl::sqlite(dir.path().join("peerflow.db"));
    let peer = Peer::with(Access::Inside, &url).await;
    peer.store.close().await;
    for path in [
        "/api/v1/front",
        "/api/v1/workflows",
        "/api/v1/instances/i1",
        "/api/v1/instances/i1/log",
        "/readyz",
    ] {
        let answered = peer.get(path).await;
        assert_eq!(
            (answered.status.as_u16(), answered.problem().as_str()),
            (503, "store-unavailable"),
            "{path}"
        );
        assert!(answered.headers.contains_key("retry-after"));
    }
    assert_eq!(
        peer.get("/api/v1/cluster").await.json()["timezone"],
        "Asia/Shanghai"
    );
}
