//! Visits that wait for a node, in lines by what they ask of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{Instance, Visit, VisitId};
use peerflow_workflow::{Action, Host};

use crate::event::Peer;

/// What an action asks of the node that runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Requirement {
    /// An address, host name or node id.
    pub(crate) host: Option<String>,
    pub(crate) labels: BTreeSet<String>,
}

impl Requirement {
    fn of(action: &Action) -> Self {
        Self {
            host: match &action.host {
                Host::Any => None,
                Host::Named(host) => Some(host.clone()),
            },
            labels: action.labels.clone(),
        }
    }

    /// Whether any node will do.
    pub(crate) fn is_any(&self) -> bool {
        self.host.is_none() && self.labels.is_empty()
    }

    pub(crate) fn fits(&self, peer: &Peer) -> bool {
        self.host
            .as_ref()
            .is_none_or(|host| peer.id.as_str() == host || peer.hosts.contains(host))
            && self.labels.is_subset(&peer.labels)
    }
}

/// Who goes first: the higher priority, then the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    priority: Reverse<i32>,
    created_at: Timestamp,
    queue_order: u64,
    sequence: u32,
}

impl Rank {
    pub(crate) fn of(instance: &Instance, visit: &Visit) -> Self {
        Self {
            priority: Reverse(instance.priority),
            created_at: visit.created_at,
            queue_order: instance.queue_order,
            sequence: visit.sequence,
        }
    }
}

/// A line's number; 0 is the line of those whom any node will do.
pub(crate) type LineId = u32;

/// Visits that ask the same of a node.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) requirement: Requirement,
    /// Each with the time since when it waits, on the monotonic scale.
    pub(crate) visits: BTreeMap<Rank, (VisitId, Duration)>,
    /// What they wait for, as it was last told.
    pub(crate) outlook: Option<String>,
    /// Since when no known node fits.
    pub(crate) unknown_since: Option<Duration>,
}

/// All visits that wait for a node.
#[derive(Debug)]
pub(crate) struct WaitingLines {
    lines: BTreeMap<LineId, Line>,
    ids: BTreeMap<Requirement, LineId>,
    last_id: LineId,
    /// The first of each line.
    heads: BTreeSet<(Rank, LineId)>,
}

impl Default for WaitingLines {
    fn default() -> Self {
        Self {
            lines: BTreeMap::from([(0, Line::default())]),
            ids: BTreeMap::from([(Requirement::default(), 0)]),
            last_id: 0,
            heads: BTreeSet::new(),
        }
    }
}

impl WaitingLines {
    /// Queues a visit. Answers its line, or nothing when it waits already.
    pub(crate) fn insert(
        &mut self,
        action: &Action,
        rank: Rank,
        visit: VisitId,
        now: Duration,
    ) -> Option<LineId> {
        let id = self.line_of(action);
        let line = self.lines.get_mut(&id)?;
        if line.visits.contains_key(&rank) {
            return None;
        }
        let head = line.visits.first_key_value().map(|(rank, _)| *rank);
        line.visits.insert(rank, (visit, now));
        if head.is_none_or(|head| rank < head) {
            if let Some(head) = head {
                self.heads.remove(&(head, id));
            }
            self.heads.insert((rank, id));
        }
        Some(id)
    }

    /// Takes a visit out, wherever it waits.
    pub(crate) fn remove(&mut self, rank: Rank) {
        if self.take(0, rank).is_some() {
            return;
        }
        let holding = |line: &Line| line.visits.contains_key(&rank);
        let id = self.lines.iter().find(|(_, line)| holding(line));
        if let Some(id) = id.map(|(id, _)| *id) {
            self.take(id, rank);
        }
    }

    /// Takes a visit out of a line.
    pub(crate) fn take(&mut self, id: LineId, rank: Rank) -> Option<VisitId> {
        let line = self.lines.get_mut(&id)?;
        let (visit, _since) = line.visits.remove(&rank)?;
        if self.heads.remove(&(rank, id))
            && let Some((head, _)) = line.visits.first_key_value()
        {
            self.heads.insert((*head, id));
        }
        if id != 0 && line.visits.is_empty() {
            self.ids.remove(&line.requirement);
            self.lines.remove(&id);
        }
        Some(visit)
    }

    /// The first of the lines whose rank is after `after`.
    pub(crate) fn head_after(&self, after: Option<(Rank, LineId)>) -> Option<(Rank, LineId)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.heads.range((from, Bound::Unbounded)).next().copied()
    }

    pub(crate) fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.get(&id)
    }

    pub(crate) fn line_mut(&mut self, id: LineId) -> Option<&mut Line> {
        self.lines.get_mut(&id)
    }

    /// All lines.
    pub(crate) fn ids(&self) -> Vec<LineId> {
        self.lines.keys().copied().collect()
    }

    /// How many visits wait.
    pub(crate) fn len(&self) -> usize {
        self.lines.values().map(|line| line.visits.len()).sum()
    }

    fn line_of(&mut self, action: &Action) -> LineId {
        if is_any(action) {
            return 0;
        }
        let requirement = Requirement::of(action);
        if let Some(&id) = self.ids.get(&requirement) {
            return id;
        }
        self.last_id = self.last_id.wrapping_add(1).max(1);
        self.ids.insert(requirement.clone(), self.last_id);
        let line = Line {
            requirement,
            ..Line::default()
        };
        self.lines.insert(self.last_id, line);
        self.last_id
    }
}

fn is_any(action: &Action) -> bool {
    action.host == Host::Any && action.labels.is_empty()
}
