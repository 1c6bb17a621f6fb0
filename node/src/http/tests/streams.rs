use std::sync::Arc;

use axum::http::Method;
use peerflow_model::{Change, InstanceStatus, LogLevel, VisitStatus};
use serde_json::json;
use tower::ServiceExt;

use super::Peer;
use super::harness::{chunk, instance, request, run, visit};
use crate::events::NodeEvent;

#[tokio::test]
async fn events_come_with_ids_after_the_state_of_the_cluster() {
    let peer = Peer::start().await;
    let mut stream = peer.follow("/api/v1/events").await;
    let first = stream.next().await.expect("an event");
    assert_eq!((first.name.as_str(), first.id.as_str()), ("cluster", "7-0"));
    assert_eq!(first.data["master"], "n1");
    peer.events.publish(NodeEvent::Instance(Arc::new(instance(
        run("i1", 1),
        "名/1",
        InstanceStatus::Running,
    ))));
    peer.events.publish(NodeEvent::Step(Arc::new(visit(
        run("i1", 1),
        "监控",
        1,
        VisitStatus::Succeeded,
    ))));
    peer.events.publish(NodeEvent::Definition {
        name: "名/1".to_owned(),
        deleted: true,
    });
    let instance = stream.next().await.expect("an event");
    assert_eq!(
        (instance.name.as_str(), instance.id.as_str()),
        ("instance", "7-1")
    );
    assert_eq!(
        (&instance.data["workflow"], &instance.data["status"]),
        (&json!("名/1"), &json!("running"))
    );
    let step = stream.next().await.expect("an event");
    assert_eq!(
        (step.name.as_str(), &step.data["step"]["name"]),
        ("step", &json!("监控"))
    );
    assert_eq!(
        (&step.data["instance"], &step.data["run"]),
        (&json!("i1"), &json!(1))
    );
    assert_eq!(
        stream.next().await.expect("an event").data,
        json!({"name": "名/1", "deleted": true})
    );
    peer.stopping.cancel();
    assert!(
        stream.next().await.is_none(),
        "a stream ends when the node stops"
    );
}

#[tokio::test]
async fn a_follower_of_one_instance_hears_nothing_of_others() {
    let peer = Peer::start().await;
    let mut stream = peer.follow("/api/v1/events?instance=i2").await;
    assert_eq!(stream.next().await.expect("an event").name, "cluster");
    for id in ["i1", "i2"] {
        peer.events.publish(NodeEvent::Instance(Arc::new(instance(
            run(id, 1),
            "w",
            InstanceStatus::Running,
        ))));
    }
    assert_eq!(stream.next().await.expect("an event").data["id"], "i2");
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_told() {
    let peer = Peer::start().await;
    let mut stream = peer.follow("/api/v1/events").await;
    assert_eq!(stream.next().await.expect("an event").name, "cluster");
    for _ in 0..5000 {
        peer.events.publish(NodeEvent::Definition {
            name: "w".to_owned(),
            deleted: false,
        });
    }
    let lagged = stream.next().await.expect("an event");
    assert_eq!(lagged.name, "lagged");
    assert!(lagged.data["missed"].as_u64().expect("a number") > 0);
    assert_eq!(stream.next().await.expect("an event").name, "definition");
}

#[tokio::test]
async fn who_comes_back_with_an_id_is_told_that_events_may_be_missing() {
    let peer = Peer::start().await;
    let mut again = request(Method::GET, "/api/v1/events", None, "");
    again
        .headers_mut()
        .insert("last-event-id", "7-3".parse().expect("a value"));
    let response = peer.router.clone().oneshot(again).await.expect("an answer");
    let mut stream = super::harness::stream(response);
    assert_eq!(stream.next().await.expect("an event").name, "cluster");
    assert_eq!(stream.next().await.expect("an event").name, "lagged");
}

#[tokio::test]
async fn a_followed_log_tells_each_line_once_and_ends_with_its_run() {
    let peer = Peer::start().await;
    let visited = visit(run("i1", 1), "监控", 1, VisitStatus::Running);
    let running = instance(run("i1", 1), "w", InstanceStatus::Running);
    peer.put(&[
        Change::PutInstance(running),
        Change::PutVisit(visited.clone()),
    ])
    .await;
    let first = chunk(visited.id.clone(), 0, &[(LogLevel::Info, "one")]);
    peer.store
        .append_logs(&[first])
        .await
        .expect("logs are taken");
    let mut stream = peer.follow("/api/v1/instances/i1/log?follow=true").await;
    let page = stream.next().await.expect("an event");
    assert_eq!(
        (page.name.as_str(), &page.data["lines"][0]["text"]),
        ("log", &json!("one"))
    );
    assert_eq!(page.data["next"], page.id);

    let sink = peer.logs.sink(peerflow_model::AttemptId {
        visit: visited.id.clone(),
        attempt: 2,
    });
    sink.write(chunk(visited.id.clone(), 0, &[(LogLevel::Error, "两")]).lines)
        .await;
    let next = stream.next().await.expect("an event");
    assert_eq!(
        (
            &next.data["lines"][0]["text"],
            &next.data["lines"][0]["attempt"]
        ),
        (&json!("两"), &json!(2))
    );

    let ended = instance(run("i1", 1), "w", InstanceStatus::Failed);
    sink.write(chunk(visited.id.clone(), 0, &[(LogLevel::Warn, "last")]).lines)
        .await;
    peer.put(&[Change::PutInstance(ended.clone())]).await;
    peer.events.publish(NodeEvent::Instance(Arc::new(ended)));
    let last = stream.next().await.expect("an event");
    assert_eq!(last.data["lines"][0]["text"], "last");
    let end = stream.next().await.expect("an event");
    assert_eq!(
        (end.name.as_str(), &end.data["status"]),
        ("end", &json!("failed"))
    );
    assert!(stream.next().await.is_none());

    // Who was cut off goes on after the last page it saw.
    let mut again = peer
        .follow(&format!(
            "/api/v1/instances/i1/log?follow=true&cursor={}",
            next.id
        ))
        .await;
    assert_eq!(
        again.next().await.expect("an event").data["lines"][0]["text"],
        "last"
    );
    assert_eq!(again.next().await.expect("an event").name, "end");
}

#[tokio::test]
async fn followers_are_limited() {
    let peer = Peer::start().await;
    let mut streams = Vec::new();
    let refused = loop {
        let response = peer
            .router
            .clone()
            .oneshot(request(Method::GET, "/api/v1/events", None, ""))
            .await
            .expect("an answer");
        if response.status().is_success() {
            streams.push(response);
            assert!(streams.len() <= 256);
        } else {
            break response;
        }
    };
    assert_eq!((refused.status().as_u16(), streams.len()), (503, 256));
    streams.pop();
    assert!(
        peer.follow("/api/v1/events").await.next().await.is_some(),
        "a place that was left can be taken"
    );
}
