//! Peers: what is known of them, what they were given, how many slots are free.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use peerflow_model::{AttemptId, Incarnation, NodeId};

use crate::event::Peer;

/// How long a node that refused an attempt is left alone, unless it tells something new of itself.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// A node, as the engine knows it.
#[derive(Debug, Default)]
pub(crate) struct PeerEntry {
    /// What it last told of itself; absent when only attempts tell of it.
    pub(crate) peer: Option<Peer>,
    /// Whether it can be given anything.
    pub(crate) reach: Reach,
    /// Attempts given to it whose end is not known.
    pub(crate) attempts: BTreeMap<AttemptId, Given>,
    /// Those of them that it shall kill, with the reason: asked again when it comes back.
    pub(crate) kills: BTreeMap<AttemptId, String>,
    /// How many of `attempts` its present life holds.
    used: u32,
    /// It refused something; nothing is given to it before this time.
    resting_until: Option<Duration>,
    /// Its place in [`Peers::free`].
    free: Option<Room>,
}

/// Whether a node can be given anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It told of itself, and the connection to it holds.
    Up,
    /// Gossip calls it alive, but the connection to it broke.
    Unreachable,
    /// Gossip calls it dead, or it was never heard of.
    #[default]
    Down,
}

/// What makes a node the better choice: free slots, counted less the more its machine is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Room {
    weight: u64,
    slots: u32,
}

impl Room {
    fn of(slots: u32, load: u32) -> Self {
        // One runnable thread for each core halves what a free slot counts.
        let weight = u64::from(slots) * 1_000_000 / (100 + u64::from(load));
        Self { weight, slots }
    }
}

/// An attempt that a node was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// To which life of it.
    pub(crate) incarnation: Incarnation,
    /// It left for a node that has been up ever since, so that an inventory may have been taken before it arrived.
    pub(crate) in_flight: bool,
}

/// All nodes ever heard of.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    entries: BTreeMap<NodeId, PeerEntry>,
    /// Nodes that take attempts, the best choice last.
    free: BTreeSet<(Room, NodeId)>,
    /// Somebody came, went or changed since placement last looked.
    pub(crate) changed: bool,
    /// A slot became free since placement last looked.
    pub(crate) gained: bool,
    resting: BTreeSet<(Duration, NodeId)>,
}

impl Peers {
    pub(crate) fn entry(&self, node: &NodeId) -> Option<&PeerEntry> {
        self.entries.get(node)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&NodeId, &PeerEntry)> {
        self.entries.iter()
    }

    /// Takes what a node tells of itself. Answers whether it is news; what a former life of it tells is not.
    pub(crate) fn told(&mut self, peer: Peer) -> bool {
        let node = peer.id.clone();
        let entry = self.entries.entry(node.clone()).or_default();
        if let Some(known) = &mut entry.peer {
            if known.incarnation > peer.incarnation {
                return false;
            }
            if entry.reach == Reach::Up && differs_in_load_only(known, &peer) {
                if known.load != peer.load {
                    known.load = peer.load;
                    self.refile(&node);
                }
                return false;
            }
        }
        entry.used = count(
            entry
                .attempts
                .values()
                .filter(|given| given.incarnation == peer.incarnation),
        );
        entry.peer = Some(peer);
        entry.reach = Reach::Up;
        if let Some(until) = entry.resting_until.take() {
            self.resting.remove(&(until, node.clone()));
        }
        self.changed = true;
        self.refile(&node);
        true
    }

    /// Gossip calls `node` dead: whatever was on its way to it may have arrived or not.
    pub(crate) fn down(&mut self, node: &NodeId) {
        self.part(node, Reach::Down);
    }

    /// The connection to `node` broke; the same holds for what was on its way.
    pub(crate) fn unreachable(&mut self, node: &NodeId) {
        if self
            .entry(node)
            .is_some_and(|entry| entry.reach == Reach::Up)
        {
            self.part(node, Reach::Unreachable);
        }
    }

    fn part(&mut self, node: &NodeId, reach: Reach) {
        if let Some(entry) = self.entries.get_mut(node) {
            entry.reach = reach;
            for given in entry.attempts.values_mut() {
                given.in_flight = false;
            }
            self.changed = true;
            self.refile(node);
        }
    }

