//! What each death of a node delayed.

use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_model::{AttemptId, NodeId, VisitId};

use crate::history::TaskFate;
use crate::report::timeline::{Bar, LifeEnd, NodeLane, Timeline};
use crate::time::VirtualTime;

/// A node that took tasks with it: it died, or its grant was over.
#[derive(Clone, Debug)]
pub struct Death {
    pub node: NodeId,
    pub at: VirtualTime,
    /// It lived on, but its grant was over and its tasks were killed.
    pub grant_over: bool,
    /// Who became master after it and how much later; absent where it was not master.
    pub followed: Option<Option<(NodeId, Duration)>>,
    /// How long until it lived again; of a grant that was over always absent.
    pub back_after: Option<Duration>,
    pub lost: Vec<LostAttempt>,
}

/// An attempt that ended with its node or with its node's grant.
#[derive(Clone, Debug)]
pub struct LostAttempt {
    pub attempt: AttemptId,
    /// How long it had run: work that is done again.
    pub ran: Duration,
    /// How long after the end the next attempt of the same step began; absent where none did.
    pub again_after: Option<Duration>,
}

type Starts<'a> = BTreeMap<&'a VisitId, Vec<(u32, VirtualTime)>>;

pub(super) fn deaths(timeline: &Timeline) -> Vec<Death> {
    let mut starts: Starts<'_> = BTreeMap::new();
    for (_, bar) in timeline.bars() {
        let start = (bar.attempt.attempt, bar.span.from);
        starts.entry(&bar.attempt.visit).or_default().push(start);
    }
    let mut deaths = Vec::new();
    for lane in &timeline.lanes {
        deaths.extend(crashes(timeline, lane, &starts));
        deaths.extend(cuts(lane, &starts));
    }
    deaths.sort_by(|a: &Death, b| (a.at, &a.node).cmp(&(b.at, &b.node)));
    deaths
}

fn crashes(timeline: &Timeline, lane: &NodeLane, starts: &Starts<'_>) -> Vec<Death> {
    let mut crashes = Vec::new();
    for (number, life) in lane.lives.iter().enumerate() {
        let (Some(at), Some(LifeEnd::Crashed)) = (life.span.to, life.end) else {
            continue;
        };
        let next = lane.lives.get(number + 1).map(|life| life.span.from);
        let with_it = |bar: &&Bar| {
            bar.fate == Some(TaskFate::NodeDied)
                && bar.span.from <= at
                && bar.span.to >= Some(at)
                && next.is_none_or(|next| bar.span.to < Some(next))
        };
        let was_master = lane
            .masterships
            .iter()
            .any(|one| one.span.from < at && one.span.to == Some(at));
        crashes.push(Death {
            node: lane.node.clone(),
            at,
            grant_over: false,
            followed: was_master.then(|| next_master(timeline, at)),
            back_after: next.map(|next| next.since(at)),
            lost: lost(lane.bars.iter().filter(with_it), starts),
        });
    }
    crashes
}

/// Grants that were over under running tasks; what one grant took ends in one instant.
fn cuts(lane: &NodeLane, starts: &Starts<'_>) -> Vec<Death> {
    let mut by_end: BTreeMap<VirtualTime, Vec<&Bar>> = BTreeMap::new();
    for bar in &lane.bars {
        if let (Some(TaskFate::GrantOver), Some(at)) = (bar.fate, bar.span.to) {
            by_end.entry(at).or_default().push(bar);
        }
    }
    let cut = |(at, bars): (VirtualTime, Vec<&Bar>)| Death {
        node: lane.node.clone(),
        at,
        grant_over: true,
        followed: None,
        back_after: None,
        lost: lost(bars.into_iter(), starts),
    };
    by_end.into_iter().map(cut).collect()
}

fn lost<'a>(bars: impl Iterator<Item = &'a Bar>, starts: &Starts<'_>) -> Vec<LostAttempt> {
    let lost = |bar: &Bar| {
        let ended = bar.span.until(bar.span.from);
        let tries = starts.get(&bar.attempt.visit).map(Vec::as_slice);
        let again = tries
            .unwrap_or_default()
            .iter()
            .filter(|(number, _)| *number > bar.attempt.attempt)
            .map(|(_, from)| from.since(ended))
            .min();
        LostAttempt {
            attempt: bar.attempt.clone(),
            ran: ended.since(bar.span.from),
            again_after: again,
        }
    };
    bars.map(lost).collect()
}

fn next_master(timeline: &Timeline, at: VirtualTime) -> Option<(NodeId, Duration)> {
    let masters = timeline.lanes.iter().flat_map(|lane| {
        let began = lane.masterships.iter().map(|one| one.span.from);
        began.map(|began| (began, &lane.node))
    });
    masters
        .filter(|(began, _)| *began >= at)
        .min()
        .map(|(began, node)| (node.clone(), began.since(at)))
}
