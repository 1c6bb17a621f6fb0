use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Peer;
use crate::config::HttpConfig;
use crate::http::{Access, HttpListener, serve};

async fn loopback() -> HttpListener {
    let config = HttpConfig {
        listen: Some("127.0.0.1:0".parse().expect("an address")),
        tls: None,
        token: None,
    };
    let listener = HttpListener::bind(&config).await.expect("a socket");
    listener.expect("HTTP is on")
}

async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request is sent");
    let mut answer = vec![0; 65536];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut answer));
    let length = read.await.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn the_socket_is_served_until_the_node_stops() {
    let peer = Peer::with_access(Access::Loopback).await;
    let listener = loopback().await;
    let address = listener.address();
    let stopping = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, peer.router.clone(), stopping.clone()));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let good = ask(
        &mut stream,
        &format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n"),
    )
    .await;
    assert!(good.starts_with("HTTP/1.1 200"), "{good}");
    let foreign = ask(
        &mut stream,
        "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    )
    .await;
    assert!(
        foreign.starts_with("HTTP/1.1 403") && foreign.contains("urn:peerflow:problem:forbidden"),
        "{foreign}"
    );
    let mut broken = TcpStream::connect(address).await.expect("a connection");
    let answer = ask(&mut broken, "nonsense\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    stopping.cancel();
    let end = tokio::time::timeout(Duration::from_secs(20), tasks.join_next()).await;
    assert!(
        end.expect("it stops in time")
            .expect("the task was there")
            .is_ok()
    );
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_body_of_ten_mebibytes_is_answered_with_a_problem_on_the_wire() {
    let peer = Peer::with_access(Access::Loopback).await;
    let listener = loopback().await;
    let address = listener.address();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(
        listener,
        peer.router.clone(),
        CancellationToken::new(),
    ));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let length = 10 * 1024 * 1024;
    let head = format!(
        "PUT /api/v1/workflows/w HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n"
    );
    stream
        .write_all(head.as_bytes())
        .await
        .expect("the head is sent");
    stream
        .write_all(&vec![b' '; length])
        .await
        .expect("the body is taken to its end");
    let answer = ask(&mut stream, "").await;
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("urn:peerflow:problem:too-large"),
        "{answer}"
    );
}

/// What a fresh connection to `peer` is answered for `request`.
async fn over_a_socket(peer: &Peer, request: &str) -> String {
    let listener = loopback().await;
    let address = listener.address();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(
        listener,
        peer.router.clone(),
        CancellationToken::new(),
    ));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    ask(&mut stream, request).await
}

#[tokio::test]
async fn a_request_without_host_is_refused_on_every_socket() {
    let loopback = Peer::with_access(Access::Loopback).await;
    let open = Peer::with_access(Access::Token("s3cret".into())).await;
    for request in [
        "GET /api/v1/front HTTP/1.0\r\n\r\n",
        "GET /api/v1/front HTTP/1.1\r\n\r\n",
        "GET http://localhost/api/v1/front HTTP/1.1\r\n\r\n",
        "POST /api/v1/reset-all HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n",
    ] {
        for peer in [&loopback, &open] {
            let answer = over_a_socket(peer, request).await;
            let status = answer.split(' ').nth(1);
            assert!(
                status == Some("400") && answer.contains("urn:peerflow:problem:invalid-request"),
                "{request}: {answer}"
            );
        }
    }
    assert!(loopback.asked().is_empty() && open.asked().is_empty());
    let front = "GET /api/v1/front HTTP/1.1\r\nHost: localhost\r\n";
    let answer = over_a_socket(&loopback, &format!("{front}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = over_a_socket(&open, &format!("{front}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = over_a_socket(
        &open,
        &format!("{front}Authorization: Bearer s3cret\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
