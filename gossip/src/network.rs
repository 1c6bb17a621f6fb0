//! The seam below the gossip: what carries datagrams. UDP is one; a simulated network can stand in.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;

/// Where sockets come from.
#[async_trait]
pub trait Network: Send + Sync + Debug {
    /// A socket at this address; port 0 lets the network choose one.
    async fn bind(&self, listen: SocketAddr) -> io::Result<Box<dyn DatagramSocket>>;
}

/// One socket for datagrams.
#[async_trait]
pub trait DatagramSocket: Send + Sync + Debug {
    /// The address it was bound to, with the port it has.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Sends one datagram. An error concerns this datagram only.
    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()>;

    /// The next datagram: its length in `buffer`, and where from. Dropping the future loses nothing. An error says that
    /// the socket is broken.
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
}
