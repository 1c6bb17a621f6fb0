//! Gossip on real sockets: nodes that find each other, and strangers that are not seen.

mod harness;
mod lives;
mod meeting;
mod strangers;
