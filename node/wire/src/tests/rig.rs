//! Peers to test with.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use peerflow_model::{Epoch, Incarnation, NodeId};
use tokio::time::{sleep, timeout};

use crate::{
    ClusterSecret, ClusterTls, Connection, Endpoint, EndpointConfig, Limits, MeterReadings, Version,
};

/// No wait of a test is longer.
pub(super) const BOUND: Duration = Duration::from_secs(30);
pub(super) const CLUSTER: &str = "test";

pub(super) fn secret() -> ClusterSecret {
    "a secret that all the peers of these tests share"
        .parse()
        .unwrap()
}

pub(super) fn other_secret() -> ClusterSecret {
    "a secret that somebody else has and not the tests"
        .parse()
        .unwrap()
}

pub(super) fn config(node: &str) -> EndpointConfig {
    let node = NodeId::from(node);
    EndpointConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: ClusterTls::new(&secret(), CLUSTER, &node).unwrap(),
        node,
        incarnation: Incarnation(7),
        program_version: "0.1.0".to_owned(),
        cluster: CLUSTER.to_owned(),
        epoch: Arc::new(|| Epoch(3)),
        limits: Limits::default(),
    }
}

/// An epoch that a test can move.
pub(super) fn epoch(config: &mut EndpointConfig, first: u64) -> Arc<AtomicU64> {
    let epoch = Arc::new(AtomicU64::new(first));
    let read = Arc::clone(&epoch);
    config.epoch = Arc::new(move || Epoch(read.load(Ordering::Relaxed)));
    epoch
}

pub(super) fn endpoint(node: &str) -> Endpoint {
    Endpoint::bind(config(node)).unwrap()
}

pub(super) fn speaking(node: &str, versions: RangeInclusive<u8>) -> Endpoint {
    let versions = Version(*versions.start())..=Version(*versions.end());
    Endpoint::bind_speaking(config(node), versions).unwrap()
}

/// Two peers that are connected; the endpoints live as long as they are held.
pub(super) struct Pair {
    pub(super) dialled: Connection,
    pub(super) accepted: Connection,
    pub(super) a: Endpoint,
    pub(super) b: Endpoint,
}

pub(super) async fn pair() -> Pair {
    pair_of(config("a"), config("b")).await
}

pub(super) async fn pair_of(a: EndpointConfig, b: EndpointConfig) -> Pair {
    let peer = b.node.clone();
    let (a, b) = (Endpoint::bind(a).unwrap(), Endpoint::bind(b).unwrap());
    let address = b.local_addr().unwrap();
    let dialled = a.connect(&peer, address).await.unwrap();
    let accepted = bounded(b.accept()).await.unwrap();
    Pair {
        dialled,
        accepted,
        a,
        b,
    }
}

/// A peer that is well still gets through to `endpoint`, whose name is `b`.
pub(super) async fn a_good_peer_gets_through(endpoint: &Endpoint) {
    let good = self::endpoint("good");
    let address = endpoint.local_addr().unwrap();
    let dialled = good.connect(&"b".into(), address).await.unwrap();
    let accepted = bounded(endpoint.accept()).await.unwrap();
    assert_eq!(accepted.peer().node, "good".into());
    drop(dialled);
}

pub(super) async fn bounded<F: Future>(future: F) -> F::Output {
    timeout(BOUND, future).await.expect("it takes too long")
}

/// Waits until the meters say so.
pub(super) async fn metered(endpoint: &Endpoint, is_so: impl Fn(&MeterReadings) -> bool) {
    let wait = async {
        while !is_so(&endpoint.meters()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(BOUND, wait).await.is_err() {
        panic!("the meters stay at {:?}", endpoint.meters());
    }
}
