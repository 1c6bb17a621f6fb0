//! One gossip on a machine of its own, and what it sees.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use peerflow_gossip::{
    About, Gossip, GossipConfig, GossipKey, MemberState, Members, Membership, Meters, WallClock,
};
use peerflow_model::{Incarnation, NodeId};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{MembershipError, MembershipOptions};
use crate::network::SimNet;
use crate::node::{GOSSIP_PORT, RPC_PORT, SEEDS, address, mix};
use crate::pinned;
use crate::time::{VirtualTime, WorldClock};

/// A gossip that runs.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: NodeId,
    members: watch::Receiver<Arc<Members>>,
    pub(super) view: View,
    pub(super) gossip: Gossip,
    /// What its runtime's clock said when it began, and when that was.
    began: (Instant, VirtualTime),
    /// Last, so that everything else is let go while it is there.
    runtime: Runtime,
}

/// What a peer sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// How many members are alive, itself included.
    pub(super) alive: usize,
    /// Members called dead that live.
    pub(super) wrongly_dead: usize,
    /// It calls the node dead that was killed.
    pub(super) knows_of_death: bool,
    /// Of the lease that it knows.
    pub(super) renewals: u64,
}

impl Peer {
    /// Starts the gossip of node `number`.
    pub(super) fn start(
        number: usize,
        options: MembershipOptions,
        net: &SimNet,
        clock: &WorldClock,
    ) -> Result<Self, MembershipError> {
        let id = NodeId::from(format!("n{}", number + 1));
        let runtime = pinned::runtime(options.seed ^ mix(number, 1))?;
        let host = Arc::new(net.host(id.clone(), address(number)));
        let config = config(number, &id, options, clock);
        let (gossip, began) = runtime.block_on(async {
            let bound = Gossip::bind_on(config, host).await?;
            Ok::<_, MembershipError>((bound.run(), Instant::now()))
        })?;
        Ok(Self {
            id,
            members: gossip.members(),
            view: View::default(),
            gossip,
            began: (began, clock.now()),
            runtime,
        })
    }

    /// Lets it run until then, and looks at its members if they changed; `killed` is the node that was.
    pub(super) fn run(&mut self, until: VirtualTime, killed: Option<&NodeId>) {
        let (began, began_at) = self.began;
        let target = began + until.since(began_at);
        self.runtime
            .block_on(async move { sleep_until(target).await });
        if self.members.has_changed().unwrap_or(false) {
            self.view = View::of(&self.members.borrow_and_update(), killed);
        }
    }

    pub(super) fn meters(&self) -> Meters {
        self.gossip.meters()
    }
}

impl View {
    fn of(members: &Members, killed: Option<&NodeId>) -> Self {
        let mut view = Self::default();
        for member in members.iter() {
            match member.state {
                MemberState::Alive => view.alive += 1,
                MemberState::Dead if Some(&member.id) == killed => view.knows_of_death = true,
                MemberState::Dead => view.wrongly_dead += 1,
                MemberState::Left => {}
            }
            let renewals = member.word.lease.map_or(0, |lease| lease.renewals);
            view.renewals = view.renewals.max(renewals);
        }
        view
    }
}

/// As a whole node of a run tells it its gossip, and as long as what such a node says of itself.
fn config(
    number: usize,
    id: &NodeId,
    options: MembershipOptions,
    clock: &WorldClock,
) -> GossipConfig {
    let at = |number, port| SocketAddr::new(address(number), port);
    let wall = clock.clone();
    GossipConfig {
        cluster: "peerflow".to_owned(),
        node: id.clone(),
        // Milliseconds, as a real one that begins when its node is started.
        incarnation: Incarnation(1_700_000_000_000 + number as u64),
        listen: at(number, GOSSIP_PORT),
        advertise: None,
        seeds: (0..SEEDS)
            .map(|seed| at(seed, GOSSIP_PORT).to_string())
            .collect(),
        interval: options.interval,
        key: GossipKey::new([7; 32]),
        clock: WallClock::new(move || wall.wall_now()),
        about: About {
            http: Some(format!("http://{}", at(number, 8090))),
            rpc: Some(at(number, RPC_PORT)),
            labels: BTreeSet::new(),
            hosts: BTreeSet::from([id.as_str().to_owned(), address(number).to_string()]),
            slots: 16,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: Timestamp::UNIX_EPOCH,
        },
    }
}
