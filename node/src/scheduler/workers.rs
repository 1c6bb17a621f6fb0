//! The workers of one term: whom orders reach, and until when each may run what it has.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use peerflow_engine::{Dispatch, Engine, Peer};
use peerflow_gossip::Members;
use peerflow_model::{AttemptId, Epoch, Incarnation, NodeId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::worker_lease::surely_over;
use crate::cluster::ClusterHandle;
use crate::worker::{Assignment, EpochOver, MasterLink, ORDERS, Order, PeerEvent, WorkerHandle};

/// What all workers tell and that may wait for the loop.
const EVENTS: usize = 4096;
/// After which time of a term a node that gossip does not know counts as dead: membership may have to come together
/// first.
const GATHERING: Duration = Duration::from_secs(3);

/// The workers that one master gives orders to. Dropping it breaks the connections; what runs, runs on.
#[derive(Debug)]
pub(super) struct Workers {
    cluster: ClusterHandle,
    links: HashMap<NodeId, Link>,
    events: mpsc::Receiver<PeerEvent>,
    began: Instant,
    /// When each worker was last given a grant by this master.
    granted: HashMap<NodeId, Instant>,
    /// What those that listen last told of themselves, and what the engine was told of them.
    peers: HashMap<NodeId, (Peer, Peer)>,
    /// Lives of nodes whose grants were told to be over.
    over: BTreeSet<(NodeId, Incarnation)>,
    /// Nodes that were called dead in this term, to be told once.
    absent: BTreeSet<NodeId>,
    _connections: JoinSet<()>,
}

/// A worker that listens.
#[derive(Debug)]
struct Link {
    orders: mpsc::Sender<Order>,
    /// The latest grant it was given.
    grant: u64,
}

impl Workers {
    /// Takes this node's own worker, and begins to reach out to the others.
    pub(super) async fn attach(
        epoch: Epoch,
        cluster: &ClusterHandle,
        own: &WorkerHandle,
    ) -> Result<Self, EpochOver> {
        let (sender, events) = mpsc::channel(EVENTS);
        let (orders, receiver) = mpsc::channel(ORDERS);
        let link = MasterLink {
            epoch,
            orders: receiver,
            words: sender.clone(),
        };
        own.attach(link).await?;
        let links = HashMap::from([(cluster.own_id().clone(), Link { orders, grant: 0 })]);
        Ok(Self {
            links,
            events,
            began: Instant::now(),
            granted: HashMap::new(),
            peers: HashMap::new(),
            over: BTreeSet::new(),
            absent: BTreeSet::new(),
            _connections: cluster.reach_workers(epoch, sender),
            cluster: cluster.clone(),
        })
    }

    /// What comes next from any of them.
    pub(super) async fn event(&mut self) -> Option<PeerEvent> {
        self.events.recv().await
    }

    /// What is there already.
    pub(super) fn event_at_hand(&mut self) -> Option<PeerEvent> {
        self.events.try_recv().ok()
    }

    /// Orders reach `node` from now on.
    pub(super) fn attached(&mut self, node: NodeId, orders: mpsc::Sender<Order>) {
        self.absent.remove(&node);
        self.links.insert(node, Link { orders, grant: 0 });
    }

    /// No order reaches `node` any more.
    pub(super) fn detached(&mut self, node: &NodeId) {
        self.links.remove(node);
        self.peers.remove(node);
    }

    /// What a worker tells of itself, with what gossip tells of its machine.
    pub(super) fn told(&mut self, told: Peer) -> Peer {
        let shown = self.with_gossip(&told, &self.cluster.members());
        self.peers.insert(shown.id.clone(), (told, shown.clone()));
        shown
    }

    /// Workers of which gossip tells something else than it did.
    pub(super) fn changed(&mut self) -> Vec<Peer> {
        let members = self.cluster.members();
        let mut changed = Vec::new();
        for (told, shown) in self.peers.values() {
            let now = self.with_gossip(told, &members);
            if now != *shown {
                changed.push(now);
            }
        }
        for peer in &changed {
            if let Some((_, shown)) = self.peers.get_mut(&peer.id) {
                shown.clone_from(peer);
            }
        }
        changed
    }

    /// A node that does not reach the store is given nothing: it could not read what to do. This one reaches it, or it
    /// would not be master.
    fn with_gossip(&self, told: &Peer, members: &Members) -> Peer {
        let word = members.member(&told.id).map(|member| &member.word);
        let is_blind = word.is_some_and(|word| !word.store_reachable);
        Peer {
            // Never negative and never infinite: see `Word::load`.
            load: word.map_or(0, |word| (word.load * 100.0).round() as u32),
            draining: told.draining || (is_blind && told.id != *self.cluster.own_id()),
            ..told.clone()
        }
    }

    /// Gives a worker a grant. The caller's lease is valid.
    pub(super) fn grant(&mut self, node: &NodeId, number: u64, lease: Duration) {
        // Noted before it is sent: what counts is that it holds no longer than this master waits.
        self.granted.insert(node.clone(), Instant::now());
        if let Some(link) = self.links.get_mut(node) {
            link.grant = number;
        }
        self.order(node, Order::Grant { number, lease });
    }

    /// Gives a worker an attempt.
    pub(super) fn dispatch(&mut self, dispatch: Dispatch) {
        let node = dispatch.node.clone();
        let Some(link) = self.links.get(&node) else {
            return;
        };
        let assignment = Assignment::new(dispatch, link.grant);
        self.order(&node, Order::Dispatch(Box::new(assignment)));
    }

    /// Asks a worker to kill an attempt.
    pub(super) fn kill(&mut self, node: &NodeId, attempt: AttemptId, reason: String) {
        self.order(node, Order::Kill { attempt, reason });
    }

    /// Tells a worker that an end is durable.
    pub(super) fn acknowledge(&mut self, node: &NodeId, attempt: AttemptId) {
        self.order(node, Order::Acknowledge { attempt });
    }

    /// An order for a node that cannot be reached is dropped: all is told anew when it is attached again. So is a link
    /// whose worker is hopelessly behind.
    fn order(&mut self, node: &NodeId, order: Order) {
        let Some(link) = self.links.get(node) else {
            return;
        };
        match link.orders.try_send(order) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!(%node, "a worker does not take its orders; connecting to it anew");
                self.links.remove(node);
            }
        }
    }

    /// Lives of nodes whose last grant is surely over: what they held has ended. Each is told once, unless the node
    /// was given another grant since.
    pub(super) fn grants_over(
        &mut self,
        engine: &Engine,
        longest_lease: Duration,
    ) -> Vec<(NodeId, Incarnation)> {
        let wait = surely_over(longest_lease);
        let is_over = |node: &NodeId| {
            // A master before this one may have given a grant right before this one was elected.
            let since = self.granted.get(node).copied().unwrap_or(self.began);
            since.max(self.began).elapsed() >= wait
        };
        let awaited = engine.awaited().into_iter();
        let over: BTreeSet<_> = awaited.filter(|(node, _)| is_over(node)).collect();
        let news = over.difference(&self.over).cloned().collect();
        self.over = over;
        news
    }

    /// Nodes that hold attempts and that gossip does not know as alive, each once.
    pub(super) fn absent(&mut self, engine: &Engine) -> Vec<NodeId> {
        if self.began.elapsed() < GATHERING {
            return Vec::new();
        }
        let awaited: BTreeSet<NodeId> = engine
            .awaited()
            .into_iter()
            .map(|(node, _)| node)
            .filter(|node| !self.cluster.is_alive(node))
            .collect();
        let news = awaited.difference(&self.absent).cloned().collect();
        self.absent = awaited;
        news
    }
}
