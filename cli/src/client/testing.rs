//! Clients for tests.

use std::time::Duration;

use super::{Client, Peer, Transport, trust};
use crate::language::Language;

/// A client of these addresses.
pub(crate) fn client(addresses: &[&str], timeout: Duration) -> Client {
    let peers = addresses
        .iter()
        .map(|address| Peer::parse(address).expect("an address"))
        .collect();
    let trust = trust(None).expect("known authorities");
    Client::new(
        Transport::http(peers, trust, Language::English),
        timeout,
        None,
    )
}
