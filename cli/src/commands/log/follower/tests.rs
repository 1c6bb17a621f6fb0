//! Following while peers come and go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::args::Format;
use crate::client::testing::client;
use crate::error::Exit;
use crate::language::Language;
use crate::output::Terminal;

const PATIENT: Duration = Duration::from_secs(30);

const OUTPUT: Output = Output {
    format: Format::Json,
    language: Language::English,
    terminal: Terminal {
        size: None,
        colour: false,
    },
};

type Asked = Arc<Mutex<Vec<BTreeMap<String, String>>>>;

fn log(next: &str, text: &str) -> String {
    let line = json!({"instance": "i", "run": 2, "step": "s", "visit": 1, "attempt": 1,
        "at": "2026-11-20T01:00:00Z", "level": "INFO", "text": text});
    let page = json!({"lines": [line], "next": next, "more": false});
    format!("event: log\ndata: {page}\n\n")
}

/// A peer whose stream breaks off after its first page; the second stream goes on to the end.
fn breaking(asked: &Asked) -> Router {
    let answer = |State(asked): State<Asked>, Query(query): Query<BTreeMap<String, String>>| async move {
        let mut asked = asked.lock().expect("not poisoned");
        asked.push(query);
        match asked.len() {
            1 => log("7", "one"),
            2 => log("9", "two") + "event: log\ndata: {\"li",
            _ => "event: end\ndata: {}\n\n".to_owned(),
        }
    };
    Router::new()
        .route("/api/v1/instances/i/log", get(answer))
        .with_state(Arc::clone(asked))
}

#[tokio::test]
async fn a_log_is_followed_across_restarts_from_the_last_line_that_was_seen() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let asked = Asked::default();
    let router = breaking(&asked);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // While it starts again, its connections break.
        for _ in 0..2 {
            drop(listener.accept().await);
        }
        axum::serve(listener, router).await.expect("it serves");
    });
    let client = client(&[&address], PATIENT);
    LogFollower::new(&client, &OUTPUT, "i", 2, Some("s".to_owned()))
        .follow(PATIENT)
        .await
        .expect("the run ended");
    let asked = asked.lock().expect("not poisoned");
    let cursors: Vec<_> = asked.iter().map(|query| query.get("cursor")).collect();
    assert_eq!(
        cursors,
        [None, Some(&"7".to_owned()), Some(&"9".to_owned())]
    );
    for query in asked.iter() {
        assert_eq!((query["run"].as_str(), query["step"].as_str()), ("2", "s"));
    }
}

#[tokio::test]
async fn a_log_that_nobody_tells_any_more_is_given_up_when_patience_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let patience = Duration::from_millis(600);
    let client = client(&[&address], patience);
    let error = LogFollower::new(&client, &OUTPUT, "i", 1, None)
        .follow(patience)
        .await
        .expect_err("nobody is there");
    assert_eq!(error.exit(), Exit::NoPeer);
}
