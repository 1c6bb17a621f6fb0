//! What is told to other nodes as a listener's address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::PeerAddress;

/// The address to tell others for a listener that is bound to `bound`: what is configured, else its own, else the one
/// of this machine that `seeds` are reached from. `None`: this machine has none.
pub(super) fn advertised(
    configured: Option<&PeerAddress>,
    bound: SocketAddr,
    seeds: &[PeerAddress],
) -> Option<PeerAddress> {
    if let Some(configured) = configured {
        return Some(configured.clone().or_port(bound.port()));
    }
    let ip = if bound.ip().is_unspecified() {
        own_address(bound.is_ipv6(), seeds)?
    } else {
        bound.ip()
    };
    Some(SocketAddr::new(ip, bound.port()).into())
}

/// The address of this machine from which the seeds are reached, else from which the rest of the world would be, else
/// that of any interface.
fn own_address(v6: bool, seeds: &[PeerAddress]) -> Option<IpAddr> {
    let seeds = seeds.iter().filter_map(PeerAddress::ip);
    // Addresses of documentation: routed like any other, and nothing is ever sent to them.
    let world: IpAddr = if v6 {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()
    } else {
        Ipv4Addr::new(192, 0, 2, 1).into()
    };
    seeds
        .filter(|seed| seed.is_ipv6() == v6)
        .chain([world])
        .filter_map(source_towards)
        .find(|ip| is_reachable(*ip))
        .or_else(|| interface_addresses().find(|ip| ip.is_ipv6() == v6 && is_reachable(*ip)))
}

/// The address that the system would send from. Connecting a datagram socket sends nothing.
fn source_towards(target: IpAddr) -> Option<IpAddr> {
    let own: IpAddr = if target.is_ipv6() {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((own, 0)).ok()?;
    socket.connect((target, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn interface_addresses() -> impl Iterator<Item = IpAddr> {
    nix::ifaddrs::getifaddrs()
        .into_iter()
        .flatten()
        .filter_map(|interface| interface.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip())))
        })
}

/// Whether another machine may reach it. Addresses of a link alone need a scope that only this machine knows.
fn is_reachable(ip: IpAddr) -> bool {
    let of_link = match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(ip.is_loopback() || ip.is_unspecified() || of_link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_wins_then_what_the_socket_is_bound_to() {
        let bound: SocketAddr = "10.1.2.3:8091".parse().unwrap();
        let told = |configured: Option<&str>| {
            let configured = configured.map(|text| text.parse::<PeerAddress>().unwrap());
            advertised(configured.as_ref(), bound, &[])
                .unwrap()
                .to_string()
        };
        assert_eq!(told(Some("nat.example:9")), "nat.example:9");
        assert_eq!(told(Some("nat.example")), "nat.example:8091");
        assert_eq!(told(None), "10.1.2.3:8091");
    }

    #[test]
    fn a_socket_on_every_address_is_told_by_one_that_others_can_reach() {
        let bound: SocketAddr = "0.0.0.0:8091".parse().unwrap();
        let seed: PeerAddress = "127.0.0.1:1".parse().unwrap();
        let Some(told) = advertised(None, bound, &[seed]) else {
            // A machine without a network has none, and says so.
            assert!(!interface_addresses().any(|ip| ip.is_ipv4() && is_reachable(ip)));
            return;
        };
        let ip = told.ip().unwrap();
        assert!(is_reachable(ip) && told.port == Some(8091), "{told}");
        assert!(interface_addresses().any(|own| own == ip), "{told}");
    }
}
