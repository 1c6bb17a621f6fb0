//! Watching while peers come and go.

use axum::Router;
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::args::Format;
use crate::client::testing::client;
use crate::error::Exit;
use crate::language::Language;

const OUTPUT: Output = Output {
    format: Format::Json,
    language: Language::English,
    terminal: Terminal {
        size: None,
        colour: false,
    },
};

fn instance(status: &str) -> Value {
    json!({"id": "i", "run": 1, "workflow": "w", "status": status, "params": {}, "trigger": "run",
        "logical_time": "2026-11-20T01:00:00Z", "created_at": "2026-11-20T01:00:00Z", "started_at": null,
        "ended_at": null, "message": "", "steps": []})
}

async fn watch(address: &str, patience: Duration) -> Result<(Value, Instance), Error> {
    let mut interrupts = Interrupts::new().expect("signals");
    let client = client(&[address], patience);
    follow(
        &client,
        &OUTPUT,
        "i",
        OnInterrupt::Leave,
        &mut interrupts,
        patience,
    )
    .await
}

#[tokio::test]
async fn an_instance_is_watched_across_the_restart_of_its_node() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let router = Router::new().route(
        "/api/v1/instances/i",
        get(|| async { axum::Json(instance("succeeded")) }),
    );
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        for _ in 0..3 {
            drop(listener.accept().await);
        }
        axum::serve(listener, router).await.expect("it serves");
    });
    let (_, instance) = watch(&address, Duration::from_secs(30))
        .await
        .expect("it is seen to end");
    assert!(instance.summary.status.is_final());
}

#[tokio::test]
async fn a_watch_ends_when_nobody_answers_for_as_long_as_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let error = watch(&address, Duration::from_millis(700))
        .await
        .expect_err("nobody is there");
    assert_eq!(error.exit(), Exit::NoPeer);
}
