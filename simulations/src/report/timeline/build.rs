//! From entries to spans.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use peerflow_model::{AttemptId, Epoch, Incarnation, NodeId};

use super::records::Records;
use super::{
    Bar, FaultSpan, LeaseChange, Life, LifeEnd, Mark, MarkKind, Mastership, NodeLane, Request,
    Span, Timeline,
};
use crate::history::{Answer, Entry, RequestId, TaskFate, What, Wish};
use crate::report::pack::pack;
use crate::time::{VirtualTime, WorldClock};

#[derive(Default)]
struct Builder {
    lanes: Vec<NodeLane>,
    places: BTreeMap<NodeId, usize>,
    /// Bars that have not ended: place of the lane and of the bar.
    running: BTreeMap<(NodeId, AttemptId), usize>,
    faults: Vec<FaultSpan>,
    marks: Vec<Mark>,
    leases: Vec<LeaseChange>,
    requests: Vec<Request>,
    request_places: BTreeMap<RequestId, usize>,
    records: Records,
}

pub(super) fn build(entries: &[Entry], nodes: &[NodeId], clock: &WorldClock) -> Timeline {
    let mut builder = Builder::default();
    for node in nodes {
        builder.lane(node);
    }
    for entry in entries {
        builder.add(entry.at, &entry.what);
    }
    let end = entries.last().map(|entry| entry.at).unwrap_or_default();
    builder.finish(end, clock)
}

impl Builder {
    fn add(&mut self, at: VirtualTime, what: &What) {
        match what {
            What::Started { .. }
            | What::Crashed { .. }
            | What::Stopped { .. }
            | What::Paused { .. }
            | What::Resumed { .. }
            | What::MasterBegan { .. }
            | What::MasterEnded { .. } => self.state(at, what),
            What::TaskStarted { node, attempt, .. } => self.task_started(at, node, attempt),
            What::TaskEnded {
                node,
                attempt,
                fate,
            } => self.task_ended(at, node, attempt, *fate),
            What::LeaseTaken { holder, epoch, .. } => self.lease(at, holder, *epoch, false),
            What::LeaseReleased { holder, epoch } => self.lease(at, holder, *epoch, true),
            What::Committed { changes, .. } => self.records.commit(at, changes),
            What::Restored { commits } => {
                self.records.restore(at, *commits);
                self.mark(at, MarkKind::Restored, what);
            }
            What::Healing => self.mark(at, MarkKind::Healing, what),
            What::FaultBegan { fault } => self.faults.push(FaultSpan {
                fault: fault.clone(),
                span: Span::open(at),
                row: 0,
            }),
            What::FaultEnded { fault } => {
                let open = |span: &&mut FaultSpan| span.fault == *fault && span.span.to.is_none();
                if let Some(span) = self.faults.iter_mut().find(open) {
                    span.span.close(at);
                }
            }
            What::Asked {
                request,
                node,
                wish,
            } => self.asked(at, *request, node, wish),
            What::Answered { request, answer } => self.answered(at, *request, answer),
            What::StartFailed { .. } | What::Broke { .. } | What::Fenced { .. } => {}
        }
    }

    fn state(&mut self, at: VirtualTime, what: &What) {
        match what {
            What::Started { node, incarnation } => self.lane(node).begin(at, *incarnation),
            What::Crashed { node } => self.lane(node).die(at, LifeEnd::Crashed),
            What::Stopped { node } => self.lane(node).die(at, LifeEnd::Stopped),
            What::Paused { node } => self.lane(node).pauses.push(Span::open(at)),
            What::Resumed { node } => self.lane(node).resume(at),
            What::MasterBegan { node, epoch } => self.lane(node).masterships.push(Mastership {
                epoch: *epoch,
                span: Span::open(at),
            }),
            What::MasterEnded { node, epoch } => {
                let masterships = &mut self.lane(node).masterships;
                for mastership in masterships.iter_mut().filter(|one| one.epoch == *epoch) {
                    mastership.span.close(at);
                }
            }
            _ => {}
        }
    }

