//! What the committed batches say of instances, scheduled times and waits; it goes back when the store does.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use peerflow_model::{
    Change, CoordinatorKey, Instance, LedgerGap, LedgerRow, RunId, Visit, VisitId, VisitStatus,
};
use peerflow_workflow::WorkflowName;

use super::{InstanceSpan, ScheduledTime, Span, Wait};
use crate::time::VirtualTime;

/// The engine tells in the record of a visit what it waits for: this, or the node that is not there.
const FOR_SLOT: &str = "waits for a free slot";
const FOR_ANYTHING: &str = "waits for ";

type TimeKey = (CoordinatorKey, WorkflowName, Timestamp);

/// What the store held at some instant, and what it has ever held.
#[derive(Default)]
pub(super) struct Records {
    /// Batches that no restoration took away, with the time of each.
    batches: Vec<(VirtualTime, Arc<[Change]>)>,
    present: Present,
    /// Every run ever committed, with what was last said of it.
    instances: BTreeMap<RunId, InstanceSpan>,
    waiting: BTreeMap<VisitId, (VirtualTime, bool)>,
    waits: Vec<Wait>,
}

/// What the store holds, as far as it is told here.
#[derive(Default)]
struct Present {
    instances: BTreeMap<RunId, InstanceSpan>,
    times: BTreeMap<TimeKey, ScheduledTime>,
    gaps: BTreeMap<(CoordinatorKey, Timestamp), LedgerGap>,
}

impl Records {
    pub(super) fn commit(&mut self, at: VirtualTime, changes: &Arc<[Change]>) {
        for change in changes.iter() {
            match change {
                Change::PutInstance(instance) => {
                    let known = self.instances.remove(&instance.id);
                    let span = instance_span(known, at, instance);
                    self.instances.insert(instance.id.clone(), span);
                }
                Change::PutVisit(visit) => self.visit(at, visit),
                _ => {}
            }
            self.present.apply(at, change);
        }
        self.batches.push((at, Arc::clone(changes)));
    }

    /// The store holds only what the first `commits` batches said.
    pub(super) fn restore(&mut self, at: VirtualTime, commits: usize) {
        self.batches.truncate(commits);
        self.present = Present::default();
        for (at, changes) in &self.batches {
            for change in changes.iter() {
                self.present.apply(*at, change);
            }
        }
        let waiting: Vec<VisitId> = self.waiting.keys().cloned().collect();
        for visit in waiting {
            self.waited(at, &visit);
        }
    }

    pub(super) fn workflow(&self, run: &RunId) -> Option<&WorkflowName> {
        self.instances.get(run).map(|instance| &instance.workflow)
    }

    pub(super) fn finish(
        mut self,
    ) -> (
        Vec<InstanceSpan>,
        Vec<ScheduledTime>,
        Vec<LedgerGap>,
        Vec<Wait>,
    ) {
        for (visit, (from, for_slot)) in std::mem::take(&mut self.waiting) {
            let span = Span::open(from);
            self.waits.push(Wait {
                visit,
                span,
                for_slot,
            });
        }
        let known: BTreeSet<RunId> = self.present.instances.keys().cloned().collect();
        for (id, instance) in std::mem::take(&mut self.present.instances) {
            self.instances.insert(id, instance);
        }
        for (id, instance) in &mut self.instances {
            instance.forgotten = !known.contains(id);
        }
        let mut instances: Vec<InstanceSpan> = self.instances.into_values().collect();
        instances.sort_by_key(|instance| instance.created);
        self.waits.sort_by_key(|wait| wait.span.from);
        let times = self.present.times.into_values().collect();
        let gaps = self.present.gaps.into_values().collect();
        (instances, times, gaps, self.waits)
    }

    fn visit(&mut self, at: VirtualTime, visit: &Visit) {
        if visit.status == VisitStatus::Pending && visit.message.starts_with(FOR_ANYTHING) {
            let for_slot = visit.message == FOR_SLOT;
            if self
                .waiting
                .get(&visit.id)
                .is_some_and(|(_, now)| *now == for_slot)
            {
                return;
            }
            self.waited(at, &visit.id);
            self.waiting.insert(visit.id.clone(), (at, for_slot));
        } else {
            self.waited(at, &visit.id);
        }
    }

    fn waited(&mut self, at: VirtualTime, visit: &VisitId) {
        // What found a slot within the same quantum did not wait.
        if let Some((from, for_slot)) = self.waiting.remove(visit)
            && from < at
        {
            let span = Span { from, to: Some(at) };
            let visit = visit.clone();
            self.waits.push(Wait {
                visit,
                span,
                for_slot,
            });
        }
    }
}

impl Present {
    fn apply(&mut self, at: VirtualTime, change: &Change) {
        match change {
            Change::PutInstance(instance) => {
                let known = self.instances.remove(&instance.id);
                let span = instance_span(known, at, instance);
                self.instances.insert(instance.id.clone(), span);
            }
            Change::PutLedger(row) => self.time(at, row),
            Change::PutLedgerGap(gap) => {
                let key = (gap.coordinator.clone(), gap.from);
                self.gaps.insert(key, gap.clone());
            }
            _ => {}
        }
    }

    fn time(&mut self, at: VirtualTime, row: &LedgerRow) {
        let time = ScheduledTime {
            coordinator: row.coordinator.clone(),
            workflow: row.workflow.clone(),
            instant: row.instant,
            fate: row.fate.clone(),
            decided: at,
        };
        let key = (row.coordinator.clone(), row.workflow.clone(), row.instant);
        match self.times.entry(key) {
            // A row that is written again as it was tells nothing new.
            Slot::Occupied(known) if known.get().fate == time.fate => {}
            Slot::Occupied(mut known) => {
                known.insert(time);
            }
            Slot::Vacant(place) => {
                place.insert(time);
            }
        }
    }
}

/// What is known of a run after `instance` was committed at `at`.
fn instance_span(
    known: Option<InstanceSpan>,
    at: VirtualTime,
    instance: &Instance,
) -> InstanceSpan {
    let mut span = known.unwrap_or_else(|| InstanceSpan {
        id: instance.id.clone(),
        workflow: instance.workflow.clone(),
        trigger: instance.trigger,
        status: instance.status,
        created: at,
        started: None,
        ended: None,
        forgotten: false,
    });
    span.status = instance.status;
    if instance.started_at.is_some() {
        span.started.get_or_insert(at);
    }
    if instance.status.is_final() {
        span.ended.get_or_insert(at);
    } else {
        span.ended = None;
    }
    span
}
