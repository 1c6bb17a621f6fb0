//! Nodes find each other.

use std::net::SocketAddr;
use std::time::Duration;

use peerflow_gossip::{Error, Gossip, LeaseProgress, Membership, Word};
use peerflow_model::Epoch;
use tokio::net::UdpSocket;

use crate::harness::*;

#[tokio::test]
async fn three_nodes_find_each_other_by_one_seed_and_know_what_each_is() {
    let first = node("n1", &[]).await;
    let seed = [first.local_addr()];
    let second = node("n2", &seed).await;
    let third = node("n3", &seed).await;
    for gossip in [&first, &second, &third] {
        let members = sees_alive(gossip, &["n1", "n2", "n3"]).await;
        let n2 = members.member(&"n2".into()).expect("listed");
        assert_eq!(*n2.about, config("n2", 1, &[]).about);
        assert_eq!(n2.gossip, second.local_addr());
        assert!(members.rival().is_none());
    }
}

#[tokio::test]
async fn told_words_arrive_and_the_last_one_stands() {
    let first = node("n1", &[]).await;
    let second = node("n2", &[first.local_addr()]).await;
    sees_alive(&first, &["n1", "n2"]).await;
    let mut word = Word {
        running: 0,
        load: 1.5,
        highest_epoch: Epoch(7),
        lease: Some(LeaseProgress {
            epoch: Epoch(7),
            renewals: 12,
            released: false,
        }),
        store_reachable: true,
        draining: true,
    };
    for running in 1..=100 {
        word.running = running;
        second.tell(word.clone());
    }
    let said =
        |members: &peerflow_gossip::Members| members.member(&"n2".into()).map(|n2| n2.word.clone());
    sees(&first, "the last word", |members| {
        said(members) == Some(word.clone())
    })
    .await;
    sees(&second, "its own word", |members| {
        said(members) == Some(word.clone())
    })
    .await;
    second.tell(Word::default());
    sees(&first, "a word without a lease", |members| {
        said(members) == Some(Word::default())
    })
    .await;
}

#[tokio::test]
async fn a_node_that_was_alone_joins_when_its_seed_comes_up() {
    let unused = UdpSocket::bind(loopback()).await.unwrap();
    let place = unused.local_addr().unwrap();
    let first = node("n1", &[place]).await;
    sees_alive(&first, &["n1"]).await;
    counts(&first, "a seed asked in vain", |meters| meters.sent >= 3).await;
    drop(unused);
    let mut later = config("n2", 1, &[]);
    later.listen = place;
    let second = start(later).await;
    sees_alive(&first, &["n1", "n2"]).await;
    sees_alive(&second, &["n1", "n2"]).await;
}

#[tokio::test]
async fn a_seed_that_cannot_be_resolved_keeps_nobody_from_the_others() {
    let first = node("n1", &[]).await;
    let mut second = config("n2", 1, &[]);
    second.seeds = vec![
        "no-such-host.invalid:7501".into(),
        format!("localhost:{}", first.local_addr().port()),
    ];
    let second = start(second).await;
    sees_alive(&second, &["n1", "n2"]).await;
}

#[tokio::test]
async fn a_node_may_be_its_own_seed() {
    let unused = UdpSocket::bind(loopback()).await.unwrap();
    let place = unused.local_addr().unwrap();
    drop(unused);
    let mut first = config("n1", 1, &[place]);
    first.listen = place;
    let first = start(first).await;
    let second = node("n2", &[place]).await;
    sees_alive(&first, &["n1", "n2"]).await;
    sees_alive(&second, &["n1", "n2"]).await;
}

#[tokio::test]
async fn peers_use_the_advertised_address() {
    let first = node("n1", &[]).await;
    let seed = [first.local_addr()];
    let mut second = config("n2", 1, &seed);
    second.listen = ([0, 0, 0, 0], 0).into();
    second.advertise = Some(([127, 0, 0, 1], 0).into());
    let second = start(second).await;
    assert_eq!(
        second.advertised_addr(),
        SocketAddr::from(([127, 0, 0, 1], second.local_addr().port()))
    );
    let third = node("n3", &seed).await;
    for gossip in [&first, &second, &third] {
        let members = sees_alive(gossip, &["n1", "n2", "n3"]).await;
        let n2 = members.member(&"n2".into()).expect("listed");
        assert_eq!(n2.gossip, second.advertised_addr());
    }
}

#[tokio::test]
async fn nodes_meet_over_ipv6_and_across_both_families() {
    let mut first = config("n1", 1, &[]);
    first.listen = "[::]:0".parse().unwrap();
    first.advertise = Some("127.0.0.1:0".parse().unwrap());
    let Ok(first) = Gossip::bind(first).await else {
        return; // A machine without IPv6.
    };
    let first = first.run();
    let by_four = node("n2", &[first.advertised_addr()]).await;
    sees_alive(&first, &["n1", "n2"]).await;
    sees_alive(&by_four, &["n1", "n2"]).await;

    let mut six = config("n3", 1, &[]);
    six.listen = "[::1]:0".parse().unwrap();
    let six = start(six).await;
    let mut other = config("n4", 1, &[six.local_addr()]);
    other.listen = "[::1]:0".parse().unwrap();
    let other = start(other).await;
    sees_alive(&six, &["n3", "n4"]).await;
    sees_alive(&other, &["n3", "n4"]).await;
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_the_start() {
    let taken = UdpSocket::bind(loopback()).await.unwrap();
    let mut config_taken = config("n1", 1, &[]);
    config_taken.listen = taken.local_addr().unwrap();
    let error = Gossip::bind(config_taken)
        .await
        .expect_err("the port is taken");
    assert!(matches!(error, Error::Bind { .. }), "{error}");

    let long = Gossip::bind(config("a-name-of-21-bytes-xx", 1, &[])).await;
    assert!(matches!(long, Err(Error::BadNodeId { .. })), "{long:?}");
    let mut hasty = config("n1", 1, &[]);
    hasty.interval = Duration::ZERO;
    let hasty = Gossip::bind(hasty).await;
    assert!(matches!(hasty, Err(Error::BadInterval { .. })), "{hasty:?}");
    let mut portless = config("n1", 1, &[]);
    portless.seeds = vec!["node1".into()];
    let error = Gossip::bind(portless).await.expect_err("no port");
    assert!(error.to_string().contains("\"node1\""), "{error}");
    let mut nameless = config("n1", 1, &[]);
    nameless.cluster = String::new();
    let nameless = Gossip::bind(nameless).await;
    assert!(
        matches!(nameless, Err(Error::BadCluster { .. })),
        "{nameless:?}"
    );
}

#[tokio::test]
async fn a_machine_with_hundreds_of_addresses_still_joins() {
    let first = node("n1", &[]).await;
    let mut many = config("n2", 1, &[first.local_addr()]);
    many.about
        .hosts
        .extend((0..1_000).map(|n| format!("10.9.{}.{}", n / 250, n % 250)));
    let _many = start(many).await;
    let members = sees_alive(&first, &["n1", "n2"]).await;
    let hosts = &members.member(&"n2".into()).expect("listed").about.hosts;
    assert!(hosts.contains("n2") && hosts.len() > 100, "{hosts:?}");
}
