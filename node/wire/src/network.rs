//! The seam below the connections: where their socket comes from. UDP is one network; a simulated one can stand in.

use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{AsyncUdpSocket, Runtime, TokioRuntime};

/// Where sockets come from.
pub trait Network: Send + Sync + Debug {
    /// A socket at this address; port 0 lets the network choose one.
    ///
    /// # Errors
    /// When it has no such address, or it is taken.
    fn bind(&self, listen: SocketAddr) -> io::Result<Arc<dyn AsyncUdpSocket>>;
}

/// The real network.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Udp;

impl Network for Udp {
    fn bind(&self, listen: SocketAddr) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        TokioRuntime.wrap_udp_socket(UdpSocket::bind(listen)?)
    }
}
