//! Ports of the nodes of a local cluster: the same ones each time, as far as they are free.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// The first one that is tried; where a single node listens by default.
const FIRST: u16 = 8090;

/// Where one node listens on loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    /// TCP.
    pub(super) http: u16,
    /// UDP.
    pub(super) gossip: u16,
    /// UDP.
    pub(super) rpc: u16,
}

/// What tells whether a port can be used.
pub(super) trait Machine {
    fn has_tcp(&self, port: u16) -> bool;
    fn has_udp(&self, port: u16) -> bool;
}

/// This machine.
#[derive(Debug)]
pub(super) struct Loopback;

impl Machine for Loopback {
    fn has_tcp(&self, port: u16) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
    }

    fn has_udp(&self, port: u16) -> bool {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
    }
}

impl Ports {
    fn all(self) -> [u16; 3] {
        [self.http, self.gossip, self.rpc]
    }

    fn are_free(self, machine: &impl Machine) -> bool {
        machine.has_tcp(self.http) && machine.has_udp(self.gossip) && machine.has_udp(self.rpc)
    }
}

/// Ports for the nodes 1 to `count`, no two the same: the `kept` ones where they are free, otherwise the next free ones from
/// 8090 on. Those of nodes that are not started are left to them. `None` when there are not enough.
pub(super) fn choose(
    count: u32,
    kept: &BTreeMap<u32, Ports>,
    machine: &impl Machine,
) -> Option<BTreeMap<u32, Ports>> {
    let mut chosen = kept.clone();
    chosen.retain(|number, ports| *number > count || ports.are_free(machine));
    let mut taken: BTreeSet<u16> = chosen.values().flat_map(|ports| ports.all()).collect();
    for number in 1..=count {
        if chosen.contains_key(&number) {
            continue;
        }
        let mut next = |is_free: &dyn Fn(u16) -> bool| {
            let port = (FIRST..=u16::MAX).find(|port| !taken.contains(port) && is_free(*port))?;
            taken.insert(port);
            Some(port)
        };
        let ports = Ports {
            http: next(&|port| machine.has_tcp(port))?,
            gossip: next(&|port| machine.has_udp(port))?,
            rpc: next(&|port| machine.has_udp(port))?,
        };
        chosen.insert(number, ports);
    }
    Some(chosen)
}

/// As [`write()`] wrote it. Lines that say something else are left out: their nodes get other ports.
pub(super) fn read(text: &str) -> BTreeMap<u32, Ports> {
    let mut kept = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for line in text.lines() {
        let numbers: Option<Vec<u16>> = line
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect();
        let Some([number, http, gossip, rpc]) = numbers.as_deref() else {
            continue;
        };
        let ports = Ports {
            http: *http,
            gossip: *gossip,
            rpc: *rpc,
        };
        let is_new = ports
            .all()
            .iter()
            .all(|port| *port > 0 && taken.insert(*port));
        if is_new {
            kept.insert(u32::from(*number), ports);
        }
    }
    kept
}

/// A line for each node: its number, the ports of HTTP, gossip and rpc.
pub(super) fn write(ports: &BTreeMap<u32, Ports>) -> String {
    let lines = ports.iter().map(|(number, ports)| {
        let [http, gossip, rpc] = ports.all();
        format!("{number} {http} {gossip} {rpc}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which these are taken, by whatever protocol.
    struct Taken(&'static [u16]);

    impl Machine for Taken {
        fn has_tcp(&self, port: u16) -> bool {
            !self.0.contains(&port)
        }

        fn has_udp(&self, port: u16) -> bool {
            !self.0.contains(&port)
        }
    }

    const fn ports(http: u16, gossip: u16, rpc: u16) -> Ports {
        Ports { http, gossip, rpc }
    }

    #[test]
    fn the_first_node_listens_where_a_single_one_would_and_the_others_next_to_it() {
        let chosen = choose(2, &BTreeMap::new(), &Taken(&[])).expect("there is room");
        let expected = [(1, ports(8090, 8091, 8092)), (2, ports(8093, 8094, 8095))];
        assert_eq!(chosen, BTreeMap::from(expected));
    }

    #[test]
    fn ports_that_are_taken_are_passed_over() {
        let chosen = choose(2, &BTreeMap::new(), &Taken(&[8090, 8093])).expect("there is room");
        let expected = [(1, ports(8091, 8092, 8094)), (2, ports(8095, 8096, 8097))];
        assert_eq!(chosen, BTreeMap::from(expected));
    }

    #[test]
    fn a_restart_keeps_what_is_free_and_leaves_alone_what_belongs_to_others() {
        let kept = BTreeMap::from([
            (1, ports(8090, 8091, 8092)),
            (2, ports(8093, 8094, 8095)),
            (3, ports(8096, 8097, 8098)),
        ]);
        let chosen = choose(2, &kept, &Taken(&[8094])).expect("there is room");
        assert_eq!(chosen[&1], kept[&1]);
        assert_eq!(chosen[&2], ports(8093, 8095, 8099));
        assert_eq!(chosen[&3], kept[&3]);
        assert_eq!(read(&write(&chosen)), chosen);
    }

    #[test]
    fn a_damaged_line_costs_only_its_own_ports() {
        let text = "1 8090 8091 8092\n2 8090 8094 8095\nx\n3 1 2\n4 0 1 2\n5 8100 8101 8102 9\n";
        assert_eq!(read(text), BTreeMap::from([(1, ports(8090, 8091, 8092))]));
    }

    #[test]
    fn a_machine_without_room_is_told() {
        struct Full;
        impl Machine for Full {
            fn has_tcp(&self, _: u16) -> bool {
                true
            }
            fn has_udp(&self, _: u16) -> bool {
                false
            }
        }
        assert_eq!(choose(1, &BTreeMap::new(), &Full), None);
    }
}
