//! Membership of a node that has no cluster.

use std::sync::Arc;

use async_trait::async_trait;
use peerflow_gossip::{Member, Members, Membership, Meters, Word};
use tokio::sync::watch;

/// A node that is its own only member.
#[derive(Debug)]
pub(crate) struct Alone {
    members: watch::Sender<Arc<Members>>,
}

impl Alone {
    /// The membership of `own` alone.
    pub(crate) fn new(own: Member) -> Self {
        Self {
            members: watch::Sender::new(Arc::new(Members::new(own.id.clone(), [own]))),
        }
    }
}

#[async_trait]
impl Membership for Alone {
    fn members(&self) -> watch::Receiver<Arc<Members>> {
        self.members.subscribe()
    }

    fn tell(&self, word: Word) {
        self.members.send_modify(|members| {
            if let Some(own) = members.own().cloned() {
                let id = own.id.clone();
                *members = Arc::new(Members::new(id, [Member { word, ..own }]));
            }
        });
    }

    async fn leave(&self) {}

    fn meters(&self) -> Meters {
        Meters::default()
    }
}
