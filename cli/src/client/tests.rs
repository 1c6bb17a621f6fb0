//! The client against small servers that answer as a cluster might.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::error::Exit;
use crate::language::Language;

/// Serves `router` until the set is dropped.
async fn serve(tasks: &mut JoinSet<()>, router: Router) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tasks.spawn(async move {
        axum::serve(listener, router).await.expect("it serves");
    });
    plain(address)
}

fn plain(address: SocketAddr) -> Peer {
    Peer {
        https: false,
        authority: address.to_string(),
    }
}

/// An address where nobody listens.
async fn nobody() -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    plain(listener.local_addr().expect("an address"))
}

fn client(peers: Vec<Peer>, timeout: Duration) -> Client {
    let trust = trust(None).expect("known authorities");
    Client::new(
        Transport::http(peers, trust, Language::English),
        timeout,
        None,
    )
}

fn unavailable() -> axum::response::Response {
    let problem = json!({"type": "urn:peerflow:problem:unavailable", "title": "nobody can decide that now",
        "status": 503, "detail": "there is no master"});
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [("retry-after", "0")],
        axum::Json(problem),
    )
        .into_response()
}

const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_first_peer_that_answers_is_used_and_kept() {
    let mut tasks = JoinSet::new();
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let router = Router::new().route(
        "/api/v1/front",
        get(move || async move {
            count.fetch_add(1, Ordering::Relaxed);
            axum::Json(json!({"ok": true}))
        }),
    );
    let peers = vec![nobody().await, serve(&mut tasks, router).await];
    let client = client(peers, PATIENT);
    for _ in 0..2 {
        assert_eq!(
            client.value(&Ask::get("/front")).await.expect("an answer"),
            json!({"ok": true})
        );
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(client.preferred.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn nobody_reachable_names_every_peer() {
    let peers = vec![nobody().await, nobody().await];
    let error = client(peers.clone(), PATIENT)
        .value(&Ask::get("/front"))
        .await
        .expect_err("nobody is there");
    assert_eq!(error.exit(), Exit::NoPeer);
    let Error::NoPeer { reasons } = error else {
        panic!("{error:?}")
    };
    for (peer, reason) in peers.iter().zip(&reasons) {
        assert!(reason.contains(&peer.authority), "{reason}");
    }
}

#[tokio::test]
async fn a_write_is_repeated_with_the_same_key_until_there_is_a_master() {
    let mut tasks = JoinSet::new();
    let keys: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&keys);
    let router = Router::new().route(
        "/api/v1/workflows/w/run",
        post(move |headers: HeaderMap| async move {
            let key = headers["idempotency-key"]
                .to_str()
                .expect("text")
                .to_owned();
            let mut keys = seen.lock().expect("not poisoned");
            keys.push(key);
            if keys.len() < 3 {
                unavailable()
            } else {
                axum::Json(json!({"instance": "i"})).into_response()
            }
        }),
    );
    let client = client(vec![serve(&mut tasks, router).await], PATIENT);
    let answer = client
        .value(&Ask::write(Method::POST, "/workflows/w/run"))
        .await
        .expect("an answer");
    assert_eq!(answer["instance"], "i");
    let keys = keys.lock().expect("not poisoned");
    assert_eq!(keys.len(), 3);
    assert!(
        keys.iter().all(|key| key.len() == 32 && *key == keys[0]),
        "{keys:?}"
    );
    assert_ne!(idempotency_key(), keys[0]);
}

#[tokio::test]
async fn a_cluster_without_a_master_is_waited_for_as_long_as_asked() {
    let mut tasks = JoinSet::new();
    let router = Router::new().route("/api/v1/front", get(|| async { unavailable() }));
    let peers = vec![serve(&mut tasks, router).await];
    let error = client(peers, Duration::from_millis(250))
        .value(&Ask::get("/front"))
        .await
        .expect_err("there is no master");
    assert_eq!(error.exit(), Exit::NoMaster);
    assert!(matches!(error, Error::NoMaster { detail, .. } if detail == "there is no master"));
}

#[tokio::test]
async fn another_peer_is_asked_before_a_master_is_waited_for() {
    let mut tasks = JoinSet::new();
    let cut_off = Router::new().route("/api/v1/front", get(|| async { unavailable() }));
    let fine = Router::new().route("/api/v1/front", get(|| async { axum::Json(json!(1)) }));
    let peers = vec![
        serve(&mut tasks, cut_off).await,
        serve(&mut tasks, fine).await,
    ];
    assert_eq!(
        client(peers, Duration::ZERO)
            .value(&Ask::get("/front"))
            .await
            .expect("an answer"),
        json!(1)
    );
}

#[tokio::test]
async fn a_refusal_is_final_whatever_its_body() {
    let router = Router::new()
        .route("/api/v1/plain", get(|| async { (StatusCode::BAD_GATEWAY, "a proxy says no") }))
        .route(
            "/api/v1/problem",
            get(|| async {
                let problem = json!({"type": "urn:peerflow:problem:missing-parameters", "title": "t", "status": 422,
                    "detail": "d", "missing": ["day"], "further": 1});
                (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(problem))
            }),
        );
    let client = Client::new(Transport::InProcess(router), PATIENT, None);
    let plain = client
        .value(&Ask::get("/plain"))
        .await
        .expect_err("refused");
    assert!(
        matches!(plain, Error::Refused(problem) if problem.detail == "a proxy says no" && problem.status == 502)
    );
    let missing = client
        .value(&Ask::get("/problem"))
        .await
        .expect_err("refused");
    assert_eq!(missing.exit(), Exit::Usage);
    assert!(matches!(missing, Error::Refused(problem) if problem.missing == ["day"]));
}

#[tokio::test]
async fn the_token_and_the_host_go_with_every_request() {
    let router = Router::new().route(
        "/api/v1/front",
        get(|headers: HeaderMap| async move {
            let text = |name: &str| headers[name].to_str().expect("text").to_owned();
            axum::Json(json!([text("authorization"), text("host")]))
        }),
    );
    let token = HeaderValue::from_static("Bearer t0ken");
    let client = Client::new(Transport::InProcess(router), PATIENT, Some(token));
    assert_eq!(
        client.value(&Ask::get("/front")).await.expect("an answer"),
        json!(["Bearer t0ken", "localhost"])
    );
}

#[tokio::test]
async fn names_of_any_characters_reach_the_peer_unchanged() {
    let router = Router::new().route(
        "/api/v1/workflows/{name}",
        get(
            |axum::extract::Path(name): axum::extract::Path<String>| async move {
                axum::Json(json!(name))
            },
        ),
    );
    let client = Client::new(Transport::InProcess(router), PATIENT, None);
    for name in ["日报", "a/b", "..", "a b?c=d&e#f%", "\"<>"] {
        let answer = client
            .value(&Ask::get(format!("/workflows/{}", segment(name))))
            .await;
        assert_eq!(answer.expect("an answer"), json!(name));
    }
}

#[tokio::test]
async fn events_are_read_as_they_come() {
    let body = "event: line\ndata: 1\n\nevent: end\ndata: {}\n\n";
    let router = Router::new().route("/api/v1/events", get(move || async move { body }));
    let client = Client::new(Transport::InProcess(router), PATIENT, None);
    let mut events = client.events(&Ask::get("/events")).await.expect("a stream");
    let mut names = Vec::new();
    while let Some(event) = events.next().await.expect("an event") {
        names.push(event.name);
    }
    assert_eq!(names, ["line", "end"]);
}

#[test]
fn a_query_holds_only_what_is_given() {
    let pairs = [
        ("a", None),
        ("b", Some("x y&".to_owned())),
        ("c", Some("日".to_owned())),
    ];
    assert_eq!(query(&pairs), "?b=x%20y%26&c=%E6%97%A5");
    assert_eq!(query(&[("a", None)]), "");
}
