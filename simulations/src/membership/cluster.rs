//! All gossips of a measurement, moved on one quantum at a time.

use std::time::Duration;

use peerflow_gossip::{LeaseProgress, Membership as _, Word};
use peerflow_model::{Epoch, NodeId};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::figures::{Steady, Totals};
use super::peer::Peer;
use super::spread::Spread;
use super::{MembershipError, MembershipOptions};
use crate::network::{LEAST_LATENCY, SimNet, Weather};
use crate::time::{VirtualTime, WorldClock};

const QUANTUM: Duration = LEAST_LATENCY;
/// How often the first node renews the lease, as a master does.
const RENEW_EVERY: Duration = Duration::from_millis(500);

/// Gossips that share a network.
#[derive(Debug)]
pub(super) struct Cluster {
    options: MembershipOptions,
    clock: WorldClock,
    net: SimNet,
    random: SmallRng,
    peers: Vec<Peer>,
    killed: Option<NodeId>,
    /// What the gossip of the killed node had counted.
    buried: Totals,
    most_wrongly_dead: usize,
}

impl Cluster {
    /// A cluster without a node yet, on the network of the standard mix.
    pub(super) fn new(clock: WorldClock, options: MembershipOptions) -> Self {
        let mut random = SmallRng::seed_from_u64(options.seed);
        let weather = Weather {
            jitter: Duration::from_millis(1),
            ..Weather::default()
        };
        Self {
            net: SimNet::new(clock.clone(), random.random(), weather),
            clock,
            options,
            random,
            peers: Vec::new(),
            killed: None,
            buried: Totals::default(),
            most_wrongly_dead: 0,
        }
    }

    pub(super) fn now(&self) -> VirtualTime {
        self.clock.now()
    }

    /// Starts all nodes within one round of gossip, since no two machines beat in step, and tells how long it took from
    /// the first start until each saw all.
    pub(super) fn start_all(
        &mut self,
        patience: Duration,
    ) -> Result<Option<Duration>, MembershipError> {
        let nodes = self.options.nodes;
        let interval = self.options.interval;
        let mut starts: Vec<Duration> = (0..nodes)
            .map(|_node| self.random.random_range(Duration::ZERO..interval))
            .collect();
        starts.sort();
        for (number, start) in starts.into_iter().enumerate() {
            let begin = VirtualTime::after_start(start);
            while self.now() < begin {
                self.step();
            }
            self.start(number)?;
        }
        let all = self.run_until(patience, |cluster| cluster.all_see(nodes));
        Ok(all.then(|| self.now().since_start()))
    }

    /// Starts one more node, and tells how long it took until it and all others saw each other.
    pub(super) fn join_one(
        &mut self,
        patience: Duration,
    ) -> Result<Option<Duration>, MembershipError> {
        let began = self.now();
        let number = self.peers.len();
        self.start(number)?;
        let all = self.run_until(patience, |cluster| cluster.all_see(number + 1));
        Ok(all.then(|| self.now().since(began)))
    }

    /// Kills a node that is no seed, and tells how long it took until all others called it dead.
    pub(super) fn kill_one(&mut self, patience: Duration) -> Option<Duration> {
        let began = self.now();
        let victim = self.peers.remove(self.options.nodes - 1);
        count_meters(&mut self.buried, &victim);
        self.killed = Some(victim.id.clone());
        drop(victim);
        let all = self.run_until(patience, |cluster| {
            let mut peers = cluster.peers.iter();
            peers.all(|peer| peer.view.knows_of_death)
        });
        all.then(|| self.now().since(began))
    }

    /// Counts what nodes send for that long while the first renews the lease.
    pub(super) fn steady(&mut self, lasts: Duration) -> Steady {
        let nodes = self.peers.len();
        let before = self.totals();
        let end = self.now().after(lasts);
        let mut spread = Spread::default();
        let mut renewals = 0;
        let mut next = self.now();
        while self.now() < end {
            if self.now() >= next {
                renewals += 1;
                self.renew(renewals);
                spread.tell(renewals, self.now());
                next = next.after(RENEW_EVERY);
            }
            self.step();
            self.note_spread(&mut spread);
        }
        let after = self.totals();
        while spread.is_busy() && self.now() < end.after(lasts) {
            self.step();
            self.note_spread(&mut spread);
        }
        let seconds = lasts.as_secs_f64();
        let per_second = |after: f64, before: f64| (after - before) / seconds;
        Steady {
            datagrams: per_second(
                after.datagrams_per_node(nodes),
                before.datagrams_per_node(nodes),
            ),
            bytes: per_second(after.bytes_per_node(nodes), before.bytes_per_node(nodes)),
            largest: after.largest,
            spread: spread.mean(),
        }
    }

    pub(super) fn run_for(&mut self, lasts: Duration) {
        self.run_until(lasts, |_cluster| false);
    }

    /// What all nodes have sent so far, dead ones included.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = self.buried;
        let ids = self.peers.iter().map(|peer| &peer.id);
        for id in ids.chain(&self.killed) {
            let counts = self.net.traffic(id).gossip;
            totals.datagrams += counts.sent.datagrams;
            totals.bytes += counts.sent.bytes;
            totals.largest = totals.largest.max(counts.largest);
            totals.too_large += counts.refused;
            let lost = counts.lost;
            totals.lost += lost.inbox.datagrams + lost.queue.datagrams;
        }
        for peer in &self.peers {
            count_meters(&mut totals, peer);
        }
        totals
    }

    pub(super) fn most_wrongly_dead(&self) -> usize {
        self.most_wrongly_dead
    }

    fn start(&mut self, number: usize) -> Result<(), MembershipError> {
        let peer = Peer::start(number, self.options, &self.net, &self.clock)?;
        self.peers.push(peer);
        Ok(())
    }

    fn renew(&self, renewals: u64) {
        let Some(master) = self.peers.first() else {
            return;
        };
        let epoch = Epoch(1);
        master.gossip.tell(Word {
            highest_epoch: epoch,
            lease: Some(LeaseProgress {
                epoch,
                renewals,
                released: false,
            }),
            store_reachable: true,
            ..Word::default()
        });
    }

    fn note_spread(&self, spread: &mut Spread) {
        let known = self.peers.iter().map(|peer| peer.view.renewals).min();
        spread.all_know(known.unwrap_or_default(), self.now());
    }

    fn all_see(&self, nodes: usize) -> bool {
        self.peers.iter().all(|peer| peer.view.alive == nodes)
    }

    /// Goes on until that holds, and tells whether it did within `patience`.
    fn run_until(&mut self, patience: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = self.now().after(patience);
        while self.now() < end {
            self.step();
            if holds(self) {
                return true;
            }
        }
        false
    }

    fn step(&mut self) {
        self.net.deliver();
        let until = self.now().after(QUANTUM);
        for peer in &mut self.peers {
            peer.run(until, self.killed.as_ref());
            self.most_wrongly_dead = self.most_wrongly_dead.max(peer.view.wrongly_dead);
        }
        self.clock.advance(QUANTUM);
    }
}

fn count_meters(totals: &mut Totals, peer: &Peer) {
    let meters = peer.meters();
    totals.too_large += meters.too_large;
    totals.restarts += meters.restarts;
}
