//! A history as spans of time: what each node was and did, from when to when.

mod build;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerflow_model::{
    AttemptId, CoordinatorKey, Epoch, Fate, Incarnation, InstanceStatus, LedgerGap, NodeId, RunId,
    TriggerKind, VisitId,
};
use peerflow_workflow::WorkflowName;

use crate::history::{Answer, Entry, RequestId, TaskFate, Wish};
use crate::time::{VirtualTime, WorldClock};

/// A history as spans of time. What had not ended when the history ended has no `to`.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What true wall clocks said when the run began.
    pub began_at: Timestamp,
    /// When the last thing happened.
    pub end: VirtualTime,
    /// For what wall clocks show.
    pub zone: TimeZone,
    /// One for each node, in the order given.
    pub lanes: Vec<NodeLane>,
    pub faults: Vec<FaultSpan>,
    /// Instants that concern the whole cluster, in order.
    pub marks: Vec<Mark>,
    pub leases: Vec<LeaseChange>,
    /// What clients asked for, in order.
    pub requests: Vec<Request>,
    /// Every run that was ever committed, by age.
    pub instances: Vec<InstanceSpan>,
    /// What the ledger says at the end.
    pub times: Vec<ScheduledTime>,
    /// Gaps that the ledger tells of at the end.
    pub gaps: Vec<LedgerGap>,
    /// Visits that waited for a slot or a node.
    pub waits: Vec<Wait>,
    /// How many slots each node has, where that was told.
    pub slots: BTreeMap<NodeId, u32>,
}

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: VirtualTime,
    /// Absent: it had not ended when the history ended.
    pub to: Option<VirtualTime>,
}

/// What one node was and did.
#[derive(Clone, Debug)]
pub struct NodeLane {
    pub node: NodeId,
    pub lives: Vec<Life>,
    /// When it stood still.
    pub pauses: Vec<Span>,
    pub masterships: Vec<Mastership>,
    /// Processes of tasks, in the order in which they began.
    pub bars: Vec<Bar>,
    /// How many rows the bars take: the most tasks that ever ran at once.
    pub rows: usize,
}

/// One life of a node.
#[derive(Clone, Debug)]
pub struct Life {
    pub incarnation: Incarnation,
    pub span: Span,
    /// Absent while it lives.
    pub end: Option<LifeEnd>,
}

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeEnd {
    Crashed,
    Stopped,
}

/// A time in which a node believed to be master.
#[derive(Clone, Debug)]
pub struct Mastership {
    pub epoch: Epoch,
    pub span: Span,
}

/// The process of one attempt.
#[derive(Clone, Debug)]
pub struct Bar {
    pub attempt: AttemptId,
    /// Absent where the history never told of the instance.
    pub workflow: Option<WorkflowName>,
    pub span: Span,
    /// Absent while it runs.
    pub fate: Option<TaskFate>,
    /// Row within its lane, counted from 0. No two bars of a row overlap.
    pub row: usize,
}

/// A fault.
#[derive(Clone, Debug)]
pub struct FaultSpan {
    pub fault: String,
    pub span: Span,
    /// Row among the faults, counted from 0.
    pub row: usize,
}

/// An instant that concerns the whole cluster.
#[derive(Clone, Debug)]
pub struct Mark {
    pub at: VirtualTime,
    pub kind: MarkKind,
    pub words: String,
}

/// What a mark tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The store went back.
    Restored,
    /// No more faults from here on.
    Healing,
    /// An invariant does not hold.
    Violation,
}

/// The lease came into other hands, or into none.
#[derive(Clone, Debug)]
pub struct LeaseChange {
    pub at: VirtualTime,
    pub holder: NodeId,
    pub epoch: Epoch,
    /// Given up rather than taken.
    pub released: bool,
}

/// What a client asked for, and what it heard.
#[derive(Clone, Debug)]
pub struct Request {
    pub id: RequestId,
    pub node: NodeId,
    pub wish: Wish,
    pub asked_at: VirtualTime,
    /// Absent while it waits.
    pub answer: Option<(VirtualTime, Answer)>,
}

/// One run of an instance, by what was committed.
#[derive(Clone, Debug)]
pub struct InstanceSpan {
    pub id: RunId,
    pub workflow: WorkflowName,
    pub trigger: TriggerKind,
    pub status: InstanceStatus,
    pub created: VirtualTime,
    /// When it left the queue.
    pub started: Option<VirtualTime>,
    pub ended: Option<VirtualTime>,
    /// The store went back, and at the end it knows nothing of it.
    pub forgotten: bool,
}

/// One scheduled time and what became of it.
#[derive(Clone, Debug)]
pub struct ScheduledTime {
    pub coordinator: CoordinatorKey,
    pub workflow: WorkflowName,
    pub instant: Timestamp,
    pub fate: Fate,
    /// When that fate was committed.
    pub decided: VirtualTime,
}

/// A visit that waited for a slot or a node.
#[derive(Clone, Debug)]
pub struct Wait {
    pub visit: VisitId,
    pub span: Span,
    /// Whether slots were short; else a fitting node was not there.
    pub for_slot: bool,
}

impl Span {
    /// Its end, or `end` where it has none.
    pub fn until(&self, end: VirtualTime) -> VirtualTime {
        self.to.unwrap_or(end)
    }

    pub(super) fn open(from: VirtualTime) -> Self {
        Self { from, to: None }
    }

    fn close(&mut self, at: VirtualTime) {
        self.to.get_or_insert(at);
    }
}

impl Timeline {
    /// What `entries` tell of `nodes`; a node that is told of but not listed comes after those listed.
    pub fn of(entries: &[Entry], nodes: &[NodeId], clock: &WorldClock) -> Self {
        build::build(entries, nodes, clock)
    }

    /// The same with the number of slots of each node, so that the summary can tell when all were taken.
    #[must_use]
    pub fn with_slots(mut self, slots: BTreeMap<NodeId, u32>) -> Self {
        self.slots = slots;
        self
    }

    /// The same with wall-clock times shown in `zone`; UTC otherwise.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// The same with an instant at which an invariant did not hold.
    #[must_use]
    pub fn with_violation(mut self, at: VirtualTime, words: impl Into<String>) -> Self {
        self.marks.push(Mark {
            at,
            kind: MarkKind::Violation,
            words: words.into(),
        });
        self.marks.sort_by_key(|mark| mark.at);
        self.end = self.end.max(at);
        self
    }

    /// What a true wall clock said.
    pub fn wall(&self, at: VirtualTime) -> Timestamp {
        self.began_at
            .saturating_add(at.since_start())
            .unwrap_or(Timestamp::MAX)
    }

    /// All bars.
    pub fn bars(&self) -> impl Iterator<Item = (&NodeId, &Bar)> {
        self.lanes
            .iter()
            .flat_map(|lane| lane.bars.iter().map(|bar| (&lane.node, bar)))
    }

    /// Every workflow that is told of, by name.
    pub fn workflows(&self) -> BTreeSet<&WorkflowName> {
        let of_bars = self.bars().filter_map(|(_, bar)| bar.workflow.as_ref());
        let of_instances = self.instances.iter().map(|instance| &instance.workflow);
        of_bars.chain(of_instances).collect()
    }
}
