//! Nodes on loopback, and waiting for what they see.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_gossip::{
    About, Gossip, GossipConfig, GossipKey, Member, MemberState, Members, Membership, Meters,
    WallClock,
};
use peerflow_model::{Incarnation, NodeId};
use tokio::time::{interval, timeout};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

pub(crate) fn key(byte: u8) -> GossipKey {
    GossipKey::new([byte; 32])
}

#[expect(clippy::disallowed_methods, reason = "this is the seam")]
pub(crate) fn clock(ahead: SignedDuration) -> WallClock {
    WallClock::new(move || Timestamp::now() + ahead)
}

pub(crate) fn config(node: &str, incarnation: u64, seeds: &[SocketAddr]) -> GossipConfig {
    GossipConfig {
        cluster: "etl".into(),
        node: node.into(),
        incarnation: Incarnation(incarnation),
        listen: loopback(),
        advertise: None,
        seeds: seeds.iter().map(ToString::to_string).collect(),
        interval: Duration::from_millis(50),
        key: key(1),
        clock: clock(SignedDuration::ZERO),
        about: About {
            http: Some(format!("http://{node}:7500")),
            rpc: Some(([127, 0, 0, 1], 7502).into()),
            labels: BTreeSet::from(["gpu".to_owned()]),
            hosts: BTreeSet::from([node.to_owned()]),
            slots: 4,
            version: "0.1.0".into(),
            started_at: Timestamp::UNIX_EPOCH,
        },
    }
}

pub(crate) async fn start(config: GossipConfig) -> Gossip {
    Gossip::bind(config).await.expect("it binds").run()
}

/// A node with these seeds, in its first life.
pub(crate) async fn node(id: &str, seeds: &[SocketAddr]) -> Gossip {
    start(config(id, 1, seeds)).await
}

/// Waits until the node sees this.
pub(crate) async fn sees(
    gossip: &Gossip,
    what: &str,
    condition: impl FnMut(&Arc<Members>) -> bool,
) -> Arc<Members> {
    let mut members = gossip.members();
    let seen = timeout(PATIENCE, members.wait_for(condition))
        .await
        .map(|seen| Arc::clone(&seen.expect("the gossip runs")));
    seen.unwrap_or_else(|_elapsed| {
        let members = gossip.members().borrow().clone();
        panic!(
            "waited for {what}, saw {members:#?}, {:#?}",
            gossip.meters()
        )
    })
}

/// Waits until the node has counted this.
pub(crate) async fn counts(gossip: &Gossip, what: &str, condition: impl Fn(&Meters) -> bool) {
    let counted = timeout(PATIENCE, async {
        let mut tick = interval(Duration::from_millis(5));
        while !condition(&gossip.meters()) {
            tick.tick().await;
        }
    });
    if counted.await.is_err() {
        panic!("waited for {what}, counted {:#?}", gossip.meters());
    }
}

/// Waits until the node sees all of these alive, itself included, and nobody else.
pub(crate) async fn sees_alive(gossip: &Gossip, ids: &[&str]) -> Arc<Members> {
    let ids: BTreeSet<NodeId> = ids.iter().map(|id| NodeId::from(*id)).collect();
    sees(gossip, &format!("{ids:?} alive"), |members| {
        ids == members.alive().map(|member| member.id.clone()).collect()
    })
    .await
}

/// Waits until the node sees this member in this state.
pub(crate) async fn sees_state(gossip: &Gossip, id: &str, state: MemberState) -> Member {
    let what = format!("{id} {}", state.as_str());
    let members = sees(gossip, &what, |members| {
        members
            .member(&id.into())
            .is_some_and(|member| member.state == state)
    });
    members.await.member(&id.into()).expect("just seen").clone()
}
