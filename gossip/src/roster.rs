//! From chitchat's view to the members: one life of each node, what it says read, and its state.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chitchat::{Chitchat, ChitchatId, NodeState};
use jiff::Timestamp;
use peerflow_model::{Incarnation, NodeId};
use tokio::time::Instant;

use crate::clock::WallClock;
use crate::life::Life;
use crate::member::{About, Member, MemberState, Members, Rival, Word};
use crate::meters::Counters;
use crate::value;

/// Rounds after which a life that was heard of but never heard is called dead.
const SETTLED_AFTER_ROUNDS: u32 = 10;

/// Makes the members of what chitchat knows, and remembers what that needs.
#[derive(Debug)]
pub(crate) struct Roster {
    own: ChitchatId,
    clock: WallClock,
    counters: Counters,
    settling: Duration,
    lives: HashMap<ChitchatId, Life>,
    last: Arc<Members>,
    /// A former life of this node that looks like a later one was told of.
    told_of_later: bool,
    /// Until then members that chitchat does not hear yet stay as they were: it has just been started again.
    kept_until: Option<Instant>,
}

impl Roster {
    pub(crate) fn new(
        own: ChitchatId,
        about: About,
        interval: Duration,
        clock: WallClock,
        counters: Counters,
    ) -> Self {
        let id = NodeId::from(&*own.node_id);
        let member = Member {
            id: id.clone(),
            incarnation: Incarnation(own.generation_id),
            gossip: own.gossip_advertise_addr,
            about: Arc::new(about),
            word: Word::default(),
            state: MemberState::Alive,
            since: clock.now(),
        };
        Self {
            own,
            clock,
            counters,
            settling: interval * SETTLED_AFTER_ROUNDS,
            lives: HashMap::new(),
            last: Arc::new(Members::new(id, [member])),
            told_of_later: false,
            kept_until: None,
        }
    }

    /// The members as of the last survey.
    pub(crate) fn members(&self) -> Arc<Members> {
        Arc::clone(&self.last)
    }

    /// Chitchat starts again and knows nobody: the members stay for a moment, so that nobody takes them for dead.
    pub(crate) fn keep_for_a_moment(&mut self) {
        self.kept_until = Some(Instant::now() + self.settling);
        self.lives.clear();
    }

    /// The members now; the same as before if nothing changed.
    pub(crate) fn survey(&mut self, chitchat: &Chitchat) -> Arc<Members> {
        let now = Instant::now();
        let states = chitchat.node_states();
        self.lives.retain(|id, _life| states.contains_key(id));
        for (id, state) in states {
            self.read(id, state, now);
        }
        let alive: HashSet<&ChitchatId> = chitchat.live_nodes().collect();
        self.tell_of_a_later_life(&alive);
        let wall = self.clock.now();
        let mut by_id = BTreeMap::new();
        for (id, life) in self.newest(&alive) {
            if let Some(member) = self.member(id, life, alive.contains(id), now, wall) {
                by_id.insert(member.id.clone(), member);
            }
        }
        if self.kept_until.is_some_and(|until| now < until) {
            self.keep_unheard(&mut by_id);
        } else {
            self.kept_until = None;
        }
        let members = Members {
            own: self.last.own.clone(),
            by_id,
            rival: self.rival(&alive, wall),
        };
        for id in alive {
            if let Some(life) = self.lives.get_mut(id) {
                life.was_alive = true;
            }
        }
        if members != *self.last {
            self.last = Arc::new(members);
        }
        self.members()
    }

    /// Reads what a life says, if it says something new.
    fn read(&mut self, id: &ChitchatId, state: &NodeState, now: Instant) {
        if !self.lives.contains_key(id) {
            let Some(node) = value::node_id(&id.node_id) else {
                return;
            };
            self.lives.insert(id.clone(), Life::new(node, now));
        }
        if let Some(life) = self.lives.get_mut(id)
            && life.version != Some(state.max_version())
        {
            life.read(state, &self.counters);
        }
    }

