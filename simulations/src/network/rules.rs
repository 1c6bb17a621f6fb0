//! Rules about links, and the guards that undo them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::links::{Links, Way};
use super::state::Datagram;
use super::weather::Weather;
use super::{OVERHEAD, SimNet};

/// What a hold keeps of each sender, in bytes.
const HELD: usize = 16 * 1024 * 1024;

/// Undoes a rule of the network when it is dropped.
#[derive(Debug)]
#[must_use = "the rule ends when its guard is dropped"]
pub struct Guard {
    net: SimNet,
    rule: u64,
}

impl Guard {
    pub(super) fn new(net: SimNet, rule: u64) -> Self {
        Self { net, rule }
    }

    /// Lets the rule take what is under way over its links by now too, also what other rules hold: a cut loses it, a hold
    /// holds it. Weather leaves it alone.
    pub fn with_what_is_under_way(self) -> Self {
        self.net.state().take_under_way(self.rule);
        self
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let now = self.net.clock.now();
        self.net.state().end_rule(self.rule, now);
    }
}

/// Rules in force, by number, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Rules {
    last: u64,
    rules: BTreeMap<u64, Rule>,
}

#[derive(Debug)]
struct Rule {
    links: Links,
    effect: Effect,
}

#[derive(Debug)]
pub(super) enum Effect {
    Cut,
    Weather(Weather),
    Hold(Held),
}

impl Rules {
    pub(super) fn add(&mut self, links: Links, effect: Effect) -> u64 {
        self.last += 1;
        self.rules.insert(self.last, Rule { links, effect });
        self.last
    }

    /// Ends a rule; gives what it held, in the order of sending.
    pub(super) fn end(&mut self, rule: u64) -> Vec<Datagram> {
        match self.rules.remove(&rule).map(|rule| rule.effect) {
            Some(Effect::Hold(held)) => held.datagrams.into_values().collect(),
            Some(Effect::Cut | Effect::Weather(_)) | None => Vec::new(),
        }
    }

    pub(super) fn is_cut(&self, way: Way<'_>) -> bool {
        self.on(way).any(|rule| matches!(rule.effect, Effect::Cut))
    }

    /// The weather that the newest rule gives.
    pub(super) fn weather(&self, way: Way<'_>) -> Option<Weather> {
        self.on(way)
            .filter_map(|rule| match rule.effect {
                Effect::Weather(weather) => Some(weather),
                Effect::Cut | Effect::Hold(_) => None,
            })
            .last()
    }

    /// The oldest hold on that way.
    pub(super) fn hold(&mut self, way: Way<'_>) -> Option<&mut Held> {
        self.rules
            .values_mut()
            .filter(|rule| rule.covers(way))
            .find_map(|rule| match &mut rule.effect {
                Effect::Hold(held) => Some(held),
                Effect::Cut | Effect::Weather(_) => None,
            })
    }

    /// The links over which the rule takes what is under way, if it is one that can.
    pub(super) fn takes(&self, rule: u64) -> Option<Links> {
        let Rule { links, effect } = self.rules.get(&rule)?;
        match effect {
            Effect::Cut | Effect::Hold(_) => Some(links.clone()),
            Effect::Weather(_) => None,
        }
    }

    /// The hold of that number.
    pub(super) fn held_by(&mut self, rule: u64) -> Option<&mut Held> {
        match &mut self.rules.get_mut(&rule)?.effect {
            Effect::Hold(held) => Some(held),
            Effect::Cut | Effect::Weather(_) => None,
        }
    }

    /// Every hold but that one.
    pub(super) fn other_holds(&mut self, but: u64) -> impl Iterator<Item = &mut Held> {
        let others = self.rules.iter_mut().filter(move |(rule, _)| **rule != but);
        others.filter_map(|(_, rule)| match &mut rule.effect {
            Effect::Hold(held) => Some(held),
            Effect::Cut | Effect::Weather(_) => None,
        })
    }

    fn on<'a>(&'a self, way: Way<'a>) -> impl Iterator<Item = &'a Rule> {
        self.rules.values().filter(move |rule| rule.covers(way))
    }
}

impl Rule {
    fn covers(&self, way: Way<'_>) -> bool {
        self.links.carry(way)
    }
}

/// Datagrams that a rule holds.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By the order of sending.
    datagrams: BTreeMap<u64, Datagram>,
    /// Room that each sender takes.
    taken: BTreeMap<IpAddr, usize>,
}

impl Held {
    /// Keeps a datagram, or gives it back when its sender has no more room.
    pub(super) fn keep(&mut self, datagram: Datagram) -> Result<(), Datagram> {
        let taken = self.taken.entry(datagram.from.ip()).or_default();
        let with_it = *taken + datagram.content.len() + OVERHEAD;
        if with_it > HELD {
            return Err(datagram);
        }
        *taken = with_it;
        self.datagrams.insert(datagram.order, datagram);
        Ok(())
    }

    /// Gives away the datagrams that are so.
    pub(super) fn take(&mut self, is_so: impl Fn(&Datagram) -> bool) -> Vec<Datagram> {
        let taken = self.datagrams.extract_if(.., |_, datagram| is_so(datagram));
        let taken: Vec<_> = taken.map(|(_, datagram)| datagram).collect();
        for datagram in &taken {
            if let Some(room) = self.taken.get_mut(&datagram.from.ip()) {
                *room = room.saturating_sub(datagram.content.len() + OVERHEAD);
            }
        }
        taken
    }
}
