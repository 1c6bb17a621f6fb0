//! What rules keep, what they let go on, and what they take that was sent before.

use super::host::Hosts;
use super::state::{Datagram, State};
use super::{LEAST_LATENCY, OVERHEAD};
use crate::time::VirtualTime;

impl State {
    /// Gives a datagram to the rule that holds it, if there is one. What that has no room for is lost.
    pub(super) fn unless_held(&mut self, datagram: Datagram) -> Option<Datagram> {
        if datagram.is_within_a_host() {
            return Some(datagram);
        }
        let way = self.hosts.way(datagram.from, datagram.to, datagram.kind);
        let Some(held) = self.rules.hold(way) else {
            return Some(datagram);
        };
        if let Err(datagram) = held.keep(datagram) {
            let length = datagram.content.len();
            self.hosts.count(datagram.from, datagram.kind, |counts| {
                counts.lost.queue.add(length);
            });
        }
        None
    }

    /// Ends a rule; what it held goes on, together.
    pub(super) fn end_rule(&mut self, rule: u64, now: VirtualTime) {
        for datagram in self.rules.end(rule) {
            if let Some(datagram) = self.unless_held(datagram) {
                self.launch(datagram, now.after(LEAST_LATENCY));
            }
        }
    }

    /// Lets a cut or a hold take what is under way and what other rules hold.
    pub(super) fn take_under_way(&mut self, rule: u64) {
        let (rules, hosts) = (&mut self.rules, &mut self.hosts);
        let Some(links) = rules.takes(rule) else {
            return;
        };
        let is_taken = |hosts: &Hosts, datagram: &Datagram| {
            let way = hosts.way(datagram.from, datagram.to, datagram.kind);
            !datagram.is_within_a_host() && links.carry(way)
        };
        let flying = self
            .under_way
            .extract_if(.., |_, datagram| is_taken(hosts, datagram));
        let mut taken: Vec<_> = flying.map(|(_, datagram)| datagram).collect();
        for datagram in &taken {
            hosts.landed(datagram.from, datagram.content.len() + OVERHEAD);
        }
        for held in rules.other_holds(rule) {
            taken.extend(held.take(|datagram| is_taken(hosts, datagram)));
        }
        for datagram in taken {
            let (from, kind, length) = (datagram.from, datagram.kind, datagram.content.len());
            match rules.held_by(rule).map(|held| held.keep(datagram)) {
                Some(Ok(())) => {}
                Some(Err(_full)) => {
                    hosts.count(from, kind, |counts| counts.lost.queue.add(length));
                }
                None => hosts.count(from, kind, |counts| counts.lost.cut.add(length)),
            }
        }
    }
}
