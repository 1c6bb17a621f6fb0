//! The client while peers come and go.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::testing::client;
use super::*;
use crate::error::Exit;

const PATIENT: Duration = Duration::from_secs(30);

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

/// Answers with the key of each write, and remembers it.
fn keeping(keys: &Arc<Mutex<Vec<String>>>) -> Router {
    let keys = Arc::clone(keys);
    Router::new().route(
        "/api/v1/workflows/w/run",
        post(move |headers: HeaderMap| async move {
            let key = headers["idempotency-key"]
                .to_str()
                .expect("text")
                .to_owned();
            keys.lock().expect("not poisoned").push(key);
            axum::Json(json!({"instance": "i"}))
        }),
    )
}

/// Reads one request and gives its key; the connection stays.
async fn take(listener: &TcpListener) -> (tokio::net::TcpStream, String) {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.expect("a request");
        read.extend_from_slice(&byte);
    }
    let text = String::from_utf8_lossy(&read).to_lowercase();
    let key = text
        .lines()
        .find_map(|line| line.strip_prefix("idempotency-key: "));
    (stream, key.unwrap_or_default().to_owned())
}

fn write() -> Ask {
    Ask::write(Method::POST, "/workflows/w/run")
}

#[tokio::test]
async fn a_write_whose_connection_broke_is_repeated_under_its_key() {
    let (listener, address) = listen().await;
    let mut tasks = JoinSet::new();
    let keys = Arc::default();
    let served = keeping(&keys);
    let first = Arc::clone(&keys);
    tasks.spawn(async move {
        // The peer dies with the request in its hands; then it is back.
        let (stream, key) = take(&listener).await;
        first.lock().expect("not poisoned").push(key);
        drop(stream);
        axum::serve(listener, served).await.expect("it serves");
    });
    let answer = client(&[&address], PATIENT).value(&write()).await;
    assert_eq!(answer.expect("an answer")["instance"], "i");
    let keys = keys.lock().expect("not poisoned");
    assert_eq!(keys.len(), 2);
    assert!(keys[0].len() == 32 && keys[0] == keys[1], "{keys:?}");
}

#[tokio::test]
async fn a_write_whose_answer_broke_off_is_asked_for_again() {
    let (listener, address) = listen().await;
    let mut tasks = JoinSet::new();
    let keys = Arc::default();
    let served = keeping(&keys);
    tasks.spawn(async move {
        let (mut stream, _) = take(&listener).await;
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"inst";
        stream.write_all(half).await.expect("it is taken");
        drop(stream);
        axum::serve(listener, served).await.expect("it serves");
    });
    let answer = client(&[&address], PATIENT).value(&write()).await;
    assert_eq!(answer.expect("an answer")["instance"], "i");
}

#[tokio::test]
async fn a_write_that_nobody_can_tell_about_is_no_mere_absence() {
    let (listener, address) = listen().await;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        drop(take(&listener).await);
    });
    let client = client(&[&address], Duration::from_millis(700));
    let error = client.value(&write()).await.expect_err("nobody answers");
    assert_eq!(error.exit(), Exit::NoPeer);
    assert!(matches!(error, Error::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_read_from_a_peer_that_is_gone_fails_at_once() {
    let (listener, address) = listen().await;
    drop(listener);
    let begun = Instant::now();
    let error = client(&[&address], PATIENT)
        .value(&Ask::get("/front"))
        .await
        .expect_err("nobody is there");
    assert_eq!(error.exit(), Exit::NoPeer);
    assert!(begun.elapsed() < PATIENT / 2);
}

#[tokio::test]
async fn a_peer_that_takes_connections_and_says_nothing_is_passed_over() {
    let (_silent, silent) = listen().await;
    let (listener, address) = listen().await;
    let mut tasks = JoinSet::new();
    let router = Router::new().route("/api/v1/front", get(|| async { axum::Json(json!(1)) }));
    tasks.spawn(async move {
        axum::serve(listener, router).await.expect("it serves");
    });
    let client = client(&[&silent, &address], PATIENT);
    let begun = Instant::now();
    let answer = client.value(&Ask::get("/front")).await;
    assert_eq!(answer.expect("an answer"), json!(1));
    assert!(begun.elapsed() < ANSWER_PATIENCE, "it was waited for");
    // It is not asked first any more.
    assert_eq!(client.preferred.load(Ordering::Relaxed), 1);
}

#[test]
fn large_bodies_have_longer() {
    let small = write();
    let large = write().body("application/octet-stream", vec![0; 8 << 20]);
    assert_eq!(small.patience(1), PASSED_OVER_AFTER);
    assert_eq!(small.patience(0), ANSWER_PATIENCE);
    assert_eq!(large.patience(1), PASSED_OVER_AFTER + 8 * PER_MEBIBYTE);
}