    fn lane(&mut self, node: &NodeId) -> &mut NodeLane {
        let next = self.lanes.len();
        let place = *self.places.entry(node.clone()).or_insert(next);
        if place == next {
            self.lanes.push(NodeLane {
                node: node.clone(),
                lives: Vec::new(),
                pauses: Vec::new(),
                masterships: Vec::new(),
                bars: Vec::new(),
                rows: 0,
            });
        }
        &mut self.lanes[place]
    }

    fn task_started(&mut self, at: VirtualTime, node: &NodeId, attempt: &AttemptId) {
        let bars = &mut self.lane(node).bars;
        let place = bars.len();
        bars.push(Bar {
            attempt: attempt.clone(),
            workflow: None,
            span: Span::open(at),
            fate: None,
            row: 0,
        });
        self.running.insert((node.clone(), attempt.clone()), place);
    }

    fn task_ended(&mut self, at: VirtualTime, node: &NodeId, attempt: &AttemptId, fate: TaskFate) {
        let Some(place) = self.running.remove(&(node.clone(), attempt.clone())) else {
            return;
        };
        if let Some(bar) = self.lane(node).bars.get_mut(place) {
            bar.span.close(at);
            bar.fate = Some(fate);
        }
    }

    fn lease(&mut self, at: VirtualTime, holder: &NodeId, epoch: Epoch, released: bool) {
        self.leases.push(LeaseChange {
            at,
            holder: holder.clone(),
            epoch,
            released,
        });
    }

    fn mark(&mut self, at: VirtualTime, kind: MarkKind, what: &What) {
        let words = what.to_string();
        self.marks.push(Mark { at, kind, words });
    }

    fn asked(&mut self, at: VirtualTime, id: RequestId, node: &NodeId, wish: &Wish) {
        self.request_places.insert(id, self.requests.len());
        self.requests.push(Request {
            id,
            node: node.clone(),
            wish: wish.clone(),
            asked_at: at,
            answer: None,
        });
    }

    fn answered(&mut self, at: VirtualTime, id: RequestId, answer: &Answer) {
        let place = self.request_places.get(&id);
        if let Some(request) = place.and_then(|place| self.requests.get_mut(*place)) {
            request.answer.get_or_insert_with(|| (at, answer.clone()));
        }
    }

    fn finish(mut self, end: VirtualTime, clock: &WorldClock) -> Timeline {
        for lane in &mut self.lanes {
            let spans = lane.bars.iter().map(|bar| bar.span);
            let spans: Vec<_> = spans.map(|span| (span.from, span.until(end))).collect();
            let (rows, count) = pack(&spans);
            for (bar, row) in lane.bars.iter_mut().zip(rows) {
                bar.row = row;
                bar.workflow = self.records.workflow(&bar.attempt.visit.run).cloned();
            }
            lane.rows = count;
        }
        let spans = self.faults.iter().map(|fault| fault.span);
        let spans: Vec<_> = spans.map(|span| (span.from, span.until(end))).collect();
        for (fault, row) in self.faults.iter_mut().zip(pack(&spans).0) {
            fault.row = row;
        }
        let (instances, times, gaps, waits) = self.records.finish();
        Timeline {
            began_at: clock.wall(VirtualTime::default()),
            end,
            zone: TimeZone::UTC,
            lanes: self.lanes,
            faults: self.faults,
            marks: self.marks,
            leases: self.leases,
            requests: self.requests,
            instances,
            times,
            gaps,
            waits,
            slots: BTreeMap::new(),
        }
    }
}

impl NodeLane {
    fn begin(&mut self, at: VirtualTime, incarnation: Incarnation) {
        self.lives.push(Life {
            incarnation,
            span: Span::open(at),
            end: None,
        });
    }

    fn resume(&mut self, at: VirtualTime) {
        if let Some(pause) = self.pauses.last_mut() {
            pause.close(at);
        }
    }

    /// Nothing of a life outlives it: a node that dies while it stands still or is master is neither any more.
    fn die(&mut self, at: VirtualTime, end: LifeEnd) {
        self.resume(at);
        for mastership in &mut self.masterships {
            mastership.span.close(at);
        }
        if let Some(life) = self.lives.last_mut()
            && life.end.is_none()
        {
            life.span.close(at);
            life.end = Some(end);
        }
    }
}
