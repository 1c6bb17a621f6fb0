//! Peers that say nothing: one that has nothing to say, and one whose process lives and does nothing.

use std::sync::mpsc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::rig::*;
use crate::Error;

#[tokio::test]
async fn a_frozen_peer_is_noticed_in_a_few_seconds() {
    let a = endpoint("a");
    let (address, its_address) = tokio::sync::oneshot::channel();
    let (freeze, frozen) = tokio::sync::oneshot::channel::<()>();
    let (thaw, thawed) = mpsc::channel::<()>();
    // A runtime of its own, whose only thread can be held up as a stopped process is.
    let peer = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let b = endpoint("b");
            address.send(b.local_addr().unwrap()).unwrap();
            let connection = bounded(b.accept()).await.unwrap();
            frozen.await.unwrap();
            thawed.recv_timeout(BOUND).unwrap();
            // Awake again, it finds that it is alone.
            bounded(connection.closed()).await
        })
    });
    let address = its_address.await.unwrap();
    let connection = a.connect(&"b".into(), address).await.unwrap();
    freeze.send(()).unwrap();
    let before = Instant::now();
    let error = bounded(connection.closed()).await;
    assert!(matches!(error, Error::Lost { .. }), "{error:?}");
    assert!(error.to_string().contains("no longer answers"), "{error}");
    assert!(
        before.elapsed() < Duration::from_secs(6),
        "{:?}",
        before.elapsed()
    );
    thaw.send(()).unwrap();
    let joined = tokio::task::spawn_blocking(move || peer.join());
    assert!(matches!(
        bounded(joined).await.unwrap().unwrap(),
        Error::Lost { .. }
    ));
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_said_stays_up() {
    let quick = |node| {
        let mut config = config(node);
        config.limits.idle = Duration::from_secs(1);
        config.limits.keep_alive = Duration::from_millis(200);
        config
    };
    let pair = pair_of(quick("a"), quick("b")).await;
    // Far longer than the limit, without a word of ours.
    let closed = timeout(Duration::from_secs(4), pair.accepted.closed()).await;
    assert!(closed.is_err(), "{closed:?}");
    assert_eq!(pair.dialled.close_reason(), None);
}
