//! What peers say of themselves, and what this node makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use peerflow_model::{Epoch, Incarnation, NodeId};

/// What a node says of itself for the whole of one life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// URL of its HTTP interface; absent when it serves none.
    pub http: Option<String>,
    /// Where peers reach it by QUIC; absent when it offers none.
    pub rpc: Option<SocketAddr>,
    /// Labels that actions may ask for.
    pub labels: BTreeSet<String>,
    /// Names and addresses that an action's `host` may use for its machine.
    pub hosts: BTreeSet<String>,
    /// Tasks that it runs at the same time.
    pub slots: u32,
    /// Version of its program.
    pub version: String,
    /// When this life began, by its own clock.
    pub started_at: Timestamp,
}

/// What a node says of itself that changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Word {
    /// Tasks that it runs now.
    pub running: u32,
    /// Load average of one minute for each core, in steps of 0.05; never negative, never infinite.
    pub load: f32,
    /// Highest epoch that it has ever seen.
    pub highest_epoch: Epoch,
    /// Progress of the lease; only its holder says it.
    pub lease: Option<LeaseProgress>,
    /// It reached the store when it last tried.
    pub store_reachable: bool,
    /// It takes no new tasks.
    pub draining: bool,
}

impl Word {
    /// What peers wait for has changed: who may take the lease, and where tasks may go.
    pub(crate) fn is_urgent_after(&self, last: &Self) -> bool {
        let lease = |word: &Self| word.lease.map(|lease| (lease.epoch, lease.released));
        lease(last) != lease(self) || self.is_pressing_after(last)
    }

    /// More than tasks and load has changed, beside the lease.
    pub(crate) fn is_pressing_after(&self, last: &Self) -> bool {
        let pressing = |word: &Self| (word.highest_epoch, word.draining, word.store_reachable);
        pressing(last) != pressing(self)
    }
}

/// How far the holder of the lease has come: while it moves, peers need not ask the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseProgress {
    /// Epoch of the lease.
    pub epoch: Epoch,
    /// Renewals done in this epoch.
    pub renewals: u64,
    /// The holder has given the lease back: whoever wants it need not wait.
    pub released: bool,
}

/// Whether a member is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// Its heartbeats arrive.
    Alive,
    /// Its heartbeats have stopped, and it had not said that it goes. It stays listed for 15 minutes.
    Dead,
    /// It said that it goes.
    Left,
}

impl MemberState {
    /// As users read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Dead => "dead",
            Self::Left => "left",
        }
    }
}

/// A node of the cluster in its newest life, as this node knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub id: NodeId,
    /// Its newest life that was heard of.
    pub incarnation: Incarnation,
    /// Where its gossip is reached.
    pub gossip: SocketAddr,
    pub about: Arc<About>,
    /// The last that arrived; the default until then.
    pub word: Word,
    pub state: MemberState,
    /// When this node saw it come into this state in this life, by this node's clock.
    pub since: Timestamp,
}

/// Another node that lives under this node's id: somebody gave two nodes the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Its life; never older than this node's, since the older of two reports the newer. Of two equal ones both report.
    pub incarnation: Incarnation,
    /// Where its gossip is reached, which tells the machine.
    pub gossip: SocketAddr,
    /// When this node noticed it, by its own clock.
    pub since: Timestamp,
}

/// All nodes that this node knows, itself included, one life of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    pub(crate) own: NodeId,
    pub(crate) by_id: BTreeMap<NodeId, Member>,
    pub(crate) rival: Option<Rival>,
}

impl Members {
    /// Members of a cluster as node `own` sees it: for those who stand in for the gossip, such as tests.
    pub fn new(own: NodeId, members: impl IntoIterator<Item = Member>) -> Self {
        Self {
            own,
            by_id: members
                .into_iter()
                .map(|member| (member.id.clone(), member))
                .collect(),
            rival: None,
        }
    }

    /// The same with another node that lives under this node's id.
    #[must_use]
    pub fn with_rival(mut self, rival: Rival) -> Self {
        self.rival = Some(rival);
        self
    }

    /// The member of this id.
    pub fn member(&self, id: &NodeId) -> Option<&Member> {
        self.by_id.get(id)
    }

    /// This node itself.
    pub fn own(&self) -> Option<&Member> {
        self.by_id.get(&self.own)
    }

    /// All members by id, this node included.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.by_id.values()
    }

    /// Members that are alive, this node included.
    pub fn alive(&self) -> impl Iterator<Item = &Member> {
        self.iter()
            .filter(|member| member.state == MemberState::Alive)
    }

    /// Members other than this node.
    pub fn peers(&self) -> impl Iterator<Item = &Member> {
        self.iter().filter(|member| member.id != self.own)
    }

    /// Another node that lives under this node's id, if one was noticed.
    pub fn rival(&self) -> Option<&Rival> {
        self.rival.as_ref()
    }
}
