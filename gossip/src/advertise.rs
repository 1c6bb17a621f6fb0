//! Which address peers are told to send to.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::error::Error;
use crate::seeds;

/// Seeds that are asked for the way to them.
const ASKED: usize = 8;
const LOOKUP: Duration = Duration::from_secs(2);

/// The address peers are told, for a socket that listens at `local`.
pub(crate) async fn advertised(
    local: SocketAddr,
    configured: Option<SocketAddr>,
    names: &[String],
) -> Result<SocketAddr, Error> {
    if let Some(mut advertise) = configured {
        if advertise.ip().is_unspecified() || advertise.ip().is_multicast() {
            return Err(Error::BadAdvertise { advertise });
        }
        if advertise.port() == 0 {
            advertise.set_port(local.port());
        }
        return Ok(advertise);
    }
    if !local.ip().is_unspecified() {
        return Ok(local);
    }
    let mut found = way_out(local, names)
        .await
        .ok_or(Error::NoAdvertise { listen: local })?;
    found.set_port(local.port());
    Ok(found)
}

/// This machine's address on the way to a seed, else on the way out; one that only this machine has comes last.
async fn way_out(local: SocketAddr, names: &[String]) -> Option<SocketAddr> {
    let mut only_here = None;
    for name in names.iter().take(ASKED) {
        for seed in seeds::lookup(name, LOOKUP).await.unwrap_or_default() {
            match address_towards(local, seed).await {
                Ok(address) if address.ip().is_loopback() => only_here = Some(address),
                Ok(address) => return Some(address),
                Err(_unreachable) => {}
            }
        }
    }
    // Addresses of documentation: no machine has them, and nothing is sent.
    let outside: [SocketAddr; 2] = [
        (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
    ];
    for target in outside {
        if let Ok(address) = address_towards(local, target).await {
            return Some(address);
        }
    }
    only_here
}

/// Asks the system which of its addresses it would send from; sends nothing.
async fn address_towards(local: SocketAddr, target: SocketAddr) -> io::Result<SocketAddr> {
    let any: SocketAddr = match target {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) if local.is_ipv4() => {
            return Err(io::ErrorKind::Unsupported.into());
        }
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(target).await?;
    let address = socket.local_addr()?;
    if address.ip().is_unspecified() {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[tokio::test]
    async fn the_configured_address_wins_and_takes_the_port_it_lacks() {
        let inside = at("10.0.0.1:7501");
        let told = advertised(inside, Some(at("192.0.2.7:9000")), &[]).await;
        assert_eq!(told.unwrap(), at("192.0.2.7:9000"));
        let told = advertised(inside, Some(at("192.0.2.7:0")), &[]).await;
        assert_eq!(told.unwrap(), at("192.0.2.7:7501"));
        let told = advertised(inside, Some(at("0.0.0.0:1")), &[]).await;
        assert!(matches!(told, Err(Error::BadAdvertise { .. })), "{told:?}");
    }

    #[tokio::test]
    async fn a_node_on_all_addresses_never_tells_that_it_is_everywhere() {
        match advertised(at("0.0.0.0:7501"), None, &["127.0.0.1:7502".to_owned()]).await {
            Ok(told) => assert!(!told.ip().is_unspecified() && told.port() == 7501, "{told}"),
            Err(error) => panic!("{error}"),
        }
    }
}
