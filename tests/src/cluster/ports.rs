//! Ports that nodes keep over their restarts, since others find them there.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what the system gives away by itself, so that nothing takes one while its node is down.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// Where one node listens for gossip and for its peers.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) gossip: String,
    pub(super) rpc: String,
    _held: Vec<ReservedPort>,
}

impl Sockets {
    /// On this machine's loopback.
    pub(super) fn here() -> Self {
        let held = [ReservedPort::new(), ReservedPort::new()];
        let [gossip, rpc] = held.each_ref().map(ReservedPort::address);
        Self {
            gossip,
            rpc,
            _held: held.into(),
        }
    }

    /// On a host that is the node's alone.
    pub(super) fn on(host: &str) -> Self {
        Self {
            gossip: format!("{host}:8091"),
            rpc: format!("{host}:8092"),
            _held: Vec::new(),
        }
    }
}

/// A UDP port of this machine for one node's use. No other test takes it while this lives: TCP's port of the same number
/// is held.
#[derive(Debug)]
struct ReservedPort {
    held: TcpListener,
}

impl ReservedPort {
    /// A port that nobody uses.
    ///
    /// # Panics
    /// When there is none.
    fn new() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Each test is a process; they begin at different places, so as not to try the same ones.
        let start = u16::try_from(std::process::id() * 37 % u32::from(COUNT)).unwrap_or(0);
        for _ in 0..COUNT {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed);
            let port = FIRST + (start + offset % COUNT) % COUNT;
            if let Ok(held) = TcpListener::bind(("127.0.0.1", port))
                && UdpSocket::bind(("127.0.0.1", port)).is_ok()
            {
                return Self { held };
            }
        }
        panic!("no port from {FIRST} on is free");
    }

    /// `127.0.0.1:PORT`
    fn address(&self) -> String {
        let address = self.held.local_addr().expect("a bound socket");
        address.to_string()
    }
}
