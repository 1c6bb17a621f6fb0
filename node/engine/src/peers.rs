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
    /// Whether gossip calls it alive.
    pub(crate) up: bool,
    /// Attempts given to it whose end is not known.
    pub(crate) attempts: BTreeMap<AttemptId, Given>,
    /// Those of them that it shall kill, with the reason: asked again when it comes back.
    pub(crate) kills: BTreeMap<AttemptId, String>,
    /// How many of `attempts` its present life holds.
    used: u32,
    /// It refused something; nothing is given to it before this time.
    resting_until: Option<Duration>,
    /// Its place in [`Peers::free`].
    free: Option<u32>,
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
    /// Nodes that take attempts, by free slots.
    free: BTreeSet<(u32, NodeId)>,
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
        let known = entry.peer.as_ref();
        if known.is_some_and(|known| known.incarnation > peer.incarnation)
            || (entry.up && known == Some(&peer))
        {
            return false;
        }
        entry.used = count(
            entry
                .attempts
                .values()
                .filter(|given| given.incarnation == peer.incarnation),
        );
        entry.peer = Some(peer);
        entry.up = true;
        if let Some(until) = entry.resting_until.take() {
            self.resting.remove(&(until, node.clone()));
        }
        self.changed = true;
        self.refile(&node);
        true
    }

    /// Gossip calls `node` dead: whatever was on its way to it may have arrived or not.
    pub(crate) fn down(&mut self, node: &NodeId) {
        if let Some(entry) = self.entries.get_mut(node) {
            entry.up = false;
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

    /// Nodes with a free slot, those with most first.
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
            Some(peer) if entry.up && !peer.draining && entry.resting_until.is_none() => {
                Some(peer.slots.saturating_sub(entry.used)).filter(|free| *free > 0)
            }
            _ => None,
        };
        if free == entry.free {
            return;
        }
        self.gained |= free > entry.free;
        if let Some(before) = entry.free {
            self.free.remove(&(before, node.clone()));
        }
        if let Some(free) = free {
            self.free.insert((free, node.clone()));
        }
        entry.free = free;
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
