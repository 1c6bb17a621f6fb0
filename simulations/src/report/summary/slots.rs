//! Where the slots ran out.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_workflow::WorkflowName;

use crate::report::timeline::{Timeline, Wait};
use crate::time::VirtualTime;

/// How many of the longest shortages are kept.
const LONGEST: usize = 5;

/// How much work there was for the slots.
#[derive(Clone, Debug)]
pub struct Pressure {
    /// All slots of all nodes, where they were told.
    pub slots: Option<u32>,
    /// The most tasks that ran at once, and when first.
    pub most_running: Option<(usize, VirtualTime)>,
    /// How long every slot of the living nodes was taken; absent where slots were not told.
    pub all_taken: Option<Duration>,
    /// Steps that waited for a free slot.
    pub waited: usize,
    /// The longest wait of one step for a slot.
    pub longest_wait: Duration,
    /// The longest times in which steps waited for a slot, longest first.
    pub shortages: Vec<Shortage>,
    /// How many shortages there were.
    pub shortage_count: usize,
    /// Steps that waited for a node which was not there.
    pub waited_for_node: usize,
}

/// A time in which some step waited for a free slot throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub from: VirtualTime,
    pub to: VirtualTime,
    /// The most steps that waited at once.
    pub waiting: usize,
    /// The workflow of which most steps waited, where it is known.
    pub workflow: Option<WorkflowName>,
}

impl Shortage {
    /// How long it was.
    pub fn length(&self) -> Duration {
        self.to.since(self.from)
    }
}

pub(super) fn pressure(timeline: &Timeline) -> Pressure {
    let waits: Vec<&Wait> = timeline.waits.iter().filter(|wait| wait.for_slot).collect();
    let mut shortages = shortages(timeline, &waits);
    let shortage_count = shortages.len();
    shortages.sort_by_key(|shortage| (Reverse(shortage.length()), shortage.from));
    shortages.truncate(LONGEST);
    let length = |wait: &&Wait| wait.span.until(timeline.end).since(wait.span.from);
    let known = !timeline.slots.is_empty();
    Pressure {
        slots: known.then(|| timeline.slots.values().sum()),
        most_running: most_running(timeline),
        all_taken: known.then(|| all_taken(timeline)),
        waited: waits.len(),
        longest_wait: waits.iter().map(length).max().unwrap_or_default(),
        shortages,
        shortage_count,
        waited_for_node: timeline.waits.len() - waits.len(),
    }
}

/// The waits put together: each time in which at least one step waits.
fn shortages(timeline: &Timeline, waits: &[&Wait]) -> Vec<Shortage> {
    let workflows: BTreeMap<_, _> = timeline
        .instances
        .iter()
        .map(|instance| (&instance.id, &instance.workflow))
        .collect();
    let mut together: Vec<(VirtualTime, VirtualTime, Vec<&Wait>)> = Vec::new();
    for &wait in waits {
        let (from, to) = (wait.span.from, wait.span.until(timeline.end));
        match together.last_mut() {
            Some((_, ends, members)) if from <= *ends => {
                *ends = to.max(*ends);
                members.push(wait);
            }
            _ => together.push((from, to, vec![wait])),
        }
    }
    let shortage = |(from, to, members): (VirtualTime, VirtualTime, Vec<&Wait>)| {
        let spans = members
            .iter()
            .map(|wait| (wait.span.from, wait.span.until(timeline.end)));
        let mut counts: BTreeMap<&WorkflowName, usize> = BTreeMap::new();
        for wait in &members {
            if let Some(workflow) = workflows.get(&wait.visit.run) {
                *counts.entry(workflow).or_default() += 1;
            }
        }
        let most = counts
            .into_iter()
            .max_by_key(|(name, count)| (*count, Reverse(*name)));
        Shortage {
            from,
            to,
            waiting: most_at_once(spans).map_or(0, |(most, _)| most),
            workflow: most.map(|(name, _)| name.clone()),
        }
    };
    together.into_iter().map(shortage).collect()
}

fn most_running(timeline: &Timeline) -> Option<(usize, VirtualTime)> {
    most_at_once(
        timeline
            .bars()
            .map(|(_, bar)| (bar.span.from, bar.span.until(timeline.end))),
    )
}

/// How many of `spans` there are at once at most, and when first. One that ends when another begins does not count.
fn most_at_once(
    spans: impl Iterator<Item = (VirtualTime, VirtualTime)>,
) -> Option<(usize, VirtualTime)> {
    let mut steps: Vec<(VirtualTime, i32)> =
        spans.flat_map(|(from, to)| [(from, 1), (to, -1)]).collect();
    steps.sort_unstable();
    let (mut now, mut most) = (0, None);
    for (at, step) in steps {
        now += step;
        let count = usize::try_from(now).unwrap_or_default();
        if count > most.map_or(0, |(count, _)| count) {
            most = Some((count, at));
        }
    }
    most
}

/// How long as many tasks ran as the living nodes have slots.
fn all_taken(timeline: &Timeline) -> Duration {
    let mut steps: Vec<(VirtualTime, i64)> = Vec::new();
    for lane in &timeline.lanes {
        let slots = timeline.slots.get(&lane.node).copied().map_or(0, i64::from);
        for life in &lane.lives {
            steps.push((life.span.from, slots));
            steps.push((life.span.until(timeline.end), -slots));
        }
        for bar in &lane.bars {
            steps.push((bar.span.from, -1));
            steps.push((bar.span.until(timeline.end), 1));
        }
    }
    steps.sort_unstable_by_key(|(at, _)| *at);
    let alive = |at: VirtualTime| {
        let lives = timeline.lanes.iter().flat_map(|lane| &lane.lives);
        lives
            .clone()
            .any(|life| life.span.from <= at && at < life.span.until(timeline.end))
    };
    let (mut free, mut taken, mut since) = (0, Duration::ZERO, VirtualTime::default());
    for (at, step) in steps {
        if free <= 0 && at > since && alive(since) {
            taken += at.since(since);
        }
        free += step;
        since = at;
    }
    taken
}