    /// Of each node the newest life that has told about itself; of this node its own.
    fn newest<'a>(&'a self, alive: &HashSet<&ChitchatId>) -> Vec<(&'a ChitchatId, &'a Life)> {
        let mut newest: BTreeMap<&NodeId, (&ChitchatId, &Life)> = BTreeMap::new();
        let told = self.lives.iter().filter(|(id, life)| {
            life.about.is_some() && (id.node_id != self.own.node_id || **id == self.own)
        });
        for (id, life) in told {
            let rank = |id: &ChitchatId| {
                (
                    id.generation_id,
                    alive.contains(id),
                    id.gossip_advertise_addr,
                )
            };
            let best = newest.entry(&life.id).or_insert((id, life));
            if rank(id) > rank(best.0) {
                *best = (id, life);
            }
        }
        newest.into_values().collect()
    }

    fn member(
        &self,
        id: &ChitchatId,
        life: &Life,
        alive: bool,
        now: Instant,
        wall: Timestamp,
    ) -> Option<Member> {
        let about = life.about.as_ref()?;
        let incarnation = Incarnation(id.generation_id);
        let last = self.last.member(&life.id);
        let settled = life.was_alive || now.duration_since(life.first_heard) >= self.settling;
        let state = if life.left {
            MemberState::Left
        } else if alive || *id == self.own {
            MemberState::Alive
        } else if settled {
            MemberState::Dead
        } else {
            // Heard of, not heard yet. A new life of a known node replaces the old one at once, since somebody heard it
            // start; a node never heard of may be long dead, and is listed when that is known.
            last.map(|_known| MemberState::Alive)?
        };
        let same = last.filter(|last| last.incarnation == incarnation && last.state == state);
        Some(Member {
            id: life.id.clone(),
            incarnation,
            gossip: id.gossip_advertise_addr,
            about: Arc::clone(about),
            word: life.word.clone(),
            state,
            since: same.map_or(wall, |same| same.since),
        })
    }

    /// Members of before that chitchat, just started again, does not hear yet.
    fn keep_unheard(&self, by_id: &mut BTreeMap<NodeId, Member>) {
        for last in self.last.iter() {
            let heard = by_id.get(&last.id).is_some_and(|member| {
                member.incarnation > last.incarnation || member.state != MemberState::Dead
            });
            if !heard {
                by_id.insert(last.id.clone(), last.clone());
            }
        }
    }

    /// Another node that lives under our id. Our own former life is older, and the older of two reports the newer.
    fn rival(&self, alive: &HashSet<&ChitchatId>, wall: Timestamp) -> Option<Rival> {
        let rival = self
            .lives
            .iter()
            .filter(|(id, life)| {
                id.node_id == self.own.node_id
                    && **id != self.own
                    && id.generation_id >= self.own.generation_id
                    && alive.contains(id)
                    && !life.left
            })
            .map(|(id, _life)| id)
            .max()?;
        let incarnation = Incarnation(rival.generation_id);
        let gossip = rival.gossip_advertise_addr;
        let same = self
            .last
            .rival()
            .filter(|last| last.incarnation == incarnation && last.gossip == gossip);
        if same.is_none() {
            tracing::error!(
                node = %self.own.node_id, other = %gossip, other_incarnation = incarnation.0,
                "another node lives under this node's id; give each node an id of its own and start them again"
            );
        }
        Some(Rival {
            incarnation,
            gossip,
            since: same.map_or(wall, |same| same.since),
        })
    }

    /// Peers take the life with the larger incarnation for the later one. A former life has that where the data directory
    /// was lost and the clock is behind, and then they do not see this one.
    fn tell_of_a_later_life(&mut self, alive: &HashSet<&ChitchatId>) {
        let later = self
            .lives
            .keys()
            .filter(|id| id.node_id == self.own.node_id && !alive.contains(id))
            .find(|id| id.generation_id > self.own.generation_id);
        if let Some(later) = later
            && !self.told_of_later
        {
            self.told_of_later = true;
            tracing::error!(
                node = %self.own.node_id, incarnation = self.own.generation_id, known = later.generation_id,
                "peers know a later life of this node and do not see this one: its data directory was lost and its clock is \
                 behind; stop it, set the clock right and start it again"
            );
        }
    }

    /// Where the peers of the last survey are reached.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.last.peers().map(|peer| peer.gossip)
    }
}

#[cfg(test)]
mod tests;
