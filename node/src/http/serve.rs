//! The API on a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections that may be open at once; further ones wait in the listener's queue.
const MAX_CONNECTIONS: usize = 2048;

/// How long the head of a request may take, also of the next one on an idle connection.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);

/// How long connections get to finish their answers once the node stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// Pause after an error of the listener, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers connections of `listener` until `stopping`, then lets answers under way finish, with a bound.
pub(crate) async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) {
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Some(stream) = next(&listener, &places, &stopping, &mut connections).await {
        let Some((stream, place)) = stream else {
            continue;
        };
        let answer = answer(stream, router.clone(), stopping.clone());
        connections.spawn(async move {
            answer.await;
            drop(place);
        });
    }
    drop(listener);
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

/// Answers the requests of one connection.
async fn answer(stream: TcpStream, router: Router, stopping: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's delay");
    }
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
