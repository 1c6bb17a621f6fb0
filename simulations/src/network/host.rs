//! Hosts: whose address is whose, and the network as one host sees it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use peerflow_gossip::DatagramSocket;
use peerflow_model::NodeId;
use quinn::AsyncUdpSocket;

use super::SimNet;
use super::counts::{Counts, Traffic};
use super::links::{Kind, Way};
use super::sockets::SimSocket;

/// The first port that is chosen when none is asked for.
const FIRST_PORT: u16 = 20_000;

/// The network as one host sees it: the sockets of gossip and of QUIC come from here. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HostNetwork {
    net: SimNet,
    node: NodeId,
    ip: IpAddr,
}

impl HostNetwork {
    pub(super) fn new(net: SimNet, node: NodeId, ip: IpAddr) -> Self {
        Self { net, node, ip }
    }

    /// The host's only address.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Listening on all addresses is listening on the only one; so the socket's address tells peers where to send to.
    fn socket(&self, listen: SocketAddr, kind: Kind) -> io::Result<SimSocket> {
        let ip = listen.ip().to_canonical();
        if ip != self.ip && !ip.is_unspecified() {
            return Err(io::Error::from_raw_os_error(libc::EADDRNOTAVAIL));
        }
        let bound = self.net.state().bind(&self.node, self.ip, listen.port())?;
        Ok(SimSocket::new(self.net.clone(), bound, kind))
    }
}

#[async_trait]
impl peerflow_gossip::Network for HostNetwork {
    async fn bind(&self, listen: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        Ok(Box::new(self.socket(listen, Kind::Gossip)?))
    }
}

impl peerflow_wire::Network for HostNetwork {
    fn bind(&self, listen: SocketAddr) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(self.socket(listen, Kind::Rpc)?))
    }
}

/// All hosts, by address.
#[derive(Debug, Default)]
pub(super) struct Hosts(BTreeMap<IpAddr, Host>);

#[derive(Debug)]
struct Host {
    node: NodeId,
    next_port: u16,
    /// Room that its datagrams under way take, in bytes.
    under_way: usize,
    traffic: Traffic,
}

impl Hosts {
    pub(super) fn add(&mut self, node: &NodeId, ip: IpAddr) {
        self.0.entry(ip).or_insert_with(|| Host {
            node: node.clone(),
            next_port: FIRST_PORT,
            under_way: 0,
            traffic: Traffic::default(),
        });
    }

    pub(super) fn traffic(&self, node: &NodeId) -> Traffic {
        let mut traffic = Traffic::default();
        for host in self.0.values().filter(|host| host.node == *node) {
            traffic += host.traffic;
        }
        traffic
    }

    /// A port for a socket: the one asked for, or for 0 the next that is free.
    pub(super) fn port(
        &mut self,
        node: &NodeId,
        ip: IpAddr,
        port: u16,
        is_taken: impl Fn(u16) -> bool,
    ) -> io::Result<u16> {
        let taken = || io::Error::from_raw_os_error(libc::EADDRINUSE);
        let host = self.0.get_mut(&ip);
        let host = host.filter(|host| host.node == *node).ok_or_else(taken)?;
        if port != 0 {
            return if is_taken(port) {
                Err(taken())
            } else {
                Ok(port)
            };
        }
        for _tried in FIRST_PORT..=u16::MAX {
            let port = host.next_port;
            host.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
            if !is_taken(port) {
                return Ok(port);
            }
        }
        Err(taken())
    }

    pub(super) fn way(&self, from: SocketAddr, to: SocketAddr, kind: Kind) -> Way<'_> {
        let node = |address: SocketAddr| self.0.get(&address.ip()).map(|host| &host.node);
        Way {
            from: node(from),
            to: node(to),
            kind,
        }
    }

    pub(super) fn count(&mut self, at: SocketAddr, kind: Kind, count: impl FnOnce(&mut Counts)) {
        if let Some(host) = self.0.get_mut(&at.ip()) {
            count(host.traffic.of(kind));
        }
    }

    pub(super) fn under_way(&self, from: SocketAddr) -> usize {
        self.0.get(&from.ip()).map_or(0, |host| host.under_way)
    }

    pub(super) fn left(&mut self, from: SocketAddr, room: usize) {
        if let Some(host) = self.0.get_mut(&from.ip()) {
            host.under_way += room;
        }
    }

    pub(super) fn landed(&mut self, from: SocketAddr, room: usize) {
        if let Some(host) = self.0.get_mut(&from.ip()) {
            host.under_way = host.under_way.saturating_sub(room);
        }
    }
}
