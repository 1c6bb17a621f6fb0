//! Waiting until the nodes know each other.

use std::collections::BTreeSet;
use std::time::Duration;

use peerflow_node::http::types::{Cluster, NodeState};

use super::place::Place;
use crate::client::{Ask, Client, typed};
use crate::error::Error;
use crate::session::Session;

const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Waits until each node shows all of them as alive and the same master. Gives the master's name.
pub(super) async fn agreed(session: &Session, places: &[Place]) -> Result<String, Error> {
    let names: BTreeSet<&str> = places.iter().map(|place| place.name.as_str()).collect();
    let mut clients = Vec::new();
    for place in places {
        clients.push(session.client_of(&[place.url()])?);
    }
    loop {
        if let Some(master) = master_of(&clients, &names).await {
            return Ok(master);
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}

/// The master, where all show the same one and everybody.
async fn master_of(clients: &[Client], names: &BTreeSet<&str>) -> Option<String> {
    let mut master = None;
    for client in clients {
        let raw = client.value(&Ask::get("/cluster")).await.ok()?;
        let cluster: Cluster = typed(&raw).ok()?;
        let alive = cluster
            .nodes
            .iter()
            .filter(|node| node.state == NodeState::Alive);
        let alive: BTreeSet<&str> = alive.map(|node| node.id.as_str()).collect();
        let of_this = cluster.master.filter(|_| alive == *names)?;
        if *master.get_or_insert_with(|| of_this.clone()) != of_this {
            return None;
        }
    }
    master
}
