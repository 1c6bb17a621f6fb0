//! Which links a rule is about.

use std::collections::BTreeSet;

use peerflow_model::NodeId;

/// What a datagram is for, told by the socket that it left from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It left from a socket of the gossip.
    Gossip,
    /// It left from a socket of QUIC.
    Rpc,
}

/// A choice of directed links from nodes to nodes. A link within one node is never in it.
#[derive(Clone, Debug)]
pub struct Links {
    pairs: Vec<(End, End)>,
    /// Both kinds when absent.
    kind: Option<Kind>,
}

/// The nodes and the kind by which rules know a datagram. Nobody is at an address without a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) from: Option<&'a NodeId>,
    pub(super) to: Option<&'a NodeId>,
    pub(super) kind: Kind,
}

/// Nodes at one end of links.
#[derive(Clone, Debug)]
enum End {
    Anyone,
    Nodes(BTreeSet<NodeId>),
}

impl Links {
    /// All of them.
    pub fn all() -> Self {
        Self::of_pairs([(End::Anyone, End::Anyone)])
    }

    /// From each of these nodes to each of those.
    pub fn one_way<'a>(
        from: impl IntoIterator<Item = &'a NodeId>,
        to: impl IntoIterator<Item = &'a NodeId>,
    ) -> Self {
        Self::of_pairs([(End::nodes(from), End::nodes(to))])
    }

    /// Between each of these nodes and each of those, both ways.
    pub fn between<'a>(
        one: impl IntoIterator<Item = &'a NodeId>,
        other: impl IntoIterator<Item = &'a NodeId>,
    ) -> Self {
        let (one, other) = (End::nodes(one), End::nodes(other));
        Self::of_pairs([(one.clone(), other.clone()), (other, one)])
    }

    /// From the node to anyone.
    pub fn leaving(node: &NodeId) -> Self {
        Self::of_pairs([(End::nodes([node]), End::Anyone)])
    }

    /// From anyone to the node.
    pub fn reaching(node: &NodeId) -> Self {
        Self::of_pairs([(End::Anyone, End::nodes([node]))])
    }

    /// From the node to anyone and from anyone to the node.
    pub fn of(node: &NodeId) -> Self {
        let node = End::nodes([node]);
        Self::of_pairs([(node.clone(), End::Anyone), (End::Anyone, node)])
    }

    /// The same links, for one kind of datagrams only.
    #[must_use]
    pub fn only(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    fn of_pairs(pairs: impl Into<Vec<(End, End)>>) -> Self {
        Self {
            pairs: pairs.into(),
            kind: None,
        }
    }

    /// Whether that way is one of them.
    pub(super) fn carry(&self, way: Way<'_>) -> bool {
        self.kind.is_none_or(|only| only == way.kind)
            && self
                .pairs
                .iter()
                .any(|(from, to)| from.has(way.from) && to.has(way.to))
    }
}

impl End {
    fn nodes<'a>(nodes: impl IntoIterator<Item = &'a NodeId>) -> Self {
        Self::Nodes(nodes.into_iter().cloned().collect())
    }

    fn has(&self, node: Option<&NodeId>) -> bool {
        match self {
            Self::Anyone => true,
            Self::Nodes(nodes) => node.is_some_and(|node| nodes.contains(node)),
        }
    }
}
