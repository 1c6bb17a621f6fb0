//! Datagrams over UDP, IPv4 and IPv6.

use std::io;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use tokio::net::UdpSocket;

use crate::network::{DatagramSocket, Network};

/// The real network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Udp;

#[async_trait]
impl Network for Udp {
    async fn bind(&self, listen: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let socket = UdpSocket::bind(listen).await?;
        Ok(Box::new(Bound {
            six: socket.local_addr()?.is_ipv6(),
            socket,
        }))
    }
}

#[derive(Debug)]
struct Bound {
    socket: UdpSocket,
    /// An IPv6 socket, which reaches IPv4 peers by mapped addresses.
    six: bool,
}

#[async_trait]
impl DatagramSocket for Bound {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        let to = match to.ip() {
            IpAddr::V4(v4) if self.six => SocketAddr::new(v4.to_ipv6_mapped().into(), to.port()),
            IpAddr::V4(_) | IpAddr::V6(_) => to,
        };
        self.socket.send_to(datagram, to).await.map(drop)
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            match self.socket.recv_from(buffer).await {
                Ok((length, mut from)) => {
                    from.set_ip(from.ip().to_canonical());
                    return Ok((length, from));
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Errors that speak of an earlier datagram or of a moment, not of the socket.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
            | io::ErrorKind::OutOfMemory
    )
}
