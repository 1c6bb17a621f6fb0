//! Who is up, and who is refused with which words.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use peerflow_model::{Epoch, Incarnation};
use quinn::Runtime;
use tokio::time::Instant;

use super::rig::*;
use crate::{ClusterTls, Endpoint, Error, Version};

#[tokio::test]
async fn peers_tell_each_other_who_they_are() {
    let mut b = config("b");
    b.incarnation = Incarnation(9);
    b.program_version = "0.2.0".to_owned();
    let epoch = epoch(&mut b, 4);
    let pair = pair_of(config("a"), b).await;
    let (of_b, of_a) = (pair.dialled.peer(), pair.accepted.peer());
    assert_eq!(
        (of_b.node.as_str(), of_b.incarnation),
        ("b", Incarnation(9))
    );
    assert_eq!(
        (of_a.node.as_str(), of_a.incarnation),
        ("a", Incarnation(7))
    );
    assert_eq!(of_b.program_version, "0.2.0");
    assert_eq!((of_b.epoch, of_a.epoch), (Epoch(4), Epoch(3)));
    assert_eq!(
        (of_b.version, of_a.version),
        (Version::NEWEST, Version::NEWEST)
    );

    epoch.store(5, Ordering::Relaxed);
    let again = pair
        .a
        .connect(&"b".into(), pair.b.local_addr().unwrap())
        .await;
    assert_eq!(again.unwrap().peer().epoch, Epoch(5));
    let (a, b) = (pair.a.meters(), pair.b.meters());
    assert_eq!(
        (a.dialled, b.accepted, b.strangers, b.refused),
        (2, 2, 0, 0)
    );
}

#[tokio::test]
async fn the_newest_version_that_both_speak_is_spoken() {
    let (old, new) = (speaking("old", 1..=4), speaking("new", 3..=9));
    let dialled = old
        .connect(&"new".into(), new.local_addr().unwrap())
        .await
        .unwrap();
    let accepted = bounded(new.accept()).await.unwrap();
    assert_eq!(dialled.peer().version, Version(4));
    assert_eq!(accepted.peer().version, Version(4));
}

#[tokio::test]
async fn peers_without_a_common_version_say_which_one_to_upgrade() {
    let (old, new) = (speaking("old", 1..=1), speaking("b", 2..=3));
    let error = old
        .connect(&"b".into(), new.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("speaks versions 1 to 1") && text.contains("2 to 3"),
        "{text}"
    );
    assert!(text.contains("upgrade the older node"), "{text}");
    metered(&new, |meters| meters.refused == 1).await;
    let good = speaking("good", 1..=2);
    good.connect(&"b".into(), new.local_addr().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn another_node_at_the_address_is_named() {
    let (a, c) = (endpoint("a"), endpoint("c"));
    let error = a
        .connect(&"b".into(), c.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::OtherNode { expected, found, .. }
            if expected.as_str() == "b" && found.as_str() == "c"),
        "{error:?}"
    );
    // The other node thought it was up; it learns that it is not.
    if let Some(connection) = bounded(c.accept()).await {
        let closed = bounded(connection.closed()).await.to_string();
        assert!(closed.contains("is node c and not b"), "{closed}");
    }
}

#[tokio::test]
async fn a_node_cannot_go_by_the_name_of_another() {
    let mut liar = config("liar");
    liar.node = "a".into();
    let (liar, b) = (Endpoint::bind(liar).unwrap(), endpoint("b"));
    let error = liar
        .connect(&"b".into(), b.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the certificate of another node"),
        "{error}"
    );
    metered(&b, |meters| meters.refused == 1).await;

    let error = b
        .connect(&"a".into(), liar.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("certificate is of another node"),
        "{error}"
    );
    a_good_peer_gets_through(&b).await;
}

#[tokio::test]
async fn two_nodes_of_one_name_are_told() {
    let mut twin = config("b");
    twin.incarnation = Incarnation(8);
    let (twin, b) = (Endpoint::bind(twin).unwrap(), endpoint("b"));
    let error = twin
        .connect(&"b".into(), b.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("give each a node.id of its own"),
        "{error}"
    );
}

#[tokio::test]
async fn a_node_of_another_cluster_is_refused_though_the_secret_is_the_same() {
    let b = endpoint("b");
    let mut other = config("a");
    other.cluster = "other".to_owned();
    // Its certificate is of this cluster, so that only the greeting tells them apart.
    let foreign = Endpoint::bind(other.clone()).unwrap();
    let error = foreign
        .connect(&"b".into(), b.local_addr().unwrap())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("\"other\"") && text.contains("\"test\""),
        "{text}"
    );
    metered(&b, |meters| meters.refused == 1).await;

    other.tls = ClusterTls::new(&secret(), "other", &"a".into()).unwrap();
    let foreign = Endpoint::bind(other).unwrap();
    let error = foreign
        .connect(&"b".into(), b.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Stranger { .. }), "{error:?}");
    a_good_peer_gets_through(&b).await;
}

#[tokio::test]
async fn an_address_where_nobody_answers_is_given_up_in_time() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let a = endpoint("a");
    let before = Instant::now();
    let error = a
        .connect(&"b".into(), silent.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(before.elapsed() < BOUND / 3);
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("cannot reach b"), "{error}");
    assert_eq!(a.meters().failed, 1);
}

#[tokio::test]
async fn a_node_that_stops_tells_its_peers() {
    let pair = pair().await;
    metered(&pair.b, |meters| meters.connections == 1).await;
    bounded(pair.a.close()).await;
    let closed = bounded(pair.accepted.closed()).await.to_string();
    assert!(closed.contains("the node stops"), "{closed}");
    assert!(bounded(pair.a.accept()).await.is_none());
    let error = pair
        .a
        .connect(&"b".into(), pair.b.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Closed), "{error:?}");
    metered(&pair.b, |meters| meters.connections == 0).await;
}

#[tokio::test]
async fn a_node_id_that_gossip_cannot_carry_is_refused() {
    for id in ["", "123456789012345678901"] {
        let error = ClusterTls::new(&secret(), CLUSTER, &id.into()).unwrap_err();
        assert!(error.to_string().contains("1 to 20 bytes"), "{error}");
    }
    // Ids are free text of any script.
    ClusterTls::new(&secret(), CLUSTER, &"节点 1/东.".into()).unwrap();
}

#[tokio::test]
async fn a_node_that_listens_on_all_addresses_is_reached_by_either_family() {
    let mut config = config("b");
    config.listen = "[::]:0".parse().unwrap();
    if UdpSocket::bind(config.listen).is_err() {
        // A machine without IPv6.
        return;
    }
    let b = Endpoint::bind(config).unwrap();
    let port = b.local_addr().unwrap().port();
    let a = endpoint("a");
    a.connect(&"b".into(), ([127, 0, 0, 1], port).into())
        .await
        .unwrap();
    b.connect(&"a".into(), a.local_addr().unwrap())
        .await
        .unwrap();
}

/// A network that gives every socket a port of its own, whatever was asked for.
#[derive(Debug)]
struct Elsewhere;

impl crate::Network for Elsewhere {
    fn bind(&self, _listen: SocketAddr) -> std::io::Result<Arc<dyn quinn::AsyncUdpSocket>> {
        quinn::TokioRuntime.wrap_udp_socket(UdpSocket::bind("127.0.0.1:0")?)
    }
}

#[tokio::test]
async fn another_network_serves_as_well() {
    let b = Endpoint::bind_on(config("b"), &Elsewhere).unwrap();
    a_good_peer_gets_through(&b).await;
}
