//! A master's connections to the workers elsewhere: one link for each life of a node, made again when it breaks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use peerflow_gossip::{Member, MemberState};
use peerflow_model::{Epoch, Incarnation, NodeId};
use peerflow_wire as wire;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::convert::{self, Unspeakable};
use super::network::{Network, Unreachable};
use super::{ClusterHandle, Shared};
use crate::worker::{ORDERS, Order, PeerEvent};

/// Pauses before a broken link is made again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Orders that go into one write.
const BATCH: usize = 256;

impl ClusterHandle {
    /// Reaches out to the workers of all other nodes, as a master of `epoch`, until the set is dropped. Who listens, and
    /// what it tells, goes to `events`.
    pub(crate) fn reach_workers(
        &self,
        epoch: Epoch,
        events: mpsc::Sender<PeerEvent>,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        if let Some(network) = &self.shared.network {
            let reach = Reach {
                shared: Arc::clone(&self.shared),
                network: network.clone(),
                epoch,
                events,
                links: HashMap::new(),
            };
            tasks.spawn(reach.run());
        }
        tasks
    }
}

/// Keeps a link to every node that is alive.
struct Reach {
    shared: Arc<Shared>,
    network: Network,
    epoch: Epoch,
    events: mpsc::Sender<PeerEvent>,
    links: HashMap<NodeId, Kept>,
}

/// The link to one life of a node; it ends when this is dropped.
struct Kept {
    incarnation: Incarnation,
    task: JoinSet<()>,
}

impl Reach {
    async fn run(mut self) {
        let mut members = self.shared.membership.members();
        loop {
            let now = members.borrow_and_update().clone();
            for member in now.peers() {
                match member.state {
                    MemberState::Alive => self.link(member).await,
                    MemberState::Dead | MemberState::Left => self.drop_link(&member.id).await,
                }
            }
            let gone: Vec<NodeId> = self
                .links
                .keys()
                .filter(|node| now.member(node).is_none())
                .cloned()
                .collect();
            for node in gone {
                self.drop_link(&node).await;
            }
            if members.changed().await.is_err() {
                return;
            }
        }
    }

    async fn link(&mut self, member: &Member) {
        match self.links.get_mut(&member.id) {
            Some(kept) if kept.incarnation == member.incarnation => return,
            Some(kept) => {
                kept.task.shutdown().await;
                self.tell(PeerEvent::Detached {
                    node: member.id.clone(),
                })
                .await;
            }
            None => {}
        }
        let link = Link {
            network: self.network.clone(),
            member: member.clone(),
            master: self.shared.own.clone(),
            epoch: self.epoch,
            events: self.events.clone(),
        };
        let mut task = JoinSet::new();
        task.spawn(link.run());
        let kept = Kept {
            incarnation: member.incarnation,
            task,
        };
        self.links.insert(member.id.clone(), kept);
    }

    async fn drop_link(&mut self, node: &NodeId) {
        if let Some(mut kept) = self.links.remove(node) {
            kept.task.shutdown().await;
            self.tell(PeerEvent::Down { node: node.clone() }).await;
        }
    }

    async fn tell(&self, event: PeerEvent) {
        // The term that listens ends this task too.
        drop(self.events.send(event).await);
    }
}

/// The link to one worker.
struct Link {
    network: Network,
    member: Member,
    master: NodeId,
    epoch: Epoch,
    events: mpsc::Sender<PeerEvent>,
}

/// Why a link broke.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error(transparent)]
    Wire(#[from] wire::Error),
    #[error("it does not listen to this master: {0}")]
    Refused(String),
    #[error("it ended the stream")]
    Ended,
    #[error(transparent)]
    Unspeakable(#[from] Unspeakable),
    #[error("this master gave it up")]
    GivenUp,
}

impl Link {
    async fn run(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let (broken, lasted) = self.hold().await;
            if lasted {
                pause = FIRST_PAUSE;
            }
            tracing::debug!(node = %self.member.id, %broken, "no link to a worker; trying on");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Connects, and passes orders and reports on until the connection breaks; whether it had ever worked.
    async fn hold(&self) -> (Broken, bool) {
        let (mut orders, mut told) = match self.open().await {
            Ok(streams) => streams,
            Err(broken) => return (broken, false),
        };
        // The worker's first word shows that it listens.
        let first = match self.receive(&mut told).await {
            Ok(first) => first,
            Err(broken) => return (broken, false),
        };
        let (sender, mut receiver) = mpsc::channel(ORDERS);
        let attached = PeerEvent::Attached {
            node: self.member.id.clone(),
            orders: sender,
        };
        for event in [attached, first] {
            // The term that listens ends this task too.
            drop(self.events.send(event).await);
        }
        tracing::info!(node = %self.member.id, "a worker listens");
        let broken = tokio::select! {
            broken = self.pass_orders(&mut receiver, &mut orders) => broken,
            broken = self.pass_words(&mut told) => broken,
        };
        tracing::info!(node = %self.member.id, %broken, "the link to a worker broke");
        let node = self.member.id.clone();
        drop(self.events.send(PeerEvent::Detached { node }).await);
        (broken, true)
    }

    async fn open(
        &self,
    ) -> Result<(wire::Sender<wire::Order>, wire::Receiver<wire::Told>), Broken> {
        let connection = self.network.connection(&self.member).await?;
        let opening = wire::Opening::Control {
            epoch: self.epoch,
            master: self.master.clone(),
            incarnation: self.member.incarnation,
        };
        Ok(connection.open(&opening).await?)
    }

    async fn pass_orders(
        &self,
        from: &mut mpsc::Receiver<Order>,
        to: &mut wire::Sender<wire::Order>,
    ) -> Broken {
        let mut batch = Vec::new();
        while from.recv_many(&mut batch, BATCH).await > 0 {
            let messages: Vec<wire::Order> = batch.drain(..).map(convert::order_to_wire).collect();
            if let Err(error) = to.send_all(&messages).await {
                return error.into();
            }
        }
        Broken::GivenUp
    }

    async fn pass_words(&self, from: &mut wire::Receiver<wire::Told>) -> Broken {
        loop {
            match self.receive(from).await {
                Ok(event) => drop(self.events.send(event).await),
                Err(broken) => return broken,
            }
        }
    }

    async fn receive(&self, from: &mut wire::Receiver<wire::Told>) -> Result<PeerEvent, Broken> {
        match from.receive().await? {
            None => Err(Broken::Ended),
            Some(wire::Told::Refused { reason, .. } | wire::Told::Busy { reason }) => {
                Err(Broken::Refused(reason))
            }
            Some(told) => Ok(convert::told_from_wire(told, &self.member)?),
        }
    }
}
