//! The network itself: who has which address, and what is under way.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use peerflow_model::NodeId;
use rand::rngs::SmallRng;

use super::counts::Traffic;
use super::host::Hosts;
use super::links::Kind;
use super::rules::Rules;
use super::sockets::Inbox;
use super::weather::Weather;
use super::{LEAST_LATENCY, LONGEST_DATAGRAM, OVERHEAD};
use crate::time::VirtualTime;

/// What may be under way from one host, in bytes.
const UNDER_WAY: usize = 64 * 1024 * 1024;

/// One datagram on its way.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) kind: Kind,
    pub(super) content: Bytes,
    /// Its place in the order of sending.
    pub(super) order: u64,
}

#[derive(Debug)]
pub(super) struct State {
    rng: SmallRng,
    weather: Weather,
    pub(super) hosts: Hosts,
    pub(super) rules: Rules,
    sockets: BTreeMap<SocketAddr, Inbox>,
    pub(super) under_way: BTreeMap<(VirtualTime, u64), Datagram>,
    /// Datagrams sent so far, copies included.
    sent: u64,
}

impl State {
    pub(super) fn new(rng: SmallRng, weather: Weather) -> Self {
        Self {
            rng,
            weather,
            hosts: Hosts::default(),
            rules: Rules::default(),
            sockets: BTreeMap::new(),
            under_way: BTreeMap::new(),
            sent: 0,
        }
    }

    pub(super) fn add_host(&mut self, node: &NodeId, ip: IpAddr) {
        self.hosts.add(node, ip);
    }

    pub(super) fn traffic(&self, node: &NodeId) -> Traffic {
        self.hosts.traffic(node)
    }

    pub(super) fn next_due(&self) -> Option<VirtualTime> {
        let ((due, _), _) = self.under_way.first_key_value()?;
        Some(*due)
    }

    /// Makes a socket at an address of the host; port 0 chooses one.
    pub(super) fn bind(&mut self, node: &NodeId, ip: IpAddr, port: u16) -> io::Result<SocketAddr> {
        let sockets = &self.sockets;
        let is_taken = |port| sockets.contains_key(&SocketAddr::new(ip, port));
        let port = self.hosts.port(node, ip, port, is_taken)?;
        let address = SocketAddr::new(ip, port);
        self.sockets.insert(address, Inbox::default());
        Ok(address)
    }

    /// Takes a socket away. What it held must be dropped outside the lock: a waker may own whoever owns sockets.
    pub(super) fn unbind(&mut self, address: SocketAddr) -> Option<Inbox> {
        self.sockets.remove(&address)
    }

    pub(super) fn inbox(&mut self, address: SocketAddr) -> Option<&mut Inbox> {
        self.sockets.get_mut(&address)
    }

    /// Sends one datagram from a socket, at that time.
    pub(super) fn send(
        &mut self,
        now: VirtualTime,
        (from, kind): (SocketAddr, Kind),
        to: SocketAddr,
        content: &[u8],
    ) -> io::Result<()> {
        let length = content.len();
        let to = match destination(from, to, length) {
            Ok(to) => to,
            Err(error) => {
                self.hosts.count(from, kind, |counts| counts.refused += 1);
                return Err(error);
            }
        };
        self.hosts.count(from, kind, |counts| {
            counts.sent.add(length);
            counts.largest = counts.largest.max(length);
        });
        let delays = self.delays(from, to, kind, length);
        if delays.is_empty() {
            return Ok(());
        }
        let content = Bytes::copy_from_slice(content);
        for delay in delays {
            self.sent += 1;
            let datagram = Datagram {
                from,
                to,
                kind,
                content: content.clone(),
                order: self.sent,
            };
            let Some(datagram) = self.unless_held(datagram) else {
                continue;
            };
            if self.hosts.under_way(from) + length + OVERHEAD > UNDER_WAY {
                self.hosts
                    .count(from, kind, |counts| counts.lost.queue.add(length));
            } else {
                self.launch(datagram, now.after(delay));
            }
        }
        Ok(())
    }

    /// How long each copy of a datagram takes; none when it is lost, which is counted.
    fn delays(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        kind: Kind,
        length: usize,
    ) -> Vec<Duration> {
        if from.ip() == to.ip() {
            return vec![LEAST_LATENCY];
        }
        let way = self.hosts.way(from, to, kind);
        if self.rules.is_cut(way) {
            self.hosts
                .count(from, kind, |counts| counts.lost.cut.add(length));
            return Vec::new();
        }
        let weather = self.rules.weather(way).unwrap_or(self.weather);
        let delays = weather.delays(&mut self.rng);
        match delays.len() {
            0 => self
                .hosts
                .count(from, kind, |counts| counts.lost.weather.add(length)),
            1 => {}
            _ => self
                .hosts
                .count(from, kind, |counts| counts.copied.add(length)),
        }
        delays
    }

    pub(super) fn launch(&mut self, datagram: Datagram, due: VirtualTime) {
        self.hosts
            .left(datagram.from, datagram.content.len() + OVERHEAD);
        self.under_way.insert((due, datagram.order), datagram);
    }

    /// Puts all that is due into inboxes; tells who is to be woken, in that order.
    pub(super) fn deliver(&mut self, now: VirtualTime) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while let Some(first) = self.under_way.first_entry()
            && first.key().0 <= now
        {
            let datagram = first.remove();
            let (from, to, kind) = (datagram.from, datagram.to, datagram.kind);
            let length = datagram.content.len();
            self.hosts.landed(from, length + OVERHEAD);
            let Some(inbox) = self.sockets.get_mut(&to) else {
                self.hosts
                    .count(from, kind, |counts| counts.lost.nobody.add(length));
                continue;
            };
            if inbox.put(from, datagram.content) {
                self.hosts
                    .count(to, kind, |counts| counts.received.add(length));
                wakers.extend(inbox.take_waker());
            } else {
                self.hosts
                    .count(from, kind, |counts| counts.lost.inbox.add(length));
            }
        }
        wakers
    }
}

impl Datagram {
    pub(super) fn is_within_a_host(&self) -> bool {
        self.from.ip() == self.to.ip()
    }
}

/// Where a datagram of that length goes, or the error that UDP gives.
fn destination(from: SocketAddr, to: SocketAddr, length: usize) -> io::Result<SocketAddr> {
    if length > LONGEST_DATAGRAM {
        return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
    }
    if to.port() == 0 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let ip = to.ip().to_canonical();
    let ip = if ip.is_loopback() || ip.is_unspecified() {
        from.ip()
    } else {
        ip
    };
    if ip.is_ipv4() != from.is_ipv4() {
        return Err(io::Error::from_raw_os_error(libc::ENETUNREACH));
    }
    Ok(SocketAddr::new(ip, to.port()))
}
