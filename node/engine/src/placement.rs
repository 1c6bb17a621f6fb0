//! Placement: which waiting visit goes to which node, and what the others wait for.

use std::time::Duration;

use peerflow_model::{Incarnation, NodeId, VisitId};

use crate::command::{Command, Dispatch};
use crate::engine::Engine;
use crate::event::Now;
use crate::peers::{Given, Peers, Reach};
use crate::waiting_line::{Line, LineId, Rank, Requirement, WaitingLines};

/// After which time a visit fails that no known node fits.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);

/// Visits that wait for a node.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    lines: WaitingLines,
    /// Visits that began to wait in this event: they must be told what for, if it lasts.
    fresh: Vec<(LineId, Rank)>,
    /// When the next visit fails that no known node fits, at the earliest.
    fails_at: Option<Duration>,
}

impl Placement {
    /// When time may come for something.
    pub(crate) fn next_wakeup(&self) -> Option<Duration> {
        self.fails_at
    }

    /// How many visits wait for a node.
    pub(crate) fn waiting(&self) -> usize {
        self.lines.len()
    }
}

impl Engine {
    /// Queues a visit that became ready.
    pub(crate) fn await_node(&mut self, now: Now, visit: &VisitId) {
        let Some(run) = self.instances.run(&visit.run) else {
            return;
        };
        let (Some((_, action)), Some(record)) = (run.action(visit), run.visit(visit)) else {
            return;
        };
        let rank = Rank::of(&run.instance, record);
        let lines = &mut self.placement.lines;
        if let Some(line) = lines.insert(action, rank, visit.clone(), now.monotonic) {
            self.placement.fresh.push((line, rank));
        }
    }

    /// Takes a visit that no longer waits out of its line.
    pub(crate) fn withdraw(&mut self, visit: &VisitId) {
        if let Some(run) = self.instances.run(&visit.run)
            && let Some(record) = run.visit(visit)
        {
            let rank = Rank::of(&run.instance, record);
            self.placement.lines.remove(rank);
        }
    }

    /// Gives waiting visits to free slots, then tells the rest what they wait for.
    pub(crate) fn place(&mut self, now: Now) {
        self.peers.wake(now.monotonic);
        let gained = std::mem::take(&mut self.peers.gained);
        if gained || self.peers.changed || !self.placement.fresh.is_empty() {
            self.fill_slots(now);
            self.explain_waits(now);
        }
    }

    fn fill_slots(&mut self, now: Now) {
        let mut passed = None;
        while self.peers.with_free_slots().next().is_some()
            && let Some((rank, line_id)) = self.placement.lines.head_after(passed)
        {
            let line = self.placement.lines.line(line_id);
            let fitting = line.and_then(|line| choose(&self.peers, &line.requirement));
            let Some((node, incarnation)) = fitting else {
                passed = Some((rank, line_id));
                continue;
            };
            let Some(visit) = self.placement.lines.take(line_id, rank) else {
                break;
            };
            self.assign(now, &visit, node, incarnation);
        }
    }

    fn assign(&mut self, now: Now, visit: &VisitId, node: NodeId, incarnation: Incarnation) {
        let epoch = self.epoch;
        let assigned = self.with_run(now, &visit.run, |run, _rng, effects| {
            let step = run.action(visit).map(|(step, _)| step);
            let created_at = run.visit(visit).map(|visit| visit.created_at);
            let assigned = run.assign(visit, node.clone(), incarnation, epoch, now, effects);
            (step, created_at, assigned)
        });
        let Some((Some(step), Some(created_at), Ok((attempt, timeout)))) = assigned else {
            panic!("visit {visit} waited for a slot and cannot be assigned");
        };
        let given = Given {
            incarnation,
            in_flight: true,
        };
        self.peers.give(&node, attempt.id.clone(), given);
        let Some(running) = self.instances.running(&visit.run.instance) else {
            return;
        };
        let dispatch = Dispatch {
            attempt: attempt.id,
            node,
            incarnation,
            epoch,
            definition: running.source.hash,
            workflow: running.run.workflow.clone(),
            step,
            params: running.params.clone(),
            logical_time: running.logical_time(),
            created_at,
            timeout,
            files: running.source.files.clone(),
        };
        self.out.act(Command::Dispatch(Box::new(dispatch)));
    }

    /// Tells every visit whose reason is new what it waits for.
    fn explain_waits(&mut self, now: Now) {
        if std::mem::take(&mut self.peers.changed) {
            for id in self.placement.lines.ids() {
                if self.look_ahead(now, id) {
                    self.explain_line(now, id);
                }
            }
        }
        let fresh = std::mem::take(&mut self.placement.fresh);
        for (id, rank) in fresh {
            let Some(line) = self.placement.lines.line(id) else {
                continue;
            };
            if !line.visits.contains_key(&rank) {
                continue;
            }
            if line.outlook.is_none() && self.look_ahead(now, id) {
                self.explain_line(now, id);
            }
            self.explain_visit(now, id, rank);
        }
    }

