//! Who is not of the cluster sees nothing, is not seen, and is counted.

use std::time::Duration;

use chitchat::transport::UdpTransport;
use chitchat::{ChitchatConfig, ChitchatId, FailureDetectorConfig, spawn_chitchat};
use jiff::SignedDuration;
use peerflow_gossip::{Gossip, Membership};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::harness::*;

/// What a node sends to its seed, caught.
async fn caught(trap: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 65_536];
    let received = timeout(Duration::from_secs(30), trap.recv_from(&mut buffer)).await;
    let (length, _from) = received.expect("a seed is asked").expect("a datagram");
    buffer[..length].to_vec()
}

/// Two nodes that see each other, and the second one's datagrams at hand.
async fn pair() -> (Gossip, Gossip) {
    let first = node("n1", &[]).await;
    let second = node("n2", &[first.local_addr()]).await;
    sees_alive(&first, &["n1", "n2"]).await;
    sees_alive(&second, &["n1", "n2"]).await;
    (first, second)
}

#[tokio::test]
async fn a_wrong_secret_and_another_cluster_are_not_seen_and_counted() {
    let (first, second) = pair().await;
    let seed = [first.local_addr()];
    let mut wrong = config("wrong", 1, &seed);
    wrong.key = key(2);
    let mut other = config("other", 1, &seed);
    other.cluster = "elt".into();
    for stranger in [wrong, other] {
        let before = first.meters().dropped.wrong_key;
        let stranger = start(stranger).await;
        counts(&first, "a stranger's datagrams", |meters| {
            meters.dropped.wrong_key >= before + 10
        })
        .await;
        let meters = stranger.meters();
        assert_eq!(
            (meters.received, meters.dropped.wrong_key),
            (0, 0),
            "nobody answers"
        );
        assert_eq!(stranger.members().borrow().iter().count(), 1);
    }
    for gossip in [&first, &second] {
        let members = sees_alive(gossip, &["n1", "n2"]).await;
        assert_eq!(members.iter().count(), 2);
    }
}

#[tokio::test]
async fn a_chitchat_node_without_a_seal_is_not_seen() {
    let (first, second) = pair().await;
    let unused = UdpSocket::bind(loopback()).await.unwrap();
    let place = unused.local_addr().unwrap();
    drop(unused);
    let plain = ChitchatConfig {
        chitchat_id: ChitchatId::new("plain", 1, place),
        cluster_id: "etl".into(),
        gossip_interval: Duration::from_millis(20),
        listen_addr: place,
        seed_nodes: vec![first.local_addr().to_string()],
        failure_detector_config: FailureDetectorConfig::default(),
        marked_for_deletion_grace_period: Duration::from_secs(60),
        catchup_callback: None,
        extra_liveness_predicate: None,
    };
    let plain = spawn_chitchat(plain, Vec::new(), &UdpTransport)
        .await
        .unwrap();
    counts(&first, "plain datagrams", |meters| {
        meters.dropped.malformed >= 20
    })
    .await;
    let known = plain
        .with_chitchat(|chitchat| chitchat.node_states().len())
        .await;
    assert_eq!(known, 1, "it knows itself alone");
    for gossip in [&first, &second] {
        assert_eq!(sees_alive(gossip, &["n1", "n2"]).await.iter().count(), 2);
    }
}

#[tokio::test]
async fn a_datagram_that_comes_twice_is_taken_once() {
    let trap = UdpSocket::bind(loopback()).await.unwrap();
    let first = node("n1", &[]).await;
    let _second = node("n2", &[trap.local_addr().unwrap()]).await;
    let datagram = caught(&trap).await;
    for _time in 0..3 {
        trap.send_to(&datagram, first.local_addr()).await.unwrap();
    }
    counts(&first, "two replays", |meters| {
        meters.dropped.replayed == 2 && meters.received >= 1
    })
    .await;
}

#[tokio::test]
async fn a_peer_whose_clock_is_off_is_dropped_and_named_with_its_skew() {
    for ahead in [
        SignedDuration::from_secs(-90),
        SignedDuration::from_secs(90),
    ] {
        let first = node("n1", &[]).await;
        let mut skewed = config("skewed", 1, &[first.local_addr()]);
        skewed.clock = clock(ahead);
        let skewed = start(skewed).await;
        counts(&first, "old datagrams", |meters| {
            meters.dropped.outside_window >= 5
        })
        .await;
        let skew = first.meters().skew.expect("a skew is known");
        assert_eq!(skew.peer.as_str(), "skewed");
        let off = (skew.ahead - ahead).abs();
        assert!(off < SignedDuration::from_secs(20), "{:?}", skew.ahead);
        assert_eq!(first.members().borrow().iter().count(), 1);
        assert_eq!(skewed.members().borrow().iter().count(), 1);
        assert_eq!(first.meters().received, 0);
    }
}

#[tokio::test]
async fn garbage_is_counted_and_never_answered() {
    let (first, second) = pair().await;
    let stranger = UdpSocket::bind(loopback()).await.unwrap();
    let before = first.meters().dropped;
    let mut garbage: Vec<Vec<u8>> = vec![Vec::new(), vec![0], vec![1; 49], vec![1; 65_507]];
    garbage.extend((0..200_u16).map(|seed| {
        let byte = |at: u16| (seed.wrapping_mul(31) ^ at.wrapping_mul(167)).to_le_bytes()[0];
        (0..seed * 7).map(byte).collect()
    }));
    for (sent, datagram) in (1..).zip(&garbage) {
        stranger
            .send_to(datagram, first.local_addr())
            .await
            .unwrap();
        counts(&first, "garbage", |meters| {
            let now = meters.dropped;
            now.malformed + now.wrong_key == before.malformed + before.wrong_key + sent
        })
        .await;
    }
    let mut buffer = [0; 16];
    let answer = stranger.try_recv_from(&mut buffer);
    assert!(answer.is_err(), "a stranger got an answer: {answer:?}");
    assert_eq!(sees_alive(&first, &["n1", "n2"]).await.iter().count(), 2);
    drop(second);
}
