//! The API on a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::HttpListener;
use super::problem::ApiProblem;

/// Connections that may be open at once; further ones wait in the listener's queue.
const MAX_CONNECTIONS: usize = 2048;

/// How long the head of a request may take, also of the next one on an idle connection.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);

/// How long connections get to finish their answers once the node stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// Pause after an error of the listener, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a TLS handshake may take, with waiting for its turn.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// TLS handshakes that may be under way at once; they cost more than requests do.
const MAX_HANDSHAKES: usize = 256;

/// Answers connections of `listener` until `stopping`, then lets answers under way finish, with a bound.
pub(crate) async fn serve(listener: HttpListener, router: Router, stopping: CancellationToken) {
    let HttpListener { socket, tls, .. } = listener;
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let door = tls.map(|certificates| {
        let watch = stopping.clone();
        let door = Door {
            acceptor: certificates.acceptor(),
            turns: Arc::new(Semaphore::new(MAX_HANDSHAKES)),
        };
        connections.spawn(async move { certificates.watch(&watch).await });
        door
    });
    while let Some(stream) = next(&socket, &places, &stopping, &mut connections).await {
        let Some((stream, place)) = stream else {
            continue;
        };
        let answer = answer(stream, door.clone(), router.clone(), stopping.clone());
        connections.spawn(async move {
            answer.await;
            drop(place);
        });
    }
    drop(socket);
    let farewell = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        tracing::debug!("connections that did not finish in time are cut");
    }
}

type Place = tokio::sync::OwnedSemaphorePermit;

/// The next connection; the outer `None` once the node stops.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stopping: &CancellationToken,
    connections: &mut JoinSet<()>,
) -> Option<Option<(TcpStream, Place)>> {
    while connections.try_join_next().is_some() {}
    let accept = async {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, _)) => Some((stream, place)),
            Err(error) => {
                tracing::warn!(%error, "a connection to the HTTP API could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => None,
        taken = accept => Some(taken),
    }
}

/// What leads from a TCP connection to a TLS one.
#[derive(Clone)]
struct Door {
    acceptor: TlsAcceptor,
    turns: Arc<Semaphore>,
}

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    door: Option<Door>,
    router: Router,
    stopping: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's delay");
    }
    let Some(door) = door else {
        return answer_on(stream, router, stopping).await;
    };
    let entering = tokio::time::timeout(HANDSHAKE_PATIENCE, enter(stream, &door));
    let entered = match stopping.run_until_cancelled(entering).await {
        Some(Ok(entered)) => entered,
        Some(Err(_elapsed)) => return tracing::debug!("a TLS handshake took too long"),
        None => return,
    };
    match entered {
        Ok(Entered::Tls(stream)) => answer_on(*stream, router, stopping).await,
        Ok(Entered::Plain(stream)) => {
            let refuse = answer_on(stream, Router::new().fallback(not_plain), stopping);
            if tokio::time::timeout(HANDSHAKE_PATIENCE, refuse)
                .await
                .is_err()
            {
                tracing::debug!("a plain connection to the TLS port stayed open");
            }
        }
        Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
    }
}

/// What came to the TLS port.
enum Entered {
    Tls(Box<TlsStream<TcpStream>>),
    /// Plain HTTP, by its first byte.
    Plain(TcpStream),
}

async fn enter(stream: TcpStream, door: &Door) -> std::io::Result<Entered> {
    let mut first = [0; 1];
    if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        return Ok(Entered::Plain(stream));
    }
    let turn = door.turns.acquire().await;
    let stream = door.acceptor.accept(stream).await?;
    drop(turn);
    Ok(Entered::Tls(Box::new(stream)))
}

/// Tells whoever speaks plain HTTP to the TLS port what to do; nothing that they ask is done.
async fn not_plain() -> ([(HeaderName, &'static str); 1], ApiProblem) {
    let problem = ApiProblem::invalid_request(
        "this port speaks HTTPS; write https:// before the peer's address",
    );
    ([(header::CONNECTION, "close")], problem)
}

async fn answer_on(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: Router,
    stopping: CancellationToken,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router
                    .oneshot(request.map(Body::new))
                    .await
                    .unwrap_or_else(|never| match never {}),
            )
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the HTTP API ended");
    }
}
