//! A peer whose process lives and does nothing.

use std::sync::mpsc;
use std::time::Duration;

use tokio::time::Instant;

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
