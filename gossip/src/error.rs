//! Why gossip cannot start.

use std::io;
use std::net::SocketAddr;

/// Why gossip cannot start. Once it runs it heals by itself and tells what happened in its log and its meters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The socket could not be had.
    #[error("gossip cannot listen on {listen}/udp; stop what uses it, or set another address")]
    Bind {
        listen: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// It listens on all addresses, and none was found that peers could use.
    #[error(
        "gossip listens on {listen}, which peers cannot send to, and no address of this machine was found; \
         set the address that peers use (advertise)"
    )]
    NoAdvertise { listen: SocketAddr },
    /// The address that peers shall use is not one.
    #[error("peers cannot send to {advertise}; advertise an address of this machine")]
    BadAdvertise { advertise: SocketAddr },
    /// The node's id is empty, too long or has characters that cannot be shown.
    #[error("the node id {id:?} must have 1 to 20 bytes and no control characters")]
    BadNodeId { id: String },
    /// The cluster's name is empty or too long.
    #[error("the cluster's name must have 1 to {limit} bytes, it has {length}")]
    BadCluster { length: usize, limit: usize },
    /// The interval is too short or too long to be useful.
    #[error("the gossip interval must be 20 ms to 10 s, it is {millis} ms")]
    BadInterval { millis: u128 },
    /// A seed is not HOST:PORT.
    #[error("the seed {seed:?} must be HOST:PORT, such as node1.example:7501 or [fd00::1]:7501")]
    BadSeed { seed: String },
    /// More seeds than any cluster needs.
    #[error(
        "there are {count} seeds, at most {limit} are allowed; a few that are mostly up are enough"
    )]
    TooManySeeds { count: usize, limit: usize },
    /// What the node says of itself does not fit the gossip.
    #[error("{what} is too long for the gossip: {length}, at most {limit}; make it shorter")]
    TooLong {
        what: &'static str,
        length: usize,
        limit: usize,
    },
}
