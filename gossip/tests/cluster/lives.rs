//! Nodes die, come back, leave, and meet their double.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use peerflow_gossip::{DatagramSocket, Gossip, MemberState, Membership, Network, Udp, Word};
use peerflow_model::Incarnation;
use tokio::sync::Notify;

use crate::harness::*;

#[tokio::test]
async fn a_killed_node_is_called_dead_and_comes_back_in_a_new_life() {
    let first = node("n1", &[]).await;
    let seed = [first.local_addr()];
    let second = node("n2", &seed).await;
    let third = node("n3", &seed).await;
    for gossip in [&first, &second, &third] {
        sees_alive(gossip, &["n1", "n2", "n3"]).await;
    }
    drop(third);
    for gossip in [&first, &second] {
        let dead = sees_state(gossip, "n3", MemberState::Dead).await;
        assert_eq!(dead.incarnation, Incarnation(1));
    }
    let third = start(config("n3", 2, &seed)).await;
    for gossip in [&first, &second, &third] {
        let members = sees_alive(gossip, &["n1", "n2", "n3"]).await;
        let n3 = members.member(&"n3".into()).expect("listed");
        assert_eq!(n3.incarnation, Incarnation(2));
        assert_eq!(members.iter().count(), 3);
    }
}

#[tokio::test]
async fn a_node_that_leaves_is_called_left_and_never_dead() {
    let first = node("n1", &[]).await;
    let second = node("n2", &[first.local_addr()]).await;
    sees_alive(&first, &["n1", "n2"]).await;
    sees_alive(&second, &["n1", "n2"]).await;
    second.leave().await;
    sees_state(&second, "n2", MemberState::Left).await;
    drop(second);
    sees(&first, "n2 left", |members| {
        let state = members.member(&"n2".into()).map(|n2| n2.state);
        assert_ne!(state, Some(MemberState::Dead));
        state == Some(MemberState::Left)
    })
    .await;
    let back = start(config("n2", 2, &[first.local_addr()])).await;
    let n2 = sees_state(&first, "n2", MemberState::Alive).await;
    assert_eq!(n2.incarnation, Incarnation(2));
    drop(back);
}

#[tokio::test]
async fn a_node_alone_leaves_in_peace() {
    let only = node("n1", &[]).await;
    only.leave().await;
    sees_state(&only, "n1", MemberState::Left).await;
}

#[tokio::test]
async fn of_two_nodes_with_one_id_the_older_reports_the_newer() {
    let first = node("n1", &[]).await;
    let seed = [first.local_addr()];
    let older = start(config("twin", 5, &seed)).await;
    sees_alive(&first, &["n1", "twin"]).await;
    let newer = start(config("twin", 7, &seed)).await;
    let members = sees(&older, "a rival", |members| members.rival().is_some()).await;
    let rival = members.rival().expect("just seen");
    assert_eq!(rival.incarnation, Incarnation(7));
    assert_eq!(rival.gossip, newer.local_addr());
    let own = members.own().expect("listed");
    assert_eq!(own.incarnation, Incarnation(5));
    sees(&first, "the newer twin", |members| {
        let twin = members.member(&"twin".into());
        twin.is_some_and(|twin| twin.incarnation == Incarnation(7))
    })
    .await;
    sees_alive(&newer, &["n1", "twin"]).await;
    assert!(newer.members().borrow().rival().is_none());

    drop(newer);
    sees(&older, "no rival", |members| members.rival().is_none()).await;
}

/// UDP whose socket breaks on demand.
#[derive(Clone, Debug, Default)]
struct Fragile(Arc<Notify>);

#[derive(Debug)]
struct FragileSocket(Box<dyn DatagramSocket>, Arc<Notify>);

#[async_trait]
impl Network for Fragile {
    async fn bind(&self, listen: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let socket = Udp.bind(listen).await?;
        Ok(Box::new(FragileSocket(socket, Arc::clone(&self.0))))
    }
}

#[async_trait]
impl DatagramSocket for FragileSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        self.0.send_to(datagram, to).await
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        tokio::select! {
            biased;
            () = self.1.notified() => Err(io::Error::other("broken on purpose")),
            received = self.0.recv_from(buffer) => received,
        }
    }
}

#[tokio::test]
async fn a_socket_that_breaks_is_opened_again_in_the_same_life() {
    let network = Fragile::default();
    let first = Gossip::bind_on(config("n1", 1, &[]), Arc::new(network.clone())).await;
    let first = first.expect("it binds").run();
    let second = node("n2", &[first.local_addr()]).await;
    sees_alive(&first, &["n1", "n2"]).await;
    sees_alive(&second, &["n1", "n2"]).await;
    for running in 1..=5 {
        first.tell(Word {
            running,
            ..Word::default()
        });
        sees(&second, "a word", |members| {
            members
                .member(&"n1".into())
                .is_some_and(|n1| n1.word.running == running)
        })
        .await;
    }
    network.0.notify_one();
    counts(&first, "a restart", |meters| meters.restarts == 1).await;
    first.tell(Word {
        running: 77,
        ..Word::default()
    });
    sees(&second, "the same life going on", |members| {
        members.member(&"n1".into()).is_some_and(|n1| {
            n1.state == MemberState::Alive
                && n1.word.running == 77
                && n1.incarnation == Incarnation(1)
        })
    })
    .await;
    sees_alive(&first, &["n1", "n2"]).await;
}
