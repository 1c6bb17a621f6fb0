//! Membership: who is alive, and what each peer says of itself.
//!
//! A node binds [`Gossip`] with a [`GossipConfig`], runs it, and from then on sees the cluster through [`Membership`]:
//! a watch of [`Members`] that changes within a round or two after something happened, and `tell` to say what changed
//! here. Below it works [chitchat](https://docs.rs/chitchat), which exchanges states with three random peers each
//! round (200 ms) and calls a peer dead whose heartbeats stay away unusually long, after one or two seconds.
//!
//! Gossip is a hint and never a lock: who may schedule is decided by the lease in the store.
//!
//! **Who is heard.** Each datagram is sealed (XChaCha20-Poly1305, `seal.rs`) under a key of the cluster's secret; the
//! cluster's name and the sender's time are bound to it. What does not open is dropped, counted and never answered, so
//! strangers, other clusters and wrong secrets see nothing and are not seen. What opens must be sealed within 30 s of
//! this node's clock (`skew.rs` tells whose clock is off) and must not have come before (`replay.rs`).
//!
//! **Who is where.** Seeds are names or addresses, resolved again as time goes; one that is not heard is asked again
//! and again, so a node that was alone joins later and two halves of a cluster find each other (`seeds.rs`). Peers are
//! told the advertised address, which may differ from the one listened on (`advertise.rs`).
//!
//! **What is said.** Two small JSON values of each node: [`About`] for a life and [`Word`] for what changes
//! (`value.rs`). Versions live together: unknown fields are ignored, missing ones have defaults, and what cannot be read
//! is counted and hides nobody else.
//!
//! **What becomes of it.** `roster.rs` makes the members: the newest life of each node, [`MemberState::Dead`] when it
//! fell silent, [`MemberState::Left`] when it said so, forgotten after 15 minutes; and a [`Rival`] when another node
//! lives under this node's id. `driver.rs` runs all this and starts chitchat again when its socket breaks.
//!
//! The socket is a seam ([`Network`]), and so is the clock ([`WallClock`]); a simulation brings its own.

mod advertise;
mod clock;
mod config;
mod driver;
mod error;
mod gate;
mod gossip;
mod key;
mod life;
mod member;
mod membership;
mod meters;
mod network;
mod replay;
mod roster;
mod seal;
mod seeds;
mod skew;
mod transport;
mod udp;
mod value;

pub use clock::WallClock;
pub use config::GossipConfig;
pub use error::Error;
pub use gossip::{BoundGossip, Gossip};
pub use key::GossipKey;
pub use member::{About, LeaseProgress, Member, MemberState, Members, Rival, Word};
pub use membership::Membership;
pub use meters::{Dropped, Meters, Skew};
pub use network::{DatagramSocket, Network};
pub use udp::Udp;