    /// Finds out what a line waits for. Answers whether that is news.
    fn look_ahead(&mut self, now: Now, id: LineId) -> bool {
        let Some(line) = self.placement.lines.line_mut(id) else {
            return false;
        };
        let (outlook, known) = outlook(&self.peers, &line.requirement);
        if known {
            line.unknown_since = None;
        } else {
            line.unknown_since.get_or_insert(now.monotonic);
        }
        let news = line.outlook != outlook;
        line.outlook = outlook;
        news
    }

    fn explain_line(&mut self, now: Now, id: LineId) {
        let ranks: Vec<Rank> = match self.placement.lines.line(id) {
            Some(line) => line.visits.keys().copied().collect(),
            None => return,
        };
        for rank in ranks {
            self.explain_visit(now, id, rank);
        }
    }

    fn explain_visit(&mut self, now: Now, id: LineId, rank: Rank) {
        let Some(line) = self.placement.lines.line(id) else {
            return;
        };
        let (Some((visit, _)), Some(outlook)) = (line.visits.get(&rank), &line.outlook) else {
            return;
        };
        if let Some(fails_at) = line.fails_at(rank) {
            let earlier = self.placement.fails_at;
            self.placement.fails_at = Some(earlier.map_or(fails_at, |at| at.min(fails_at)));
        }
        let (visit, outlook) = (visit.clone(), outlook.clone());
        self.with_run(now, &visit.run, |run, _rng, effects| {
            if run
                .visit(&visit)
                .is_some_and(|record| record.message != outlook)
            {
                run.explain(&visit, &outlook, effects);
            }
        });
    }

    /// Fails visits that no known node has fitted for too long.
    pub(crate) fn fail_unplaceable(&mut self, now: Now) {
        if self.placement.fails_at.is_none_or(|at| at > now.monotonic) {
            return;
        }
        let mut next: Option<Duration> = None;
        let mut failing = Vec::new();
        for id in self.placement.lines.ids() {
            let Some(line) = self.placement.lines.line(id) else {
                continue;
            };
            for (rank, (visit, _)) in &line.visits {
                match line.fails_at(*rank) {
                    None => break,
                    Some(at) if at <= now.monotonic => {
                        let reason = format!("{} for 60 s", unknown(&line.requirement));
                        failing.push((id, *rank, visit.clone(), reason));
                    }
                    Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                }
            }
        }
        self.placement.fails_at = next;
        for (id, rank, visit, reason) in failing {
            self.placement.lines.take(id, rank);
            self.with_run(now, &visit.run, |run, _rng, effects| {
                run.fail_visit(&visit, reason, now, effects);
            });
        }
    }
}

impl Line {
    /// When the visit of `rank` fails, unless a node becomes known that fits.
    fn fails_at(&self, rank: Rank) -> Option<Duration> {
        let (_, since) = self.visits.get(&rank)?;
        Some(self.unknown_since?.max(*since) + UNKNOWN_FOR)
    }
}

/// The fitting node with most free slots, load considered.
fn choose(peers: &Peers, requirement: &Requirement) -> Option<(NodeId, Incarnation)> {
    peers
        .with_free_slots()
        .find(|peer| requirement.fits(peer))
        .map(|peer| (peer.id.clone(), peer.incarnation))
}

/// What visits with `requirement` wait for, and whether a known node fits at all. No text while no node of any kind
/// has told of itself: that is so for a moment after every start.
fn outlook(peers: &Peers, requirement: &Requirement) -> (Option<String>, bool) {
    let mut dead = None;
    let mut draining = None;
    let mut unreachable = None;
    let mut anyone = false;
    for (node, entry) in peers.iter() {
        let Some(peer) = &entry.peer else { continue };
        anyone = true;
        if !requirement.fits(peer) {
            continue;
        }
        match entry.reach {
            Reach::Down => dead.get_or_insert(node),
            Reach::Unreachable => unreachable.get_or_insert(node),
            Reach::Up if peer.draining => draining.get_or_insert(node),
            Reach::Up => return (Some("waits for a free slot".to_owned()), true),
        };
    }
    let text = match (draining, unreachable, dead) {
        (Some(node), _, _) => format!("waits for node {node}, which is draining"),
        (None, Some(node), _) => format!("waits for node {node}, which cannot be reached"),
        (None, None, Some(node)) => format!("waits for node {node}, which is dead"),
        (None, None, None) if requirement.is_any() && anyone => "waits for a node".to_owned(),
        (None, None, None) if requirement.is_any() => return (None, true),
        (None, None, None) => {
            return (
                Some(format!("{}; fails in 60 s", unknown(requirement))),
                false,
            );
        }
    };
    (Some(text), true)
}

/// That no known node fits, in words.
fn unknown(requirement: &Requirement) -> String {
    let labels: Vec<&str> = requirement.labels.iter().map(String::as_str).collect();
    let labels = match labels.as_slice() {
        [] => String::new(),
        [one] => format!("label {one}"),
        several => format!("labels {}", several.join(", ")),
    };
    match (&requirement.host, labels.is_empty()) {
        (Some(host), true) => format!("no known node is called {host}"),
        (Some(host), false) => format!("no known node is called {host} and carries {labels}"),
        (None, _) => format!("no known node carries {labels}"),
    }
}
