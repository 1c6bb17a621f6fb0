//! What each node sent and received, and what was lost.

use std::ops::AddAssign;

use super::links::Kind;

/// What one node sent and received, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub gossip: Counts,
    pub rpc: Counts,
}

/// Counts of one kind of datagrams. Over all nodes, `sent + copied = received + lost + what is under way`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// What the node sent, whatever became of it.
    pub sent: Amount,
    /// Second copies of what it sent, made on the way.
    pub copied: Amount,
    /// What came into a socket of the node.
    pub received: Amount,
    /// What the node sent and did not arrive.
    pub lost: Losses,
    /// The longest datagram that it sent, in bytes.
    pub largest: usize,
    /// Datagrams that it could not even send: too long, or to no possible address. Counted nowhere else.
    pub refused: u64,
}

/// Datagrams lost, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// By chance, as the weather is.
    pub weather: Amount,
    /// A rule cut the link.
    pub cut: Amount,
    /// Too much was under way from the sender, or held.
    pub queue: Amount,
    /// The socket's inbox was full.
    pub inbox: Amount,
    /// No socket had the address when the datagram came.
    pub nobody: Amount,
}

/// How much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub datagrams: u64,
    /// Bytes of content.
    pub bytes: u64,
}

impl Traffic {
    pub(super) fn of(&mut self, kind: Kind) -> &mut Counts {
        match kind {
            Kind::Gossip => &mut self.gossip,
            Kind::Rpc => &mut self.rpc,
        }
    }
}

impl Losses {
    /// All of them.
    pub fn total(&self) -> Amount {
        let mut total = Amount::default();
        for amount in [self.weather, self.cut, self.queue, self.inbox, self.nobody] {
            total += amount;
        }
        total
    }
}

impl Amount {
    /// Counts one more datagram of that length.
    pub(super) fn add(&mut self, length: usize) {
        self.datagrams += 1;
        self.bytes += u64::try_from(length).unwrap_or(u64::MAX);
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.datagrams += other.datagrams;
        self.bytes += other.bytes;
    }
}

impl AddAssign for Losses {
    fn add_assign(&mut self, other: Self) {
        self.weather += other.weather;
        self.cut += other.cut;
        self.queue += other.queue;
        self.inbox += other.inbox;
        self.nobody += other.nobody;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.copied += other.copied;
        self.received += other.received;
        self.lost += other.lost;
        self.largest = self.largest.max(other.largest);
        self.refused += other.refused;
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.gossip += other.gossip;
        self.rpc += other.rpc;
    }
}