    /// Notes an attempt that `node` was given.
    pub(crate) fn give(&mut self, node: &NodeId, attempt: AttemptId, given: Given) {
        let entry = self.entries.entry(node.clone()).or_default();
        let now_living = entry.peer.as_ref().map(|peer| peer.incarnation);
        let before = entry.attempts.insert(attempt, given);
        assert!(before.is_none(), "an attempt is given once");
        if now_living == Some(given.incarnation) {
            entry.used += 1;
            self.refile(node);
        }
    }

    /// The attempt is over; its slot is free.
    pub(crate) fn take_back(&mut self, node: &NodeId, attempt: &AttemptId) {
        let Some(entry) = self.entries.get_mut(node) else {
            return;
        };
        entry.kills.remove(attempt);
        let Some(given) = entry.attempts.remove(attempt) else {
            return;
        };
        if entry.peer.as_ref().map(|peer| peer.incarnation) == Some(given.incarnation) {
            assert!(entry.used > 0, "a slot is freed once");
            entry.used -= 1;
            self.refile(node);
        }
    }

    /// Whether `node` holds the attempt.
    pub(crate) fn holds(&self, node: &NodeId, attempt: &AttemptId) -> bool {
        self.entries
            .get(node)
            .is_some_and(|entry| entry.attempts.contains_key(attempt))
    }

    /// Remembers that `node` shall kill the attempt. Answers whether it holds it.
    pub(crate) fn note_kill(&mut self, node: &NodeId, attempt: &AttemptId, reason: &str) -> bool {
        match self.entries.get_mut(node) {
            Some(entry) if entry.attempts.contains_key(attempt) => {
                entry.kills.insert(attempt.clone(), reason.to_owned());
                true
            }
            _ => false,
        }
    }

    /// `node` refused an attempt: it rests a moment.
    pub(crate) fn refused(&mut self, node: &NodeId, now: Duration) {
        if let Some(entry) = self.entries.get_mut(node) {
            if let Some(until) = entry.resting_until.take() {
                self.resting.remove(&(until, node.clone()));
            }
            let until = now + AFTER_REFUSAL;
            entry.resting_until = Some(until);
            self.resting.insert((until, node.clone()));
            self.refile(node);
        }
    }

    /// Ends the rest of those who rested long enough.
    pub(crate) fn wake(&mut self, now: Duration) {
        while let Some((until, _)) = self.resting.first()
            && *until <= now
        {
            let Some((_, node)) = self.resting.pop_first() else {
                return;
            };
            if let Some(entry) = self.entries.get_mut(&node) {
                entry.resting_until = None;
            }
            self.refile(&node);
        }
    }

    /// When the next rest ends.
    pub(crate) fn next_wakeup(&self) -> Option<Duration> {
        self.resting.first().map(|(until, _)| *until)
    }

    /// Nodes with a free slot, the best choice first.
    pub(crate) fn with_free_slots(&self) -> impl Iterator<Item = &Peer> {
        self.free
            .iter()
            .rev()
            .filter_map(|(_, node)| self.entries.get(node)?.peer.as_ref())
    }

    /// Puts `node` where its free slots belong.
    fn refile(&mut self, node: &NodeId) {
        let Some(entry) = self.entries.get_mut(node) else {
            return;
        };
        let free = match &entry.peer {
            Some(peer)
                if entry.reach == Reach::Up && !peer.draining && entry.resting_until.is_none() =>
            {
                let slots = peer.slots.saturating_sub(entry.used);
                Some(Room::of(slots, peer.load)).filter(|_| slots > 0)
            }
            _ => None,
        };
        if free == entry.free {
            return;
        }
        let slots = |room: Option<Room>| room.map_or(0, |room| room.slots);
        self.gained |= slots(free) > slots(entry.free);
        if let Some(before) = entry.free {
            self.free.remove(&(before, node.clone()));
        }
        if let Some(free) = free {
            self.free.insert((free, node.clone()));
        }
        entry.free = free;
    }
}

/// Whether nothing but the load is news.
fn differs_in_load_only(known: &Peer, told: &Peer) -> bool {
    let Peer {
        id,
        incarnation,
        hosts,
        labels,
        slots,
        load: _,
        draining,
    } = told;
    known.id == *id
        && known.incarnation == *incarnation
        && known.slots == *slots
        && known.draining == *draining
        && known.labels == *labels
        && known.hosts == *hosts
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
